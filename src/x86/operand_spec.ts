/**
 * The vocabulary of the tables' operand column: how each name is found in the bytes and what it decodes to.
 *
 * Letters that stand for a size follow the Intel SDM, volume 2, appendix A.2:
 *   v  16, 32 or 64 bits by operand size          z  16 or 32 bits; immediates extend to v
 *   y  32 or 64 bits by REX.W                      q  64 bits, 16 with a 66 prefix (stack operations)
 * `rm8` is the manual's r/m8, `xm64` its xmm/m64, `xmm.rm` a register that stands in ModRM.rm, `xmm.v` one in VEX.vvvv.
 */
import {
  OPERAND_GPR,
  OPERAND_IMM,
  OPERAND_MEM,
  OPERAND_MM,
  OPERAND_REL,
  OPERAND_SEG,
  OPERAND_ST,
  OPERAND_XMM,
} from "./instruction.ts";

/** Where an operand stands in the encoding. */
export const PLACE_RM = 0; // ModRM.rm: a register, or memory
export const PLACE_REG = 1; // ModRM.reg
export const PLACE_OPCODE = 2; // low three bits of the opcode
export const PLACE_FIXED = 3; // implied register, number in `value`
export const PLACE_IMM8 = 4; // zero-extended byte: counts, controls, ports
export const PLACE_IMM8S = 5; // sign-extended byte
export const PLACE_IMM16 = 6; // zero-extended word
export const PLACE_IMMZ = 7; // word or doubleword, sign-extended
export const PLACE_IMMV = 8; // word, doubleword or quadword
export const PLACE_REL8 = 9;
export const PLACE_REL32 = 10;
export const PLACE_MOFFS = 11; // absolute 64-bit address
export const PLACE_ONE = 12; // the constant 1 of the D0/D1 shifts
export const PLACE_VVVV = 13; // VEX.vvvv
export const PLACE_IS4 = 14; // upper half of an immediate byte

/** How an instruction's operand size comes about. */
export const SIZE_FIXED = 0, SIZE_V = 1, SIZE_Y = 2, SIZE_Q = 3, SIZE_Z = 4;

/** What ModRM.mod may be. */
export const MOD_ANY = 0, MOD_MEMORY = 1, MOD_REGISTER = 2;

/** One operand of a row. */
export interface OperandSpec {
  readonly name: string;
  readonly place: number;
  /** OPERAND_ kind; of the register form for PLACE_RM. */
  readonly kind: number;
  /** Width of the register or immediate; 0 means the instruction's operand size. */
  readonly bytes: number;
  /** Width of the memory form, 0 as above. Differs from `bytes` in r32/m8 and its like. */
  readonly memoryBytes: number;
  readonly mod: number;
  /** Register number of PLACE_FIXED. */
  readonly value: number;
  /** SIZE_FIXED, or how operands of this name vary in size. */
  readonly sizing: number;
  /** Bytes of the vector register that indexes the memory operand (VSIB); 0 where none does. */
  readonly vectorIndex: number;
}

const specs = new Map<string, OperandSpec>();

function define(
  name: string,
  place: number,
  kind: number,
  bytes: number,
  { memoryBytes = bytes, mod = MOD_ANY, value = 0, sizing = SIZE_FIXED, vectorIndex = 0 } = {},
): void {
  specs.set(name, { name, place, kind, bytes, memoryBytes, mod, value, sizing, vectorIndex });
}

const LETTERS: readonly (readonly [string, number])[] = [["v", SIZE_V], ["y", SIZE_Y], ["q", SIZE_Q]];

for (const [letter, sizing] of LETTERS) {
  define("rm" + letter, PLACE_RM, OPERAND_GPR, 0, { sizing });
  define("r" + letter, PLACE_REG, OPERAND_GPR, 0, { sizing });
  define("m" + letter, PLACE_RM, OPERAND_MEM, 0, { sizing, mod: MOD_MEMORY });
  define("o" + letter, PLACE_OPCODE, OPERAND_GPR, 0, { sizing });
  define(`r${letter}/m8`, PLACE_RM, OPERAND_GPR, 0, { sizing, memoryBytes: 1 });
  define(`r${letter}/m16`, PLACE_RM, OPERAND_GPR, 0, { sizing, memoryBytes: 2 });
  define(`r${letter}/m32`, PLACE_RM, OPERAND_GPR, 0, { sizing, memoryBytes: 4 });
  define(`r${letter}.rm`, PLACE_RM, OPERAND_GPR, 0, { sizing, mod: MOD_REGISTER });
}
for (const bytes of [1, 2, 4, 8]) {
  const bits = bytes * 8;
  define("rm" + bits, PLACE_RM, OPERAND_GPR, bytes);
  define("r" + bits, PLACE_REG, OPERAND_GPR, bytes);
  define("o" + bits, PLACE_OPCODE, OPERAND_GPR, bytes);
  define(`r${bits}.rm`, PLACE_RM, OPERAND_GPR, bytes, { mod: MOD_REGISTER });
}
for (const bits of [8, 16, 32, 64, 80, 128, 256, 512]) {
  define("m" + bits, PLACE_RM, OPERAND_MEM, bits / 8, { mod: MOD_MEMORY });
}
// Areas whose size in bytes does not matter or is not a power of two.
define("m", PLACE_RM, OPERAND_MEM, 0, { mod: MOD_MEMORY });
define("m28byte", PLACE_RM, OPERAND_MEM, 28, { mod: MOD_MEMORY });
define("m108byte", PLACE_RM, OPERAND_MEM, 108, { mod: MOD_MEMORY });
define("m512byte", PLACE_RM, OPERAND_MEM, 512, { mod: MOD_MEMORY });
for (const bits of [8, 16, 32, 64, 128]) define("xm" + bits, PLACE_RM, OPERAND_XMM, bits / 8);
define("xmm", PLACE_REG, OPERAND_XMM, 16);
define("xmm.rm", PLACE_RM, OPERAND_XMM, 16, { mod: MOD_REGISTER });
// VEX: a second source in vvvv, ymm registers, a fourth register in an immediate.
define("ry.v", PLACE_VVVV, OPERAND_GPR, 0, { sizing: SIZE_Y });
define("xmm.v", PLACE_VVVV, OPERAND_XMM, 16);
define("xmm.is4", PLACE_IS4, OPERAND_XMM, 16);
define("ymm", PLACE_REG, OPERAND_XMM, 32);
define("ymm.v", PLACE_VVVV, OPERAND_XMM, 32);
define("ymm.is4", PLACE_IS4, OPERAND_XMM, 32);
define("ymm.rm", PLACE_RM, OPERAND_XMM, 32, { mod: MOD_REGISTER });
define("ym256", PLACE_RM, OPERAND_XMM, 32);
// Memory with a vector of indices: vm32x has them in an xmm register; the operand is one element.
for (const [letter, vectorIndex] of [["x", 16], ["y", 32]] as const) {
  for (const bytes of [4, 8]) {
    define(`vm32${letter}.${bytes * 8}`, PLACE_RM, OPERAND_MEM, bytes, { mod: MOD_MEMORY, vectorIndex });
    define(`vm64${letter}.${bytes * 8}`, PLACE_RM, OPERAND_MEM, bytes, { mod: MOD_MEMORY, vectorIndex });
  }
}
define("mm", PLACE_REG, OPERAND_MM, 8);
define("mm.rm", PLACE_RM, OPERAND_MM, 8, { mod: MOD_REGISTER });
define("mm/m64", PLACE_RM, OPERAND_MM, 8);
define("mm/m32", PLACE_RM, OPERAND_MM, 8, { memoryBytes: 4 });
define("sreg", PLACE_REG, OPERAND_SEG, 2);
define("fs", PLACE_FIXED, OPERAND_SEG, 2, { value: 4 });
define("gs", PLACE_FIXED, OPERAND_SEG, 2, { value: 5 });
define("al", PLACE_FIXED, OPERAND_GPR, 1);
define("ax", PLACE_FIXED, OPERAND_GPR, 2);
define("eax", PLACE_FIXED, OPERAND_GPR, 4);
define("av", PLACE_FIXED, OPERAND_GPR, 0, { sizing: SIZE_V });
define("az", PLACE_FIXED, OPERAND_GPR, 0, { sizing: SIZE_Z });
define("cl", PLACE_FIXED, OPERAND_GPR, 1, { value: 1 });
define("dx", PLACE_FIXED, OPERAND_GPR, 2, { value: 2 });
define("1", PLACE_ONE, OPERAND_IMM, 1, { value: 1 });
define("imm8", PLACE_IMM8, OPERAND_IMM, 1);
define("imm8s", PLACE_IMM8S, OPERAND_IMM, 0);
define("imm8sb", PLACE_IMM8S, OPERAND_IMM, 1);
define("imm16", PLACE_IMM16, OPERAND_IMM, 2);
define("immz", PLACE_IMMZ, OPERAND_IMM, 0, { sizing: SIZE_V });
define("immzq", PLACE_IMMZ, OPERAND_IMM, 0, { sizing: SIZE_Q });
define("immv", PLACE_IMMV, OPERAND_IMM, 0, { sizing: SIZE_V });
define("rel8", PLACE_REL8, OPERAND_REL, 8);
define("rel32", PLACE_REL32, OPERAND_REL, 8);
define("moffs8", PLACE_MOFFS, OPERAND_MEM, 1);
define("moffsv", PLACE_MOFFS, OPERAND_MEM, 0, { sizing: SIZE_V });
define("st0", PLACE_FIXED, OPERAND_ST, 10);
define("sti", PLACE_RM, OPERAND_ST, 10, { mod: MOD_REGISTER });

/** The operand called `name` in the tables. */
export function operandSpec(name: string): OperandSpec {
  const spec = specs.get(name);
  if (spec === undefined) throw new TypeError(`unknown operand name "${name}" in an instruction table`);
  return spec;
}
