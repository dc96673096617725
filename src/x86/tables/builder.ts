/** The language of the instruction tables: one `op(...)` a row, in the words of the Intel SDM. */
import { FLAG_AF, FLAG_CF, FLAG_DF, FLAG_OF, FLAG_PF, FLAG_SF, FLAG_ZF } from "../../machine/state.ts";

/** What a row says besides its encoding and operands. Flag strings use the letters O S Z A P C and D. */
export interface Facts {
  /** CPUID feature that brings the encoding; the family's by default. */
  readonly feature?: string;
  readonly flow?: number;
  /** Condition code of jcc, setcc and cmovcc. */
  readonly condition?: number;
  readonly reads?: string;
  /** Flags that always get a new value. */
  readonly writes?: string;
  /** Flags that get a new value depending on data: a count in CL, a repetition that may run zero times. */
  readonly mayWrite?: string;
  /** Flags left undefined. They count as written too, unless `mayWrite` names them. */
  readonly undefined?: string;
  /** The last operand is a shift count; nothing is written when it is zero after masking. */
  readonly counted?: boolean;
  /** LOCK is allowed when the destination is memory. */
  readonly lock?: boolean;
  /** F3 or F2 of the encoding repeats the instruction: REP_REP or REP_REPNE. */
  readonly rep?: number;
  /** Operand size when no operand tells: a number of bytes, or a letter as in operand_spec.ts. */
  readonly size?: number | "v" | "y" | "q" | "z";
  /** ModRM.mod is ignored and taken as 3 (control and debug register moves). */
  readonly registerForm?: boolean;
  /** Mnemonic of what CPUs without the feature run instead, where that is not #UD. */
  readonly otherwise?: string;
  /** A real encoding that we do not translate: decode() reports it with its length. */
  readonly unsupported?: boolean;
  /** The manual's name where our mnemonic covers several ("prefetcht0" is a "nop"), for the printer. */
  readonly text?: string;
}

/** One row as written. */
export interface TableRow {
  readonly mnemonic: string;
  readonly encoding: string;
  /** Operand names of operand_spec.ts, destination first, separated by ", ". */
  readonly operands: string;
  readonly facts: Facts;
  feature: string;
}

const NO_FACTS: Facts = {};

/**
 * One encoding. The notation is the manual's (volume 2, section 3.1.1.1) with its `/r`, `/digit`, `+rd`, `ib`, `iw`,
 * `cd`, `NP`, `NFx`, `REX.W`, and four additions: `o16` and `o32` ask for that operand size, `iz` is `iw` or `id`,
 * `iv` is `iw`, `id` or `io`, both by operand size.
 */
export function op(mnemonic: string, encoding: string, operands = "", facts: Facts = NO_FACTS): TableRow {
  return { mnemonic, encoding, operands, facts, feature: facts.feature ?? "" };
}

/** Operands of a 256-bit form from those of the 128-bit form. */
function wide(operands: string): string {
  return operands.replaceAll("xmm", "ymm").replaceAll("xm128", "ym256").replaceAll(/\bm128/g, "m256");
}

/**
 * The two lengths of a VEX encoding: `fields` is what follows the length ("66.0F.WIG"), `rest` the opcode and what follows,
 * `operands` those of the 128-bit form.
 */
export function bothLengths(
  mnemonic: string,
  fields: string,
  rest: string,
  operands: string,
  facts: Facts = NO_FACTS,
  facts256: Facts = facts,
): TableRow[] {
  return [
    op(mnemonic, `VEX.128.${fields} ${rest}`, operands, facts),
    op(mnemonic, `VEX.256.${fields} ${rest}`, wide(operands), facts256),
  ];
}

/** Gives rows that name no feature of their own the family's. */
export function family(feature: string, rows: readonly TableRow[]): readonly TableRow[] {
  for (const row of rows) if (row.feature === "") row.feature = feature;
  return rows;
}

/** The manual's condition suffixes in the order of the condition code. */
export const CONDITIONS = [
  "o",
  "no",
  "b",
  "ae",
  "e",
  "ne",
  "be",
  "a",
  "s",
  "ns",
  "p",
  "np",
  "l",
  "ge",
  "le",
  "g",
] as const;

/** Flags that each pair of conditions reads: code and its negation read the same. */
export const CONDITION_FLAGS = ["O", "C", "Z", "CZ", "S", "P", "SO", "ZSO"] as const;

const LETTERS: Record<string, number> = {
  O: FLAG_OF,
  S: FLAG_SF,
  Z: FLAG_ZF,
  A: FLAG_AF,
  P: FLAG_PF,
  C: FLAG_CF,
  D: FLAG_DF,
};

/** "OSZ" → FLAG_OF | FLAG_SF | FLAG_ZF. */
export function flagMask(letters: string): number {
  let mask = 0;
  for (let i = 0; i < letters.length; i++) {
    const bit = LETTERS[letters[i]];
    if (bit === undefined) throw new TypeError(`unknown flag letter "${letters[i]}" in "${letters}"`);
    mask |= bit;
  }
  return mask;
}
