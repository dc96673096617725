/**
 * Flag production, deferred. An arithmetic instruction leaves a FlagSource: what was computed from what. Flag bits are
 * calculated from it only when somebody reads them, and conditions are recognised as the comparison they are (cmp + jl is
 * i32.lt_s). Intel SDM volume 1, 3.4.3.1 and appendix B for the conditions.
 */
import { OP } from "../ir/ops.ts";
import type { Builder } from "./builder.ts";

export const SOURCE_ADD = 1; // result = a + b (+ carry)
export const SOURCE_SUB = 2; // result = a - b (- carry)
export const SOURCE_LOGIC = 3; // CF = OF = AF = 0

export interface FlagSource {
  kind: number;
  /** Operand width: 1 and 2 (zero-extended i32), 4 (i32), 8 (i64). */
  bytes: number;
  a: number;
  b: number;
  result: number;
  /** i32 0/1 that was added or subtracted too (adc, sbb), or -1. */
  carry: number;
}

/** Sign bit of a value of the width, as i32 0/1. */
export function signBit(q: Builder, bytes: number, v: number): number {
  if (bytes === 8) return q.op(OP.i64_lt_s, v, q.i64(0));
  if (bytes === 4) return q.op(OP.i32_lt_s, v, q.i32(0));
  return q.op(OP.i32_and, q.op(OP.i32_shr_u, v, q.i32(bytes * 8 - 1)), q.i32(1));
}

export function isZero(q: Builder, bytes: number, v: number): number {
  return q.op(bytes === 8 ? OP.i64_eqz : OP.i32_eqz, v);
}

/** PF: 1 when the low eight bits have an even number of ones. */
export function evenParity(q: Builder, bytes: number, v: number): number {
  const low = q.mask32(bytes === 8 ? q.wrap(v) : v, 0xff);
  return q.op(OP.i32_xor, q.op(OP.i32_and, q.op(OP.i32_popcnt, low), q.i32(1)), q.i32(1));
}

/** Unsigned less-than of the width. */
function below(q: Builder, bytes: number, a: number, b: number): number {
  return q.op(bytes === 8 ? OP.i64_lt_u : OP.i32_lt_u, a, b);
}

function equal(q: Builder, bytes: number, a: number, b: number): number {
  if (bytes === 8 ? isZero64(q, b) : q.isConst32(b) && q.fn.a[b] === 0) return isZero(q, bytes, a);
  return q.op(bytes === 8 ? OP.i64_eq : OP.i32_eq, a, b);
}

function isZero64(q: Builder, v: number): boolean {
  return q.isConst64(v) && q.fn.a[v] === 0 && q.fn.b[v] === 0;
}

export function carryOf(q: Builder, s: FlagSource): number {
  switch (s.kind) {
    case SOURCE_ADD: {
      const wrapped = below(q, s.bytes, s.result, s.a);
      if (s.carry < 0) return wrapped;
      return q.op(OP.i32_or, wrapped, q.op(OP.i32_and, s.carry, equal(q, s.bytes, s.result, s.a)));
    }
    case SOURCE_SUB: {
      const borrowed = below(q, s.bytes, s.a, s.b);
      if (s.carry < 0) return borrowed;
      return q.op(OP.i32_or, borrowed, q.op(OP.i32_and, s.carry, equal(q, s.bytes, s.a, s.b)));
    }
    default:
      return q.i32(0);
  }
}

export function overflowOf(q: Builder, s: FlagSource): number {
  if (s.kind === SOURCE_LOGIC) return q.i32(0);
  const xor = s.bytes === 8 ? OP.i64_xor : OP.i32_xor;
  const and = s.bytes === 8 ? OP.i64_and : OP.i32_and;
  // add: both operands differ from the result in sign; sub: a differs from b and from the result.
  const other = s.kind === SOURCE_ADD ? q.op(xor, s.b, s.result) : q.op(xor, s.a, s.b);
  return signBit(q, s.bytes, q.op(and, q.op(xor, s.a, s.result), other));
}

export function auxCarryOf(q: Builder, s: FlagSource): number {
  if (s.kind === SOURCE_LOGIC) return q.i32(0);
  const narrow = (v: number) => (s.bytes === 8 ? q.wrap(v) : v);
  const x = q.op(OP.i32_xor, q.op(OP.i32_xor, narrow(s.a), narrow(s.b)), narrow(s.result));
  return q.op(OP.i32_and, q.op(OP.i32_shr_u, x, q.i32(4)), q.i32(1));
}

/** Value of flag number `flag` (0 CF, 1 PF, 2 AF, 3 ZF, 4 SF, 5 OF) of a source, i32 0/1. */
export function flagOf(q: Builder, s: FlagSource, flag: number): number {
  switch (flag) {
    case 0:
      return carryOf(q, s);
    case 1:
      return evenParity(q, s.bytes, s.result);
    case 2:
      return auxCarryOf(q, s);
    case 3:
      return isZero(q, s.bytes, s.result);
    case 4:
      return signBit(q, s.bytes, s.result);
    default:
      return overflowOf(q, s);
  }
}

const signExtend = (q: Builder, bytes: number, v: number) => {
  if (bytes >= 4) return v;
  if (q.isConst32(v)) return q.i32(bytes === 1 ? (q.fn.a[v] << 24) >> 24 : (q.fn.a[v] << 16) >> 16);
  return q.op(bytes === 1 ? OP.i32_extend8_s : OP.i32_extend16_s, v);
};

/**
 * A condition code (0..15) as one comparison, when all its flags come from one source that allows it; else -1.
 * Odd codes are the negation of the even ones.
 */
export function fusedCondition(q: Builder, s: FlagSource, code: number): number {
  const wide = s.bytes === 8;
  const cmp = (op32: number, op64: number, a: number, b: number) => q.op(wide ? op64 : op32, a, b);
  const signed = (op32: number, op64: number) =>
    cmp(op32, op64, signExtend(q, s.bytes, s.a), signExtend(q, s.bytes, s.b));
  if (s.kind === SOURCE_SUB && s.carry < 0) {
    switch (code) {
      case 2:
        return cmp(OP.i32_lt_u, OP.i64_lt_u, s.a, s.b);
      case 3:
        return cmp(OP.i32_ge_u, OP.i64_ge_u, s.a, s.b);
      case 4:
        return equal(q, s.bytes, s.a, s.b);
      case 5:
        return cmp(OP.i32_ne, OP.i64_ne, s.a, s.b);
      case 6:
        return cmp(OP.i32_le_u, OP.i64_le_u, s.a, s.b);
      case 7:
        return cmp(OP.i32_gt_u, OP.i64_gt_u, s.a, s.b);
      case 12:
        return signed(OP.i32_lt_s, OP.i64_lt_s);
      case 13:
        return signed(OP.i32_ge_s, OP.i64_ge_s);
      case 14:
        return signed(OP.i32_le_s, OP.i64_le_s);
      case 15:
        return signed(OP.i32_gt_s, OP.i64_gt_s);
    }
  }
  if (s.kind === SOURCE_LOGIC) {
    const r = signExtend(q, s.bytes, s.result);
    const zero = wide ? q.i64(0) : q.i32(0);
    switch (code) {
      case 0:
      case 2:
        return q.i32(0);
      case 1:
      case 3:
        return q.i32(1);
      case 4:
      case 6:
        return isZero(q, s.bytes, s.result);
      case 5:
      case 7:
        return cmp(OP.i32_ne, OP.i64_ne, s.result, zero);
      case 8:
      case 12:
        return cmp(OP.i32_lt_s, OP.i64_lt_s, r, zero);
      case 9:
      case 13:
        return cmp(OP.i32_ge_s, OP.i64_ge_s, r, zero);
      case 14:
        return cmp(OP.i32_le_s, OP.i64_le_s, r, zero);
      case 15:
        return cmp(OP.i32_gt_s, OP.i64_gt_s, r, zero);
    }
  }
  return -1;
}

/** Flags (FLAG_ mask) that a condition code reads. */
export const CONDITION_FLAGS: readonly number[] = [32, 32, 1, 1, 8, 8, 9, 9, 16, 16, 2, 2, 48, 48, 56, 56];
