/**
 * The decoded form of one x86-64 instruction. The several encodings of an operation decode to one mnemonic with explicit
 * operands, so that the lifter has one `add`.
 */
import type { Row } from "./row.ts";

/** Operand kinds. */
export const OPERAND_GPR = 1; // reg 0..15; `bytes` 1, 2, 4 or 8
export const OPERAND_GPR8H = 2; // AH CH DH BH as reg 0..3
export const OPERAND_XMM = 3; // reg 0..15; `bytes` 16, or 32 for ymm registers
export const OPERAND_MEM = 4;
export const OPERAND_IMM = 5; // immLo/immHi, already sign- or zero-extended to 64 bits as the instruction defines
export const OPERAND_REL = 6; // branch target: absolute guest address in immLo (unsigned)
export const OPERAND_ST = 7; // x87 stack register, reg 0..7
export const OPERAND_SEG = 8; // reg 0..5: ES CS SS DS FS GS
export const OPERAND_MM = 9; // MMX register, reg 0..7

/** Segment override that matters in 64-bit mode. */
export const SEGMENT_NONE = 0, SEGMENT_FS = 1, SEGMENT_GS = 2;

/** One operand. Memory operands use base, index, scaleLog2, disp, segment; rip-relative ones are resolved: base -1, disp absolute. */
export class Operand {
  kind = 0;
  /** Width of the access in bytes (1 2 4 8 10 16 32; 28 or 108, 512 for x87 and FXSAVE areas). */
  bytes = 0;
  reg = 0;
  /** Low and high halves of an immediate, as signed 32-bit numbers (immLo of OPERAND_REL is unsigned). */
  immLo = 0;
  immHi = 0;
  /** GPR number or -1. */
  base = -1;
  index = -1;
  scaleLog2 = 0;
  /** Number of the vector register whose elements are indices, or -1; and its bytes. */
  vectorIndex = -1;
  vectorIndexBytes = 0;
  /** Signed 32-bit displacement; for rip-relative and moffs operands the absolute guest address, |0. */
  disp = 0;
  segment = SEGMENT_NONE;
}

/** REP prefix seen and meaningful for this instruction. */
export const REP_NONE = 0, REP_REP = 1, /* F3: rep, repe */ REP_REPNE = 2 /* F2 */;

/** One decoded instruction. `row` says what does not depend on the bytes: mnemonic, flags, control flow. */
export class Instruction {
  pc = 0;
  length = 0;
  row!: Row;
  /** Operand size in bytes as far as the instruction has one: 1 2 4 8 16. */
  operandBytes = 0;
  /** 8, or 4 with the 67 prefix (address arithmetic wraps at 32 bits; rcx/rsi/rdi of string and loop instructions become 32-bit). */
  addressBytes = 8;
  /** VEX encoding: the upper half of a destination register is written too, as zeros if the operand is an xmm register. */
  vex = false;
  /** LOCK prefix present (and allowed by the row). */
  lock = false;
  rep = REP_NONE;
  /** Segment override, for instructions with implicit memory operands (movs, lods, cmps, maskmovdqu, xlat). */
  segment = SEGMENT_NONE;
  /** In Intel's order: destination first. Implicit operands are not listed. Nobody changes them: registers are shared. */
  operands: Operand[] = NO_OPERANDS;
  /** Of a record that is decoded into again and again: its operands by how many they are. */
  #spare: Operand[][] | null = null;

  /** Guest address of the next instruction. */
  get nextPc(): number {
    return this.pc + this.length;
  }

  /** For the decoder: so many operands, to be filled. */
  spareOperands(count: number): Operand[] {
    const spare = this.#spare ??= [];
    return spare[count] ??= Array.from({ length: count }, () => new Operand());
  }

  /** A copy that stays as it is when this record is decoded into again. */
  copy(): Instruction {
    const copy = new Instruction(), { operands } = this;
    copy.pc = this.pc;
    copy.length = this.length;
    copy.row = this.row;
    copy.operandBytes = this.operandBytes;
    copy.addressBytes = this.addressBytes;
    copy.vex = this.vex;
    copy.lock = this.lock;
    copy.rep = this.rep;
    copy.segment = this.segment;
    // Arrays that grow have room for 17.
    if (operands.length === 2) copy.operands = [keep(operands[0]), keep(operands[1])];
    else if (operands.length === 1) copy.operands = [keep(operands[0])];
    else if (operands.length > 0) copy.operands = operands.map(keep);
    return copy;
  }
}

const NO_OPERANDS: Operand[] = [];

/** By kind, bytes and number. */
const registers: (Operand | undefined)[] = [];

/** A copy of an operand, with nothing in it that its kind does not have; the same one for the same register. */
function keep(o: Operand): Operand {
  const { kind } = o;
  if (kind === OPERAND_MEM) return keepMemory(o);
  const isRegister = kind !== OPERAND_IMM && kind !== OPERAND_REL, key = kind << 10 | o.bytes << 4 | o.reg;
  const known = isRegister ? registers[key] : undefined;
  if (known !== undefined) return known;
  const copy = new Operand();
  copy.kind = kind;
  copy.bytes = o.bytes;
  if (isRegister) {
    copy.reg = o.reg;
    return registers[key] = copy;
  }
  copy.immLo = o.immLo;
  copy.immHi = o.immHi;
  return copy;
}

function keepMemory(o: Operand): Operand {
  const copy = new Operand();
  copy.kind = OPERAND_MEM;
  copy.bytes = o.bytes;
  copy.base = o.base;
  copy.index = o.index;
  copy.scaleLog2 = o.scaleLog2;
  copy.vectorIndex = o.vectorIndex;
  copy.vectorIndexBytes = o.vectorIndexBytes;
  copy.disp = o.disp;
  copy.segment = o.segment;
  return copy;
}

/** Result kinds of decode(). */
export type DecodeFailure = {
  /** invalid: no CPU runs it (#UD). unsupported: a CPU may, we do not. truncated: memory ended inside the instruction. */
  kind: "invalid" | "unsupported" | "truncated";
  pc: number;
  /** As far as the instruction's length is known: all of it, else what there is, up to 15 bytes. */
  bytes: Uint8Array;
  /** What it is, if it is known and unsupported. */
  row?: Row;
};
