/**
 * Flag production, deferred. An arithmetic instruction leaves a FlagSource: what was computed from what. Flag bits are
 * calculated from it only when somebody reads them, and conditions are recognised as the comparison they are (cmp + jl is
 * i32.lt_s). Intel SDM volume 1, 3.4.3.1 and appendix B for the conditions.
 */
import { OP } from "../ir/ops.ts";
import type { Builder } from "./builder.ts";
import { floatCondition, floatFlag } from "./float_flags.ts";

export const SOURCE_ADD = 1; // result = a + b (+ carry)
export const SOURCE_SUB = 2; // result = a - b (- carry)
export const SOURCE_LOGIC = 3; // CF = OF = AF = 0
// Shifts by b, which is not zero and below the value type's width. The last bit shifted out is CF.
export const SOURCE_SHL = 4; // result = a << b with all of its i32 bits where bytes is 1 or 2
export const SOURCE_SHR = 5; // result = a >>> b
export const SOURCE_SAR = 6; // result = a >> b, a sign-extended
export const SOURCE_FLOAT = 7; // ucomiss (bytes 4: a and b are f32), ucomisd (bytes 8: f64); no result

export interface FlagSource {
  kind: number;
  /** Operand width: 1 and 2 (i32), 4 (i32), 8 (i64). */
  bytes: number;
  /** 1 and 2 byte operands are zero-extended. */
  a: number;
  b: number;
  /** May have junk above the width. -1: not computed, see resultOf(). */
  result: number;
  /** i32 0/1 that was added or subtracted too (adc, sbb), or -1. */
  carry: number;
}

/** The result; that of a comparison comes into being here. */
function resultOf(q: Builder, s: FlagSource): number {
  if (s.result < 0) s.result = s.bytes === 8 ? q.sub64(s.a, s.b) : q.sub32(s.a, s.b);
  return s.result;
}

function narrow(q: Builder, bytes: number, v: number): number {
  return bytes >= 4 ? v : q.mask32(v, bytes === 1 ? 0xff : 0xffff);
}

/** Sign bit of a value of the width (junk above it allowed), as i32 0/1. */
export function signBit(q: Builder, bytes: number, v: number): number {
  const { fn } = q;
  if (bytes === 8) return q.isConst64(v) ? q.i32(fn.b[v] >>> 31) : q.op(OP.i64_lt_s, v, q.i64(0));
  const top = bytes * 8 - 1;
  if (q.isConst32(v)) return q.i32((fn.a[v] >>> top) & 1);
  if (bytes === 4) return q.op(OP.i32_lt_s, v, q.i32(0));
  return q.op(OP.i32_and, q.op(OP.i32_shr_u, v, q.i32(top)), q.i32(1));
}

export function isZero(q: Builder, bytes: number, v: number): number {
  const { fn } = q;
  if (bytes === 8) return q.isConst64(v) ? q.i32(fn.a[v] || fn.b[v] ? 0 : 1) : q.op(OP.i64_eqz, v);
  const x = narrow(q, bytes, v);
  return q.isConst32(x) ? q.i32(fn.a[x] ? 0 : 1) : q.op(OP.i32_eqz, x);
}

function isNotZero(q: Builder, bytes: number, v: number): number {
  if (bytes === 8) return q.op(OP.i64_ne, v, q.i64(0));
  return q.op(OP.i32_ne, narrow(q, bytes, v), q.i32(0));
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
  if (bytes === 8 ? q.isZero64(b) : q.isZero32(b)) return isZero(q, bytes, a);
  return q.op(bytes === 8 ? OP.i64_eq : OP.i32_eq, a, b);
}

/** Bit `index` (a value of the width's type) of v, as i32 0/1. */
function bitAt(q: Builder, bytes: number, v: number, index: number): number {
  const shifted = bytes === 8 ? q.wrap(q.op(OP.i64_shr_u, v, index)) : q.op(OP.i32_shr_u, v, index);
  return q.op(OP.i32_and, shifted, q.i32(1));
}

export function carryOf(q: Builder, s: FlagSource): number {
  const { bytes, a, b } = s;
  switch (s.kind) {
    case SOURCE_ADD: {
      const result = narrow(q, bytes, s.result);
      const wrapped = below(q, bytes, result, a);
      if (s.carry < 0) return wrapped;
      return q.op(OP.i32_or, wrapped, q.op(OP.i32_and, s.carry, equal(q, bytes, result, a)));
    }
    case SOURCE_SUB: {
      const borrowed = below(q, bytes, a, b);
      if (s.carry < 0) return borrowed;
      return q.op(OP.i32_or, borrowed, q.op(OP.i32_and, s.carry, equal(q, bytes, a, b)));
    }
    case SOURCE_SHL:
      if (bytes < 4) return bitAt(q, 4, s.result, q.i32(bytes * 8));
      // wasm takes shift counts modulo the width, so -count is width - count.
      return bitAt(q, bytes, a, bytes === 8 ? q.sub64(q.i64(0), b) : q.sub32(q.i32(0), b));
    case SOURCE_SHR:
    case SOURCE_SAR:
      return bitAt(q, bytes, a, bytes === 8 ? q.add64(b, q.i64(-1)) : q.add32(b, q.i32(-1)));
    default:
      return q.i32(0);
  }
}

export function overflowOf(q: Builder, s: FlagSource): number {
  const { bytes, a, b } = s;
  const xor = bytes === 8 ? OP.i64_xor : OP.i32_xor;
  const and = bytes === 8 ? OP.i64_and : OP.i32_and;
  switch (s.kind) {
    case SOURCE_ADD: {
      // Both operands differ from the result in sign.
      return signBit(q, bytes, q.op(and, q.op(xor, a, s.result), q.op(xor, b, s.result)));
    }
    case SOURCE_SUB: {
      // a differs from b and from the result.
      return signBit(q, bytes, q.op(and, q.op(xor, a, resultOf(q, s)), q.op(xor, a, b)));
    }
    // Defined for counts of one only; for others CPUs go on by the same rule.
    case SOURCE_SHL:
      return q.op(OP.i32_xor, signBit(q, bytes, s.result), carryOf(q, s));
    case SOURCE_SHR: {
      const doubled = bytes === 8 ? q.op(OP.i64_shl, s.result, q.i64(1)) : q.shl32(s.result, 1);
      return signBit(q, bytes, q.op(xor, s.result, doubled));
    }
    default:
      return q.i32(0);
  }
}

export function auxCarryOf(q: Builder, s: FlagSource): number {
  if (s.kind !== SOURCE_ADD && s.kind !== SOURCE_SUB) return q.i32(0);
  const low = (v: number) => (s.bytes === 8 ? q.wrap(v) : v);
  const x = q.op(OP.i32_xor, q.op(OP.i32_xor, low(s.a), low(s.b)), low(resultOf(q, s)));
  return q.op(OP.i32_and, q.op(OP.i32_shr_u, x, q.i32(4)), q.i32(1));
}

/** ZF. A comparison's operands are compared; where the result is needed anyhow, it is tested. */
function zeroOf(q: Builder, s: FlagSource): number {
  if (comparesOperands(s)) return equal(q, s.bytes, s.a, s.b);
  return isZero(q, s.bytes, s.result);
}

function comparesOperands(s: FlagSource): boolean {
  return s.kind === SOURCE_SUB && s.carry < 0 && (s.result < 0 || s.bytes < 4);
}

/** Value of flag number `flag` (0 CF, 1 PF, 2 AF, 3 ZF, 4 SF, 5 OF) of a source, i32 0/1. */
export function flagOf(q: Builder, s: FlagSource, flag: number): number {
  if (s.kind === SOURCE_FLOAT) return floatFlag(q, s, flag);
  switch (flag) {
    case 0:
      return carryOf(q, s);
    case 1:
      return evenParity(q, s.bytes, resultOf(q, s));
    case 2:
      return auxCarryOf(q, s);
    case 3:
      return zeroOf(q, s);
    case 4:
      return signBit(q, s.bytes, resultOf(q, s));
    default:
      return overflowOf(q, s);
  }
}

/** Sign-extends a 1 or 2 byte value (junk above allowed) within i32; wider ones pass. */
export function signExtend(q: Builder, bytes: number, v: number): number {
  if (bytes >= 4) return v;
  if (q.isConst32(v)) return q.i32(bytes === 1 ? (q.fn.a[v] << 24) >> 24 : (q.fn.a[v] << 16) >> 16);
  return q.op(bytes === 1 ? OP.i32_extend8_s : OP.i32_extend16_s, v);
}

/**
 * A condition code (0..15) as one comparison, i32 0/1, when all its flags come from one source that allows it; else -1.
 * Odd codes are the negation of the even ones.
 */
export function fusedCondition(q: Builder, s: FlagSource, code: number): number {
  if (s.kind === SOURCE_FLOAT) return floatCondition(q, s, code);
  if (s.kind === SOURCE_SUB && s.carry < 0) {
    const fused = comparison(q, s, code);
    if (fused >= 0) return fused;
  } else if (s.kind === SOURCE_LOGIC) {
    const fused = comparisonWithZero(q, s, code);
    if (fused >= 0) return fused;
  }
  switch (code) {
    case 4:
      return isZero(q, s.bytes, resultOf(q, s));
    case 5:
      return isNotZero(q, s.bytes, resultOf(q, s));
    case 8:
      return signBit(q, s.bytes, resultOf(q, s));
    case 9: {
      const r = signExtend(q, s.bytes, resultOf(q, s));
      return s.bytes === 8 ? q.op(OP.i64_ge_s, r, q.i64(0)) : q.op(OP.i32_ge_s, r, q.i32(0));
    }
  }
  return -1;
}

/** Conditions after a - b that compare a with b. */
function comparison(q: Builder, s: FlagSource, code: number): number {
  const { bytes, a, b } = s;
  const wide = bytes === 8;
  const cmp = (op32: number, op64: number) => q.op(wide ? op64 : op32, a, b);
  const signed = (op32: number, op64: number) =>
    q.op(wide ? op64 : op32, signExtend(q, bytes, a), signExtend(q, bytes, b));
  switch (code) {
    case 2:
      return cmp(OP.i32_lt_u, OP.i64_lt_u);
    case 3:
      return cmp(OP.i32_ge_u, OP.i64_ge_u);
    case 4:
      return zeroOf(q, s);
    case 5:
      return comparesOperands(s) ? cmp(OP.i32_ne, OP.i64_ne) : isNotZero(q, bytes, s.result);
    case 6:
      return cmp(OP.i32_le_u, OP.i64_le_u);
    case 7:
      return cmp(OP.i32_gt_u, OP.i64_gt_u);
    case 12:
      return signed(OP.i32_lt_s, OP.i64_lt_s);
    case 13:
      return signed(OP.i32_ge_s, OP.i64_ge_s);
    case 14:
      return signed(OP.i32_le_s, OP.i64_le_s);
    case 15:
      return signed(OP.i32_gt_s, OP.i64_gt_s);
  }
  return -1;
}

/** Conditions where CF and OF are clear: the result is compared with zero. */
function comparisonWithZero(q: Builder, s: FlagSource, code: number): number {
  const { bytes, result } = s;
  const signed = (op32: number, op64: number) =>
    bytes === 8 ? q.op(op64, result, q.i64(0)) : q.op(op32, signExtend(q, bytes, result), q.i32(0));
  switch (code) {
    case 0:
    case 2:
      return q.i32(0);
    case 1:
    case 3:
      return q.i32(1);
    case 6:
      return isZero(q, bytes, result);
    case 7:
      return isNotZero(q, bytes, result);
    case 12:
      return signBit(q, bytes, result);
    case 13:
      return signed(OP.i32_ge_s, OP.i64_ge_s);
    case 14:
      return signed(OP.i32_le_s, OP.i64_le_s);
    case 15:
      return signed(OP.i32_gt_s, OP.i64_gt_s);
  }
  return -1;
}

/** Flags (FLAG_ mask) that a condition code reads. */
export const CONDITION_FLAGS: readonly number[] = [32, 32, 1, 1, 8, 8, 9, 9, 16, 16, 2, 2, 48, 48, 56, 56];
