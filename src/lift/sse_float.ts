/**
 * SSE floating-point arithmetic and comparisons. wasm's operations are the hardware's under the default MXCSR: round to
 * nearest, no flush to zero, exceptions masked. Sticky exception flags are not kept.
 *
 * Scalar instructions work on the low lane and keep the rest of the destination.
 */
import { OP } from "../ir/ops.ts";
import { SOURCE_FLOAT } from "./flags.ts";
import type { Lift, Lifter } from "./lifter.ts";
import {
  binary,
  mergeLow,
  packed,
  scalar,
  setLow,
  shuffle,
  shuffleLanes,
  splat32,
  unary,
  vector,
  zero,
} from "./vector.ts";

/** Low lane of the destination (first operand) and of the source. */
function scalarArithmetic(bytes: number, op: number): Lift {
  return (l) => {
    const [to, from] = l.insn.operands;
    const a = scalar(l, to, bytes);
    setLow(l, to, bytes, l.op(op, a, scalar(l, from, bytes)));
  };
}

function scalarRoot(bytes: number, op: number): Lift {
  return (l) => {
    const [to, from] = l.insn.operands;
    setLow(l, to, bytes, l.op(op, scalar(l, from, bytes)));
  };
}

/** Computes on the whole vectors, then keeps the low lane: for what wasm has no scalar operation. */
function lowOf(bytes: number, compute: (l: Lifter, a: number, b: number) => number): Lift {
  return (l) => {
    const [to, from] = l.insn.operands;
    const b = vector(l, from);
    mergeLow(l, to, bytes, compute(l, l.read(to), b));
  };
}

/**
 * MINPS is "a < b ? a : b" and gives b for NaNs and two zeros (Intel SDM, MINPS). wasm's pmin(x, y) is "y < x ? y : x", so
 * with the operands exchanged it is the same instruction.
 */
function exchanged(op: number) {
  return (l: Lifter, a: number, b: number) => l.op(op, b, a);
}

/** x / exponent 0 becomes a zero of its sign: the approximations take denormals for zero and never return one. */
function flushed(l: Lifter, x: number): number {
  const exponent = splat32(l, 0x7f800000);
  const tiny = l.op(OP.i32x4_eq, l.op(OP.v128_and, x, exponent), zero(l));
  return l.op(OP.v128_andnot, x, l.op(OP.v128_and, tiny, splat32(l, 0x7fffffff)));
}

const ONE = 0x3f800000;

/**
 * RCPPS may be off by 1.5 * 2^-12 and differs between CPU models (Intel SDM, RCPPS): we divide, which is the exact answer
 * rounded.
 */
function reciprocal(l: Lifter, x: number): number {
  return flushed(l, l.op(OP.f32x4_div, splat32(l, ONE), flushed(l, x)));
}

function reciprocalRoot(l: Lifter, x: number): number {
  return l.op(OP.f32x4_div, splat32(l, ONE), l.op(OP.f32x4_sqrt, flushed(l, x)));
}

/**
 * Comparison predicates (Intel SDM, CMPPD, table 3-1): 0..3, their negations 4..7, and 8..15 of VEX encodings, where 16 to 31
 * differ from 0 to 15 in the exceptions only.
 */
function compareVectors(l: Lifter, bytes: number, a: number, b: number, predicate: number): number {
  const single = bytes === 4;
  const cmp = (op32: number, op64: number, x = a, y = b) => l.op(single ? op32 : op64, x, y);
  const not = (v: number) => l.op(OP.v128_not, v);
  const isNan = (x: number) => cmp(OP.f32x4_ne, OP.f64x2_ne, x, x);
  const unordered = () => l.op(OP.v128_or, isNan(a), isNan(b));
  const lessOrGreater = () => l.op(OP.v128_or, cmp(OP.f32x4_lt, OP.f64x2_lt), cmp(OP.f32x4_gt, OP.f64x2_gt));
  switch (predicate & (l.insn.vex ? 15 : 7)) {
    case 0:
      return cmp(OP.f32x4_eq, OP.f64x2_eq);
    case 1:
      return cmp(OP.f32x4_lt, OP.f64x2_lt);
    case 2:
      return cmp(OP.f32x4_le, OP.f64x2_le);
    case 3:
      return unordered();
    case 4:
      return cmp(OP.f32x4_ne, OP.f64x2_ne);
    case 5:
      return not(cmp(OP.f32x4_lt, OP.f64x2_lt));
    case 6:
      return not(cmp(OP.f32x4_le, OP.f64x2_le));
    case 7:
      return not(unordered());
    case 8:
      return not(lessOrGreater());
    case 9:
      return not(cmp(OP.f32x4_ge, OP.f64x2_ge));
    case 10:
      return not(cmp(OP.f32x4_gt, OP.f64x2_gt));
    case 11:
      return zero(l);
    case 12:
      return lessOrGreater();
    case 13:
      return cmp(OP.f32x4_ge, OP.f64x2_ge);
    case 14:
      return cmp(OP.f32x4_gt, OP.f64x2_gt);
    default:
      return splat32(l, -1);
  }
}

function comparePacked(bytes: number): Lift {
  return (l) => {
    const [to, from, imm] = l.insn.operands;
    l.write(to, compareVectors(l, bytes, l.read(to), vector(l, from), imm.immLo));
  };
}

function compareScalar(bytes: number): Lift {
  return (l) => {
    const [to, from, imm] = l.insn.operands;
    const b = vector(l, from);
    mergeLow(l, to, bytes, compareVectors(l, bytes, l.read(to), b, imm.immLo));
  };
}

/** COMISx and UCOMISx differ in the exceptions they flag only. */
function compareToFlags(bytes: number): Lift {
  return (l) => {
    const [left, right] = l.insn.operands;
    const a = scalar(l, left, bytes), b = scalar(l, right, bytes);
    l.setFlagSource(63, { kind: SOURCE_FLOAT, bytes, a, b, result: -1, carry: -1 });
  };
}

/** haddps and its kin: even lanes of both sources against the odd ones. */
function horizontalFloat(size: number, op: number): Lift {
  const indices = Array.from({ length: 16 / size }, (_, i) => 2 * i);
  return binary((l, a, b) => {
    const even = shuffleLanes(l, a, b, size, ...indices);
    return l.op(op, even, shuffleLanes(l, a, b, size, ...indices.map((i) => i + 1)));
  });
}

/** Subtracts in even lanes and adds in odd ones. */
function alternating(size: number, sub: number, add: number): Lift {
  const picked = Array.from({ length: 16 }, (_, i) => (i & size ? i + 16 : i));
  return binary((l, a, b) => shuffle(l, l.op(sub, a, b), l.op(add, a, b), picked));
}

const andNot = binary((l, a, b) => l.op(OP.v128_andnot, b, a));

export const sseFloatLifts: Record<string, Lift> = {
  addps: packed(OP.f32x4_add),
  addpd: packed(OP.f64x2_add),
  addss: scalarArithmetic(4, OP.f32_add),
  addsd: scalarArithmetic(8, OP.f64_add),
  subps: packed(OP.f32x4_sub),
  subpd: packed(OP.f64x2_sub),
  subss: scalarArithmetic(4, OP.f32_sub),
  subsd: scalarArithmetic(8, OP.f64_sub),
  mulps: packed(OP.f32x4_mul),
  mulpd: packed(OP.f64x2_mul),
  mulss: scalarArithmetic(4, OP.f32_mul),
  mulsd: scalarArithmetic(8, OP.f64_mul),
  divps: packed(OP.f32x4_div),
  divpd: packed(OP.f64x2_div),
  divss: scalarArithmetic(4, OP.f32_div),
  divsd: scalarArithmetic(8, OP.f64_div),
  sqrtps: unary((l, b) => l.op(OP.f32x4_sqrt, b)),
  sqrtpd: unary((l, b) => l.op(OP.f64x2_sqrt, b)),
  sqrtss: scalarRoot(4, OP.f32_sqrt),
  sqrtsd: scalarRoot(8, OP.f64_sqrt),
  minps: binary(exchanged(OP.f32x4_pmin)),
  minpd: binary(exchanged(OP.f64x2_pmin)),
  minss: lowOf(4, exchanged(OP.f32x4_pmin)),
  minsd: lowOf(8, exchanged(OP.f64x2_pmin)),
  maxps: binary(exchanged(OP.f32x4_pmax)),
  maxpd: binary(exchanged(OP.f64x2_pmax)),
  maxss: lowOf(4, exchanged(OP.f32x4_pmax)),
  maxsd: lowOf(8, exchanged(OP.f64x2_pmax)),
  rcpps: unary(reciprocal),
  rcpss: lowOf(4, (l, _a, b) => reciprocal(l, b)),
  rsqrtps: unary(reciprocalRoot),
  rsqrtss: lowOf(4, (l, _a, b) => reciprocalRoot(l, b)),

  andps: packed(OP.v128_and),
  andpd: packed(OP.v128_and),
  andnps: andNot,
  andnpd: andNot,
  orps: packed(OP.v128_or),
  orpd: packed(OP.v128_or),
  xorps: packed(OP.v128_xor),
  xorpd: packed(OP.v128_xor),

  cmpps: comparePacked(4),
  cmppd: comparePacked(8),
  cmpss: compareScalar(4),
  cmpsd: compareScalar(8),
  comiss: compareToFlags(4),
  ucomiss: compareToFlags(4),
  comisd: compareToFlags(8),
  ucomisd: compareToFlags(8),

  haddps: horizontalFloat(4, OP.f32x4_add),
  haddpd: horizontalFloat(8, OP.f64x2_add),
  hsubps: horizontalFloat(4, OP.f32x4_sub),
  hsubpd: horizontalFloat(8, OP.f64x2_sub),
  addsubps: alternating(4, OP.f32x4_sub, OP.f32x4_add),
  addsubpd: alternating(8, OP.f64x2_sub, OP.f64x2_add),
};
