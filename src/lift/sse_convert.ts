/**
 * SSE conversions. To integers they give the "integer indefinite" 0x80000000 (0x8000000000000000) for what does not fit and
 * for NaN (Intel SDM volume 1, 4.8.3.8 and table E-1), where wasm traps or saturates; so the result is chosen by a check of
 * the upper bound: what is below the lower one becomes the least integer, the indefinite one, in both.
 * Conversions to floats round to nearest whatever MXCSR says, as all arithmetic does.
 */
import { OP } from "../ir/ops.ts";
import type { Operand } from "../x86/instruction.ts";
import type { Lift, Lifter } from "./lifter.ts";
import { withMmx } from "./mmx.ts";
import { byMxcsr, ROUND_F32X4, ROUND_F64X2, rounded, type Rounder } from "./sse_rounding.ts";
import {
  constant32,
  mergeLow,
  scalar,
  setLow,
  shuffleLanes,
  splat32,
  splat64,
  unary,
  vector,
  writeVector,
} from "./vector.ts";

const TWO_31_F32 = 0x4f000000;
/** High halves of f64: 2^31, 2^51, 2^63, 1.5 * 2^52. */
const TWO_31_F64 = 0x41e00000, TWO_51_F64 = 0x43200000, TWO_63_F64 = 0x43e00000, MAGIC_F64 = 0x43380000;

/** cvtsi2ss, cvtsi2sd: from 32 or 64 bits. */
function fromInteger(bytes: number, op32: number, op64: number): Lift {
  return (l) => {
    const [to, from] = l.insn.operands;
    setLow(l, to, bytes, l.op(from.bytes === 8 ? op64 : op32, l.read(from)));
  };
}

/**
 * Low lane of a vector to i32, truncating. The vector operation is one instruction on x64, where wasm's scalar one has to
 * check and clamp. What is too low becomes the least integer either way, so only the upper bound is checked.
 */
function lowToI32(l: Lifter, lane: number, v: number): number {
  const x = l.op(lane === 4 ? OP.f32x4_extract_lane : OP.f64x2_extract_lane, v, 0);
  const fits = lane === 4
    ? l.op(OP.f32_lt, x, l.op(OP.f32_reinterpret_i32, l.i32(TWO_31_F32)))
    : l.op(OP.f64_lt, x, f64Constant(l, TWO_31_F64));
  const truncated = l.op(lane === 4 ? OP.i32x4_relaxed_trunc_f32x4_s : OP.i32x4_relaxed_trunc_f64x2_s_zero, v);
  return l.op(OP.select_i32, l.op(OP.i32x4_extract_lane, truncated, 0), l.i32(0x80000000), fits);
}

function f64Constant(l: Lifter, high: number): number {
  return l.op(OP.f64_reinterpret_i64, l.i64(0, high));
}

/**
 * Low lane of `source()`, which makes it anew in each block, to i64, truncating, into a register. V8 takes 7 ns for
 * i64.trunc_sat; integers below 2^51 go through the significand instead: x + 1.5 * 2^52 has x in its low bits (under 2 ns).
 */
function writeI64(l: Lifter, to: Operand, lane: number, source: () => number): void {
  const asF64 = () => {
    const v = source();
    return lane === 4 ? l.op(OP.f64_promote_f32, l.op(OP.f32x4_extract_lane, v, 0)) : l.op(OP.f64x2_extract_lane, v, 0);
  };
  const near = l.innerBlock(), far = l.innerBlock(), join = l.innerBlock();
  l.endBranch(l.op(OP.f64_lt, l.op(OP.f64_abs, asF64()), f64Constant(l, TWO_51_F64)), near, far);
  l.begin(near);
  const shifted = l.op(OP.f64_add, l.op(OP.f64_trunc, asF64()), f64Constant(l, MAGIC_F64));
  l.write(to, l.op(OP.i64_sub, l.op(OP.i64_reinterpret_f64, shifted), l.i64(0, MAGIC_F64)));
  l.endJump(join);
  l.begin(far);
  const x = asF64();
  const fits = l.op(OP.f64_lt, x, f64Constant(l, TWO_63_F64));
  l.write(to, l.op(OP.select_i64, l.op(OP.i64_trunc_sat_f64_s, x), l.i64(0, 0x80000000 | 0), fits));
  l.endJump(join);
  l.begin(join);
}

function writeInteger(l: Lifter, to: Operand, lane: number, source: () => number): void {
  if (to.bytes === 8) writeI64(l, to, lane, source);
  else l.write(to, lowToI32(l, lane, source()));
}

function toInteger(lane: number): Lift {
  return (l) => {
    const [to, from] = l.insn.operands;
    writeInteger(l, to, lane, () => vector(l, from));
  };
}

function toRoundedInteger(lane: number): Lift {
  const rounder = lane === 4 ? ROUND_F32X4 : ROUND_F64X2;
  return (l) => {
    const [to, from] = l.insn.operands;
    byMxcsr(l, (mode) => writeInteger(l, to, lane, () => rounded(l, rounder, vector(l, from), mode)));
  };
}

/** Four singles to four integers, truncating. In-range lanes of the relaxed operation are the same everywhere. */
function singlesToIntegers(l: Lifter, v: number): number {
  const fits = l.op(OP.f32x4_lt, v, splat32(l, TWO_31_F32));
  return l.op(OP.v128_bitselect, l.op(OP.i32x4_relaxed_trunc_f32x4_s, v), splat32(l, 0x80000000 | 0), fits);
}

/** Two doubles to two integers, zeros above. */
export function doublesToIntegers(l: Lifter, v: number): number {
  const wide = l.op(OP.f64x2_lt, v, splat64(l, 0, TWO_31_F64));
  const fits = shuffleLanes(l, wide, wide, 4, 0, 2, 0, 2);
  const indefinite = constant32(l, 0x80000000 | 0, 0x80000000 | 0, 0, 0);
  return l.op(OP.v128_bitselect, l.op(OP.i32x4_relaxed_trunc_f64x2_s_zero, v), indefinite, fits);
}

const cvtps2dq: Lift = (l) => {
  const [to, from] = l.insn.operands;
  byMxcsr(l, (mode) => l.write(to, singlesToIntegers(l, rounded(l, ROUND_F32X4, vector(l, from), mode))));
};

const cvtpd2dq: Lift = (l) => {
  const [to, from] = l.insn.operands;
  byMxcsr(l, (mode) => l.write(to, doublesToIntegers(l, rounded(l, ROUND_F64X2, vector(l, from), mode))));
};

/** Between single and double, low lane. */
function changeWidth(from: number, to: number, op: number): Lift {
  return (l) => {
    const [destination, source]: Operand[] = l.insn.operands;
    setLow(l, destination, to, l.op(op, scalar(l, source, from)));
  };
}

function whole(op: number): Lift {
  return unary((l, b) => l.op(op, b));
}

/** cvtpi2ps keeps the upper half of its destination. */
const cvtpi2ps: Lift = (l) => {
  const [to, from] = l.insn.operands;
  mergeLow(l, to, 8, l.op(OP.f32x4_convert_i32x4_s, vector(l, from)));
};

/** cvtps2pi, cvtpd2pi: to an mm register. */
function toMmx(convert: (l: Lifter, v: number) => number, rounder: Rounder): Lift {
  return (l) => {
    const [to, from] = l.insn.operands;
    byMxcsr(l, (mode) => writeVector(l, to, convert(l, rounded(l, rounder, vector(l, from), mode))));
  };
}

export const sseConvertLifts: Record<string, Lift> = withMmx({
  cvtsi2ss: fromInteger(4, OP.f32_convert_i32_s, OP.f32_convert_i64_s),
  cvtsi2sd: fromInteger(8, OP.f64_convert_i32_s, OP.f64_convert_i64_s),
  cvttss2si: toInteger(4),
  cvttsd2si: toInteger(8),
  cvtss2si: toRoundedInteger(4),
  cvtsd2si: toRoundedInteger(8),
  cvtss2sd: changeWidth(4, 8, OP.f64_promote_f32),
  cvtsd2ss: changeWidth(8, 4, OP.f32_demote_f64),
  cvtps2pd: whole(OP.f64x2_promote_low_f32x4),
  cvtpd2ps: whole(OP.f32x4_demote_f64x2_zero),
  cvtdq2ps: whole(OP.f32x4_convert_i32x4_s),
  cvtdq2pd: whole(OP.f64x2_convert_low_i32x4_s),
  cvttps2dq: unary(singlesToIntegers),
  cvttpd2dq: unary(doublesToIntegers),
  cvtps2dq,
  cvtpd2dq,
  cvtpi2ps,
  cvtpi2pd: whole(OP.f64x2_convert_low_i32x4_s),
  cvttps2pi: unary(singlesToIntegers),
  cvttpd2pi: unary(doublesToIntegers),
  cvtps2pi: toMmx(singlesToIntegers, ROUND_F32X4),
  cvtpd2pi: toMmx(doublesToIntegers, ROUND_F64X2),
});
