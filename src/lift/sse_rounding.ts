/** Rounding to integers, as the instruction says or as MXCSR.RC says. */
import { OP } from "../ir/ops.ts";
import { STATE_MXCSR } from "../machine/state.ts";
import type { Lifter } from "./lifter.ts";

/** Rounding control, as in MXCSR.RC and the immediate of ROUNDSD. */
export const ROUND_NEAREST = 0, ROUND_DOWN = 1, ROUND_UP = 2, ROUND_TO_ZERO = 3;
/** Not a value of RC: take what MXCSR holds, known not to be ROUND_NEAREST. */
export const ROUND_BY_MXCSR = 4;

const RC_MASK = 0x6000, RC_DOWN = 0x2000, RC_UP = 0x4000;

/** Rounding operations in the order of RC, and the select of their type. */
export interface Rounder {
  ops: readonly number[];
  select: number;
}

export const ROUND_F32X4: Rounder = {
  ops: [OP.f32x4_nearest, OP.f32x4_floor, OP.f32x4_ceil, OP.f32x4_trunc],
  select: OP.select_v128,
};
export const ROUND_F64X2: Rounder = {
  ops: [OP.f64x2_nearest, OP.f64x2_floor, OP.f64x2_ceil, OP.f64x2_trunc],
  select: OP.select_v128,
};

/** A value rounded to integers. */
export function rounded(l: Lifter, rounder: Rounder, x: number, mode: number): number {
  const { ops, select } = rounder;
  if (mode !== ROUND_BY_MXCSR) return l.op(ops[mode], x);
  const rc = l.op(OP.i32_and, l.loadState(OP.i32_load, STATE_MXCSR), l.i32(RC_MASK));
  const upOrZero = l.op(select, l.op(ops[ROUND_UP], x), l.op(ops[ROUND_TO_ZERO], x), l.op(OP.i32_eq, rc, l.i32(RC_UP)));
  return l.op(select, l.op(ops[ROUND_DOWN], x), upOrZero, l.op(OP.i32_eq, rc, l.i32(RC_DOWN)));
}

/**
 * Lets `lift` write its result with the mode that MXCSR holds: once for ROUND_NEAREST, where nearly all programs always are,
 * and once out of line for the others.
 */
export function byMxcsr(l: Lifter, lift: (mode: number) => void): void {
  const nearest = l.innerBlock(), other = l.innerBlock(), join = l.innerBlock();
  const rc = l.op(OP.i32_and, l.loadState(OP.i32_load, STATE_MXCSR), l.i32(RC_MASK));
  l.endBranch(rc, other, nearest);
  l.begin(nearest);
  lift(ROUND_NEAREST);
  l.endJump(join);
  l.begin(other);
  lift(ROUND_BY_MXCSR);
  l.endJump(join);
  l.begin(join);
}
