/** How compiled code names the operands of x87 helpers: a source in the low bits of argument a, and what else it asks for. */

/** Register ST(b). */
export const X87_ST = 0;
/** The bits of a single in argument b. */
export const X87_F32 = 1;
/** A double, an 80-bit number, a 64-bit integer, a packed decimal in the scratch area. */
export const X87_F64 = 2;
export const X87_F80 = 3;
export const X87_I64 = 4;
export const X87_DECIMAL = 5;
/** A 16 or 32-bit integer: sign-extended in argument b, or a result in the scratch area. */
export const X87_I32 = 6;
export const X87_I16 = 7;
export const X87_SOURCE_MASK = 15;

/** Arithmetic: the destination is ST(a >> 4 & 7). */
export const X87_DESTINATION_SHIFT = 4;
/** Registers popped afterwards: 0 to 2. */
export const X87_POP_SHIFT = 8;
export const X87_POP_ONE = 1 << X87_POP_SHIFT;
/** Comparisons: the answer goes to ZF PF CF, not to the condition bits. */
export const X87_TO_FLAGS = 1 << 12;
/** Stores of integers: round towards zero (FISTTP). */
export const X87_TRUNCATE = 1 << 12;

/** dst = dst op src, or src op dst for the reversed ones. */
export const X87_ARITHMETIC = ["fadd", "fmul", "fsub", "fsubr", "fdiv", "fdivr"] as const;

/** Instructions on ST(0), or ST(0) and ST(1), that are helpers without arguments. */
export const X87_PLAIN = [
  "fchs",
  "fabs",
  "ftst",
  "fxam",
  "fsqrt",
  "fscale",
  "fprem",
  "fprem1",
  "frndint",
  "fxtract",
  "f2xm1",
  "fyl2x",
  "fyl2xp1",
  "fptan",
  "fpatan",
  "fsin",
  "fcos",
  "fsincos",
] as const;

/** Constants that have an instruction, in the order of their opcodes: argument a of x87_constant. */
export const X87_CONSTANTS = ["fld1", "fldl2t", "fldl2e", "fldpi", "fldlg2", "fldln2", "fldz"] as const;
