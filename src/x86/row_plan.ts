/** A row compiled for the decoder: the public Row plus how to read its operands. */
import type { Row } from "./row.ts";
import { FLOW_NEXT } from "./row.ts";
import { REP_NONE } from "./instruction.ts";
import { flagMask, type TableRow } from "./tables/builder.ts";
import type { Encoding } from "./encoding.ts";
import {
  MOD_ANY,
  type OperandSpec,
  operandSpec,
  PLACE_RM,
  PLACE_VVVV,
  SIZE_FIXED,
  SIZE_Q,
  SIZE_V,
  SIZE_Y,
  SIZE_Z,
} from "./operand_spec.ts";

const SIZE_LETTERS = { v: SIZE_V, y: SIZE_Y, q: SIZE_Q, z: SIZE_Z };

/** Row and decoding plan in one object, so that the hot path follows one pointer. */
export class RowPlan implements Row {
  readonly id: number;
  readonly mnemonic: string;
  readonly encoding: string;
  readonly condition: number;
  readonly flagsRead: number;
  readonly flagsWritten: number;
  readonly flagsMayWrite: number;
  readonly flagsUndefined: number;
  readonly flow: number;
  readonly feature: string;
  readonly counted: boolean;
  readonly text: string;
  readonly otherwise: string;

  readonly specs: readonly OperandSpec[];
  /** SIZE_ constant; operandBytes when SIZE_FIXED. */
  readonly sizing: number;
  readonly operandBytes: number;
  readonly modrm: boolean;
  readonly rep: number;
  readonly lockable: boolean;
  readonly registerForm: boolean;
  readonly unsupported: boolean;
  /** MOD_ constant of the ModRM.rm operand. */
  readonly mod: number;
  /** VEX.vvvv names an operand; otherwise its bits have to be ones. */
  readonly usesVvvv: boolean;
  /** Bytes of the index register of a VSIB operand, or 0. */
  readonly vectorIndex: number;

  constructor(row: TableRow, id: number, encoding: Encoding) {
    const facts = row.facts;
    const written = flagMask(facts.writes ?? ""), mayWrite = flagMask(facts.mayWrite ?? "");
    const undefinedFlags = flagMask(facts.undefined ?? "");
    this.id = id;
    this.mnemonic = row.mnemonic;
    this.encoding = row.encoding;
    this.condition = facts.condition ?? -1;
    this.flagsRead = flagMask(facts.reads ?? "");
    this.flagsWritten = written | (undefinedFlags & ~mayWrite);
    this.flagsMayWrite = this.flagsWritten | mayWrite;
    this.flagsUndefined = undefinedFlags;
    this.flow = facts.flow ?? FLOW_NEXT;
    this.feature = row.feature;
    this.counted = facts.counted ?? false;
    this.text = facts.text ?? row.mnemonic;
    this.otherwise = facts.otherwise ?? "";

    const specs = row.operands === "" ? [] : row.operands.split(", ").map(operandSpec);
    const rm = specs.find((spec) => spec.place === PLACE_RM);
    const varying = specs.find((spec) => spec.sizing !== SIZE_FIXED);
    const size = facts.size;
    this.specs = specs;
    this.sizing = typeof size === "string" ? SIZE_LETTERS[size] : varying?.sizing ?? SIZE_FIXED;
    this.operandBytes = typeof size === "number" ? size : rm?.memoryBytes ?? specs[0]?.bytes ?? 0;
    this.modrm = encoding.modrm;
    this.rep = facts.rep ?? REP_NONE;
    this.lockable = facts.lock ?? false;
    this.registerForm = facts.registerForm ?? false;
    this.unsupported = facts.unsupported ?? false;
    this.usesVvvv = specs.some((spec) => spec.place === PLACE_VVVV);
    this.vectorIndex = rm?.vectorIndex ?? 0;
    this.mod = this.registerForm ? MOD_ANY : rm?.mod ?? MOD_ANY;
  }
}
