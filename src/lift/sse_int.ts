/** Packed integers of MMX, SSE2 and SSSE3: wasm's own operation where there is one, else the shortest sequence. */
import { OP } from "../ir/ops.ts";
import { OPERAND_IMM } from "../x86/instruction.ts";
import type { Lift, Lifter } from "./lifter.ts";
import { mmxForms, withMmx } from "./mmx.ts";
import { signMask } from "./sse_move.ts";
import {
  binary,
  binaryImm,
  integer32,
  packed,
  shuffle,
  shuffleLanes,
  splat32,
  splat64,
  unary,
  unaryImm,
  vector,
  writeInteger32,
  writeVector,
  zero,
} from "./vector.ts";

/** Counts of the width and above shift everything out, where wasm takes the count modulo the width. */
interface Shift {
  op: number;
  width: number;
  /** An arithmetic shift by too much is one by width - 1; a logical one gives zero. */
  arithmetic: boolean;
}

function shiftLift(shift: Shift): Lift {
  return (l) => {
    const [to, count] = l.insn.operands;
    const v = vector(l, to);
    if (count.kind === OPERAND_IMM) return writeVector(l, to, shiftByConstant(l, v, shift, count.immLo & 0xff));
    writeVector(l, to, shiftByVector(l, v, shift, vector(l, count)));
  };
}

function shiftByConstant(l: Lifter, v: number, { op, width, arithmetic }: Shift, count: number): number {
  if (count >= width && !arithmetic) return zero(l);
  return l.op(op, v, l.i32(Math.min(count, width - 1)));
}

/** The count is the whole low 64 bits of the source. */
function shiftByVector(l: Lifter, v: number, { op, width, arithmetic }: Shift, counts: number): number {
  const count = l.op(OP.i64x2_extract_lane, counts, 0);
  const small = l.op(OP.i64_lt_u, count, l.i64(width));
  const low = l.op(OP.i32_wrap_i64, count);
  if (arithmetic) return l.op(op, v, l.op(OP.select_i32, low, l.i32(width - 1), small));
  const mask = l.op(OP.i32x4_splat, l.op(OP.i32_sub, l.i32(0), small));
  return l.op(OP.v128_and, l.op(op, v, low), mask);
}

/** pslldq, psrldq: whole bytes, zeros coming in. */
function shiftBytes(direction: 1 | -1): Lift {
  return (l) => {
    const [to, count] = l.insn.operands;
    const n = Math.min(count.immLo & 0xff, 16);
    // Byte i comes from i - n (left) or i + n (right); index 16 is the first byte of the zero operand.
    const picked = Array.from({ length: 16 }, (_, i) => {
      const from = i - direction * n;
      return from >= 0 && from < 16 ? from : 16;
    });
    writeVector(l, to, shuffle(l, vector(l, to), zero(l), picked));
  };
}

/** Interleaves the low or high halves. */
function unpack(size: number, half: "low" | "high"): Lift {
  const count = 16 / size;
  const first = half === "low" ? 0 : count / 2;
  const picked = Array.from({ length: count }, (_, i) => first + (i >> 1) + (i & 1) * count);
  return binary((l, a, b) => shuffleLanes(l, a, b, size, ...picked));
}

/** High halves of 16-bit products: bytes 2 and 3 of every 32-bit one. */
function highProducts(low: number, high: number): Lift {
  const picked = Array.from({ length: 8 }, (_, i) => 2 * i + 1);
  return binary((l, a, b) => shuffleLanes(l, l.op(low, a, b), l.op(high, a, b), 2, ...picked));
}

/** pmuludq, pmuldq: products of the even 32-bit lanes. */
export function evenProducts(op: number): Lift {
  const even = (l: Lifter, v: number) => shuffleLanes(l, v, v, 4, 0, 2, 0, 2);
  return binary((l, a, b) => l.op(op, even(l, a), even(l, b)));
}

/** Operates on neighbours: evens of both sources against odds of both. */
export function horizontal(size: number, op: number): Lift {
  return binary((l, a, b) => horizontalPair(l, a, b, size, op));
}

function horizontalPair(l: Lifter, a: number, b: number, size: number, op: number): number {
  const indices = Array.from({ length: 16 / size }, (_, i) => 2 * i);
  const even = shuffleLanes(l, a, b, size, ...indices);
  const odd = shuffleLanes(l, a, b, size, ...indices.map((i) => i + 1));
  return l.op(op, even, odd);
}

/** Sum of absolute byte differences in each half. */
function sumOfDifferences(l: Lifter, a: number, b: number): number {
  const difference = l.op(OP.v128_or, l.op(OP.i8x16_sub_sat_u, a, b), l.op(OP.i8x16_sub_sat_u, b, a));
  const by4 = l.op(OP.i32x4_extadd_pairwise_i16x8_u, l.op(OP.i16x8_extadd_pairwise_i8x16_u, difference));
  const upper = l.op(OP.i64x2_shr_u, by4, l.i32(32));
  return l.op(OP.v128_and, l.op(OP.i32x4_add, by4, upper), splat64(l, -1, 0));
}

/** Negates where b is negative, clears where it is zero. */
function sign(lt: number, eq: number, sub: number): Lift {
  return binary((l, a, b) => {
    const negative = l.op(lt, b, zero(l));
    const signed = l.op(sub, l.op(OP.v128_xor, a, negative), negative);
    return l.op(OP.v128_andnot, signed, l.op(eq, b, zero(l)));
  });
}

/** Q15 rounding product. wasm saturates -1 * -1 to 0x7fff, x86 wraps it to 0x8000. */
function roundingProduct(l: Lifter, a: number, b: number): number {
  const least = splat32(l, 0x80008000 | 0);
  const both = l.op(OP.v128_and, l.op(OP.i16x8_eq, a, least), l.op(OP.i16x8_eq, b, least));
  return l.op(OP.v128_xor, l.op(OP.i16x8_q15mulr_sat_s, a, b), both);
}

/** pmaddubsw: unsigned bytes of a times signed bytes of b, neighbours added with saturation. A product fits 16 bits. */
function multiplyAddBytes(l: Lifter, a: number, b: number): number {
  const even = l.op(
    OP.i16x8_mul,
    l.op(OP.v128_and, a, splat32(l, 0x00ff00ff)),
    l.op(OP.i16x8_shr_s, l.op(OP.i16x8_shl, b, l.i32(8)), l.i32(8)),
  );
  const odd = l.op(OP.i16x8_mul, l.op(OP.i16x8_shr_u, a, l.i32(8)), l.op(OP.i16x8_shr_s, b, l.i32(8)));
  return l.op(OP.i16x8_add_sat_s, even, odd);
}

/** Byte i of the result is byte i + n of b followed by a. */
function alignRight(l: Lifter, a: number, b: number, n: number): number {
  if (n >= 32) return zero(l);
  if (n >= 16) return shuffle(l, a, zero(l), Array.from({ length: 16 }, (_, i) => Math.min(i + n - 16, 16)));
  return shuffle(l, b, a, Array.from({ length: 16 }, (_, i) => i + n));
}

/**
 * PSHUFB clears where bit 7 of the index is set and looks at its low four bits only. With bits 4 to 6 masked off, hosts agree
 * on the relaxed swizzle: it is PSHUFB itself on x64, and clears from 16 on elsewhere.
 */
function shuffleBytes(l: Lifter, a: number, b: number): number {
  return l.op(OP.i8x16_relaxed_swizzle, a, l.op(OP.v128_and, b, splat32(l, 0x8f8f8f8f | 0)));
}

const fields = (imm: number) => [imm & 3, imm >> 2 & 3, imm >> 4 & 3, imm >> 6];

const pinsrw: Lift = (l) => {
  const [to, from, imm] = l.insn.operands;
  writeVector(l, to, l.op(OP.i16x8_replace_lane, vector(l, to), integer32(l, from), imm.immLo & 7));
};

const pextrw: Lift = (l) => {
  const [to, from, imm] = l.insn.operands;
  writeInteger32(l, to, l.op(OP.i16x8_extract_lane_u, vector(l, from), imm.immLo & 7));
};

export const sseIntLifts: Record<string, Lift> = withMmx({
  paddb: packed(OP.i8x16_add),
  paddw: packed(OP.i16x8_add),
  paddd: packed(OP.i32x4_add),
  paddq: packed(OP.i64x2_add),
  paddsb: packed(OP.i8x16_add_sat_s),
  paddsw: packed(OP.i16x8_add_sat_s),
  paddusb: packed(OP.i8x16_add_sat_u),
  paddusw: packed(OP.i16x8_add_sat_u),
  psubb: packed(OP.i8x16_sub),
  psubw: packed(OP.i16x8_sub),
  psubd: packed(OP.i32x4_sub),
  psubq: packed(OP.i64x2_sub),
  psubsb: packed(OP.i8x16_sub_sat_s),
  psubsw: packed(OP.i16x8_sub_sat_s),
  psubusb: packed(OP.i8x16_sub_sat_u),
  psubusw: packed(OP.i16x8_sub_sat_u),
  pmullw: packed(OP.i16x8_mul),
  pmulhw: highProducts(OP.i32x4_extmul_low_i16x8_s, OP.i32x4_extmul_high_i16x8_s),
  pmulhuw: highProducts(OP.i32x4_extmul_low_i16x8_u, OP.i32x4_extmul_high_i16x8_u),
  pmuludq: evenProducts(OP.i64x2_extmul_low_i32x4_u),
  pmaddwd: packed(OP.i32x4_dot_i16x8_s),
  psadbw: binary(sumOfDifferences),
  pavgb: packed(OP.i8x16_avgr_u),
  pavgw: packed(OP.i16x8_avgr_u),
  pminub: packed(OP.i8x16_min_u),
  pmaxub: packed(OP.i8x16_max_u),
  pminsw: packed(OP.i16x8_min_s),
  pmaxsw: packed(OP.i16x8_max_s),
  pcmpeqb: packed(OP.i8x16_eq),
  pcmpeqw: packed(OP.i16x8_eq),
  pcmpeqd: packed(OP.i32x4_eq),
  pcmpgtb: packed(OP.i8x16_gt_s),
  pcmpgtw: packed(OP.i16x8_gt_s),
  pcmpgtd: packed(OP.i32x4_gt_s),
  pand: packed(OP.v128_and),
  pandn: binary((l, a, b) => l.op(OP.v128_andnot, b, a)),
  por: packed(OP.v128_or),
  pxor: packed(OP.v128_xor),

  psllw: shiftLift({ op: OP.i16x8_shl, width: 16, arithmetic: false }),
  pslld: shiftLift({ op: OP.i32x4_shl, width: 32, arithmetic: false }),
  psllq: shiftLift({ op: OP.i64x2_shl, width: 64, arithmetic: false }),
  psrlw: shiftLift({ op: OP.i16x8_shr_u, width: 16, arithmetic: false }),
  psrld: shiftLift({ op: OP.i32x4_shr_u, width: 32, arithmetic: false }),
  psrlq: shiftLift({ op: OP.i64x2_shr_u, width: 64, arithmetic: false }),
  psraw: shiftLift({ op: OP.i16x8_shr_s, width: 16, arithmetic: true }),
  psrad: shiftLift({ op: OP.i32x4_shr_s, width: 32, arithmetic: true }),
  pslldq: shiftBytes(1),
  psrldq: shiftBytes(-1),

  punpcklbw: unpack(1, "low"),
  punpcklwd: unpack(2, "low"),
  punpckldq: unpack(4, "low"),
  punpcklqdq: unpack(8, "low"),
  punpckhbw: unpack(1, "high"),
  punpckhwd: unpack(2, "high"),
  punpckhdq: unpack(4, "high"),
  punpckhqdq: unpack(8, "high"),
  packsswb: packed(OP.i8x16_narrow_i16x8_s),
  packuswb: packed(OP.i8x16_narrow_i16x8_u),
  packssdw: packed(OP.i16x8_narrow_i32x4_s),
  pshufd: unaryImm((l, b, imm) => shuffleLanes(l, b, b, 4, ...fields(imm))),
  pshuflw: unaryImm((l, b, imm) => shuffleLanes(l, b, b, 2, ...fields(imm), 4, 5, 6, 7)),
  pshufhw: unaryImm((l, b, imm) => shuffleLanes(l, b, b, 2, 0, 1, 2, 3, ...fields(imm).map((i) => i + 4))),
  pinsrw,
  pextrw,
  pmovmskb: signMask(OP.i8x16_bitmask),

  pshufb: binary(shuffleBytes),
  phaddw: horizontal(2, OP.i16x8_add),
  phaddd: horizontal(4, OP.i32x4_add),
  phaddsw: horizontal(2, OP.i16x8_add_sat_s),
  phsubw: horizontal(2, OP.i16x8_sub),
  phsubd: horizontal(4, OP.i32x4_sub),
  phsubsw: horizontal(2, OP.i16x8_sub_sat_s),
  pmaddubsw: binary(multiplyAddBytes),
  psignb: sign(OP.i8x16_lt_s, OP.i8x16_eq, OP.i8x16_sub),
  psignw: sign(OP.i16x8_lt_s, OP.i16x8_eq, OP.i16x8_sub),
  psignd: sign(OP.i32x4_lt_s, OP.i32x4_eq, OP.i32x4_sub),
  pmulhrsw: binary(roundingProduct),
  pabsb: unary((l, b) => l.op(OP.i8x16_abs, b)),
  pabsw: unary((l, b) => l.op(OP.i16x8_abs, b)),
  pabsd: unary((l, b) => l.op(OP.i32x4_abs, b)),
  palignr: binaryImm(alignRight),
}, mmxForms);
