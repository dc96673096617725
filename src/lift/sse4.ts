/** SSE4.1 and SSE4.2 on xmm registers. String comparisons are in sse4_string.ts. */
import { OP } from "../ir/ops.ts";
import type { Operand } from "../x86/instruction.ts";
import { OPERAND_MEM } from "../x86/instruction.ts";
import type { Lift, Lifter } from "./lifter.ts";
import { evenProducts } from "./sse_int.ts";
import { byMxcsr, ROUND_F32X4, ROUND_F64X2, rounded, type Rounder } from "./sse_rounding.ts";
import { sse4StringLifts } from "./sse4_string.ts";
import {
  binary,
  binaryImm,
  constant32,
  integer32,
  mergeLow,
  packed,
  shuffle,
  shuffleLanes,
  splat32,
  unary,
  vector,
  writeInteger32,
  zero,
} from "./vector.ts";

/** Lanes from the source where xmm0's lane has its sign set. */
function variableBlend(lessThan: number): Lift {
  return binary((l, a, b) => l.op(OP.v128_bitselect, b, a, l.op(lessThan, l.xmm(0), zero(l))));
}

/** Lanes from the source where the immediate has its bit set. */
function blend(size: number): Lift {
  const count = 16 / size;
  return binaryImm((l, a, b, imm) =>
    shuffleLanes(l, a, b, size, ...Array.from({ length: count }, (_, i) => (imm >> i & 1 ? i + count : i)))
  );
}

/** ZF: no bit of both; CF: no bit of the source outside the destination. */
const ptest: Lift = (l) => {
  const [left, right] = l.insn.operands;
  const a = l.read(left), b = vector(l, right);
  const none = (v: number) => l.op(OP.i32_eqz, l.op(OP.v128_any_true, v));
  const set = (flag: number, value: () => number) => l.setFlag(flag, l.flagsWanted(1 << flag) ? value() : l.i32(0));
  set(0, () => none(l.op(OP.v128_andnot, b, a)));
  set(3, () => none(l.op(OP.v128_and, a, b)));
  for (const flag of [1, 2, 4, 5]) l.setFlag(flag, l.i32(0));
};

/** pmovsx, pmovzx: widens in one or more steps. */
function widen(steps: readonly number[]): Lift {
  return unary((l, b) => steps.reduce((v, op) => l.op(op, v), b));
}

/** A rounding instruction; bit 2 of the immediate asks for MXCSR's mode. `write` takes the rounded source. */
function rounding(rounder: Rounder, write: (l: Lifter, to: Operand, v: number) => void): Lift {
  return (l) => {
    const [to, from, imm] = l.insn.operands;
    const lift = (mode: number) => write(l, to, rounded(l, rounder, vector(l, from), mode));
    if (imm.immLo & 4) byMxcsr(l, lift);
    else lift(imm.immLo & 3);
  };
}

const writeAll = (l: Lifter, to: Operand, v: number) => l.write(to, v);
const writeLow = (bytes: number) => (l: Lifter, to: Operand, v: number) => mergeLow(l, to, bytes, v);

function extract(op: number, mask: number): Lift {
  return (l) => {
    const [to, from, imm] = l.insn.operands;
    writeInteger32(l, to, l.op(op, l.read(from), imm.immLo & mask));
  };
}

function insert(op: number, mask: number): Lift {
  return (l) => {
    const [to, from, imm] = l.insn.operands;
    l.write(to, l.op(op, l.read(to), integer32(l, from), imm.immLo & mask));
  };
}

const pextrq: Lift = (l) => {
  const [to, from, imm] = l.insn.operands;
  l.write(to, l.op(OP.i64x2_extract_lane, l.read(from), imm.immLo & 1));
};

const pinsrq: Lift = (l) => {
  const [to, from, imm] = l.insn.operands;
  l.write(to, l.op(OP.i64x2_replace_lane, l.read(to), l.read(from), imm.immLo & 1));
};

/** Immediate: source lane in bits 6 and 7 (not for memory), destination lane in 4 and 5, lanes to clear in 0 to 3. */
const insertps: Lift = (l) => {
  const [to, from, immediate] = l.insn.operands;
  const imm = immediate.immLo & 0xff;
  const picked = [0, 1, 2, 3];
  picked[imm >> 4 & 3] = 4 + (from.kind === OPERAND_MEM ? 0 : imm >> 6);
  const inserted = shuffleLanes(l, l.read(to), vector(l, from), 4, ...picked);
  const kept = [0, 1, 2, 3].map((i) => (imm >> i & 1 ? 0 : -1)) as [number, number, number, number];
  l.write(to, imm & 15 ? l.op(OP.v128_and, inserted, constant32(l, ...kept)) : inserted);
};

/** Lane masks from the bits of a nibble. */
function laneMask(l: Lifter, size: number, bits: number): number {
  const perLane = size / 4;
  const words = [0, 1, 2, 3].map((i) => (bits >> Math.floor(i / perLane) & 1 ? -1 : 0));
  return constant32(l, ...words as [number, number, number, number]);
}

/** Dot product: bits 4 to 7 choose the products, bits 0 to 3 the lanes that get the sum; (0 + 1) + (2 + 3) for singles. */
function dotProduct(size: number): Lift {
  const [mul, add] = size === 4 ? [OP.f32x4_mul, OP.f32x4_add] : [OP.f64x2_mul, OP.f64x2_add];
  return binaryImm((l, a, b, imm) => {
    const products = l.op(OP.v128_and, l.op(mul, a, b), laneMask(l, size, imm >> 4));
    let sum: number;
    if (size === 8) {
      sum = l.op(add, products, shuffleLanes(l, products, products, 8, 1, 0));
    } else {
      const pairs = l.op(add, products, shuffleLanes(l, products, products, 4, 1, 0, 3, 2));
      sum = l.op(add, pairs, shuffleLanes(l, pairs, pairs, 4, 2, 3, 0, 1));
    }
    return l.op(OP.v128_and, sum, laneMask(l, size, imm));
  });
}

/**
 * Eight sums of four absolute differences: bytes of `a` from 0 or 4 on, sliding, against one group of four of `b`. The j-th
 * bytes of all groups are subtracted together, as 16-bit lanes.
 */
function slidingDifferences(l: Lifter, a: number, b: number, imm: number): number {
  const fromA = imm & 4, fromB = (imm & 3) * 4;
  let sum = -1;
  for (let j = 0; j < 4; j++) {
    const slide = shuffle(l, a, zero(l), Array.from({ length: 16 }, (_, i) => (i & 1 ? 16 : fromA + j + (i >> 1))));
    const fixed = shuffle(l, b, zero(l), Array.from({ length: 16 }, (_, i) => (i & 1 ? 16 : fromB + j)));
    const difference = l.op(OP.i16x8_abs, l.op(OP.i16x8_sub, slide, fixed));
    sum = sum < 0 ? difference : l.op(OP.i16x8_add, sum, difference);
  }
  return sum;
}

/** Least unsigned word and its first index: as the minimum of value << 16 | index. */
function leastWord(l: Lifter, b: number): number {
  const tagged = (extend: number, first: number) => {
    const shifted = l.op(OP.i32x4_shl, l.op(extend, b), l.i32(16));
    return l.op(OP.v128_or, shifted, constant32(l, first, first + 1, first + 2, first + 3));
  };
  const min = (x: number, y: number) => l.op(OP.i32x4_min_u, x, y);
  const four = min(tagged(OP.i32x4_extend_low_i16x8_u, 0), tagged(OP.i32x4_extend_high_i16x8_u, 4));
  const two = min(four, shuffleLanes(l, four, four, 4, 2, 3, 0, 1));
  const one = min(two, shuffleLanes(l, two, two, 4, 1, 0, 3, 2));
  // Value below index: the words exchanged.
  return shuffleLanes(l, one, splat32(l, 0), 2, 1, 0, 8, 8, 8, 8, 8, 8);
}

/** Sign and zero extensions, in steps. */
const extendI16S = OP.i32x4_extend_low_i16x8_s, extendI16U = OP.i32x4_extend_low_i16x8_u;
const extendI8S = OP.i16x8_extend_low_i8x16_s, extendI8U = OP.i16x8_extend_low_i8x16_u;
const extendI32S = OP.i64x2_extend_low_i32x4_s, extendI32U = OP.i64x2_extend_low_i32x4_u;

export const WIDENINGS: Record<string, readonly number[]> = {
  pmovsxbw: [extendI8S],
  pmovsxbd: [extendI8S, extendI16S],
  pmovsxbq: [extendI8S, extendI16S, extendI32S],
  pmovsxwd: [extendI16S],
  pmovsxwq: [extendI16S, extendI32S],
  pmovsxdq: [extendI32S],
  pmovzxbw: [extendI8U],
  pmovzxbd: [extendI8U, extendI16U],
  pmovzxbq: [extendI8U, extendI16U, extendI32U],
  pmovzxwd: [extendI16U],
  pmovzxwq: [extendI16U, extendI32U],
  pmovzxdq: [extendI32U],
};

export const sse4Lifts: Record<string, Lift> = {
  ...Object.fromEntries(Object.entries(WIDENINGS).map(([name, steps]) => [name, widen(steps)])),
  ...sse4StringLifts,
  pblendvb: variableBlend(OP.i8x16_lt_s),
  blendvps: variableBlend(OP.i32x4_lt_s),
  blendvpd: variableBlend(OP.i64x2_lt_s),
  blendps: blend(4),
  blendpd: blend(8),
  pblendw: blend(2),
  ptest,
  pmuldq: evenProducts(OP.i64x2_extmul_low_i32x4_s),
  pmulld: packed(OP.i32x4_mul),
  pcmpeqq: packed(OP.i64x2_eq),
  pcmpgtq: packed(OP.i64x2_gt_s),
  packusdw: packed(OP.i16x8_narrow_i32x4_u),
  pminsb: packed(OP.i8x16_min_s),
  pminsd: packed(OP.i32x4_min_s),
  pminuw: packed(OP.i16x8_min_u),
  pminud: packed(OP.i32x4_min_u),
  pmaxsb: packed(OP.i8x16_max_s),
  pmaxsd: packed(OP.i32x4_max_s),
  pmaxuw: packed(OP.i16x8_max_u),
  pmaxud: packed(OP.i32x4_max_u),
  phminposuw: unary(leastWord),
  mpsadbw: binaryImm(slidingDifferences),
  roundps: rounding(ROUND_F32X4, writeAll),
  roundpd: rounding(ROUND_F64X2, writeAll),
  roundss: rounding(ROUND_F32X4, writeLow(4)),
  roundsd: rounding(ROUND_F64X2, writeLow(8)),
  pextrb: extract(OP.i8x16_extract_lane_u, 15),
  pextrd: extract(OP.i32x4_extract_lane, 3),
  extractps: extract(OP.i32x4_extract_lane, 3),
  pextrq,
  pinsrb: insert(OP.i8x16_replace_lane, 15),
  pinsrd: insert(OP.i32x4_replace_lane, 3),
  pinsrq,
  insertps,
  dpps: dotProduct(4),
  dppd: dotProduct(8),
};
