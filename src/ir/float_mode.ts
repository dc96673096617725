/**
 * Arithmetic under an MXCSR that a program has changed: directed rounding, denormals as zero, flush to zero (Intel SDM volume
 * 1, 10.2.3 and 4.8.4). The interpreter honours it; compiled code computes as under the default, as wasm has no other.
 *
 * The nearest result is one of the two neighbours of the exact one, so it is computed first, compared with the exact result in
 * integers, and moved by one place if the mode wants the other neighbour. Slow, and only run in a mode that is rare.
 */
import {
  type Arithmetic,
  binary32,
  binary64,
  bitsOf32,
  bitsOf64,
  isNan32,
  isNan64,
  toF32,
  toF64,
  type Unary,
  unary32,
  unary64,
} from "./float_bits.ts";
import { DENORMALS_ARE_ZERO, FLUSH_TO_ZERO, ROUNDING_CONTROL } from "../machine/code_mode.ts";

const ROUND_DOWN = 0x2000;

/** What differs between f32 and f64. */
export interface Format {
  leastNormal: number;
  /** Bits of a significand, exponent of the least denormal, greatest finite number. */
  precision: number;
  leastExponent: number;
  greatest: number;
  nearest: (x: number) => number;
  /** The next number away from zero (step 1) or towards it (step -1), by its bits. */
  step: (x: number, step: 1 | -1) => number;
}

export const F32: Format = {
  leastNormal: 2 ** -126,
  precision: 24,
  leastExponent: -149,
  greatest: 2 ** 128 - 2 ** 104,
  nearest: Math.fround,
  step: (x, step) => toF32(bitsOf32(x) + step),
};

export const F64: Format = {
  leastNormal: 2 ** -1022,
  precision: 53,
  leastExponent: -1074,
  greatest: Number.MAX_VALUE,
  nearest: (x) => x,
  step: (x, step) => toF64(bitsOf64(x) + BigInt(step)),
};

/** Operations with rounding, by name. */
export type RoundedOp = "add" | "sub" | "mul" | "div" | "sqrt";

/** A finite number as integer * 2^-1074: every f64 and f32 is one. */
export function exact(x: number): bigint {
  const bits = bitsOf64(x);
  const exponent = Number(bits >> 52n & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const magnitude = exponent === 0 ? fraction : (fraction | 1n << 52n) << BigInt(exponent - 1);
  return bits >> 63n ? -magnitude : magnitude;
}

const SCALE = 1074n;

/** Between these magnitudes products of two numbers, and what they leave out, are exact in two f64. */
const LEAST_QUICK = 2 ** -450, GREATEST_QUICK = 2 ** 450;

function isQuick(x: number): boolean {
  const magnitude = Math.abs(x);
  return magnitude > LEAST_QUICK && magnitude < GREATEST_QUICK;
}

/** The part of x * y that p, the product as f64, leaves out (Dekker, "A floating-point technique", 1971). */
function restOfProduct(x: number, y: number, p: number): number {
  const bigX = x * 134217729, bigY = y * 134217729;
  const xh = bigX - (bigX - x), yh = bigY - (bigY - y), xl = x - xh, yl = y - yh;
  return xl * yl - (p - xh * yh - xl * yh - xh * yl);
}

/**
 * As signOfError, for operands of ordinary size; r is the f64 or f32 nearest to the result. A difference of two f64 is rounded to
 * the right sign, so it need not be exact.
 */
function quickSignOfError(op: RoundedOp, x: number, y: number, r: number): number {
  switch (op) {
    case "add":
    case "sub": {
      const z = op === "add" ? y : -y, s = x + z, back = s - x;
      const rest = (x - (s - back)) + (z - back);
      return s === r ? rest : s - r + rest;
    }
    case "mul": {
      const p = x * y;
      return p === r ? restOfProduct(x, y, p) : p - r + restOfProduct(x, y, p);
    }
    case "div": {
      const p = r * y;
      return (x - p - restOfProduct(r, y, p)) * Math.sign(y);
    }
    case "sqrt": {
      const p = r * r;
      return x - p - restOfProduct(r, r, p);
    }
  }
}

/** The exact result minus r, or something of its sign. All operands are finite, y is not zero for div. */
function signOfError(op: RoundedOp, x: number, y: number, r: number): number {
  return isQuick(x) && isQuick(y) && isQuick(r) ? quickSignOfError(op, x, y, r) : signOf(exactError(op, x, y, r));
}

function signOf(n: bigint): number {
  return n > 0n ? 1 : n < 0n ? -1 : 0;
}

function exactError(op: RoundedOp, x: number, y: number, r: number): bigint {
  const [a, b, c] = [exact(x), exact(y), exact(r)];
  switch (op) {
    case "add":
      return a + b - c;
    case "sub":
      return a - b - c;
    case "mul":
      return a * b - (c << SCALE);
    case "div":
      // x / y - r has the sign of (x - r * y) * y.
      return ((a << SCALE) - c * b) * b;
    case "sqrt":
      return (a << SCALE) - c * c;
  }
}

/** Moves a nearest result r to the neighbour that the mode wants, `error` being the sign of exact - r. */
function directed(r: number, error: number, mode: number, format: Format): number {
  const rc = mode & ROUNDING_CONTROL;
  if (rc === 0 || error === 0) return r;
  const positive = r > 0 || Object.is(r, 0);
  // Towards zero, both bits set, is down for positive results and up for negative ones.
  const down = rc === ROUND_DOWN || (rc === ROUNDING_CONTROL && positive);
  if (down && error < 0) return below(r, format);
  if (!down && error > 0) return -below(-r, format);
  return r;
}

/** The next number below r. */
function below(r: number, format: Format): number {
  if (r === 0) return -format.step(0, 1);
  return format.step(r, r > 0 ? -1 : 1);
}

/** A sum that is exactly zero is -0 when rounding down, unless both are +0 (IEEE 754, 6.3). */
function zeroSum(op: RoundedOp, x: number, y: number, r: number, mode: number): number {
  if (r !== 0 || (mode & ROUNDING_CONTROL) !== ROUND_DOWN || (op !== "add" && op !== "sub")) return r;
  return Object.is(x, 0) && Object.is(y, op === "add" ? 0 : -0) ? 0 : -0;
}

const COMPUTE: Record<RoundedOp, Arithmetic> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  div: (x, y) => x / y,
  sqrt: Math.sqrt,
};

/**
 * Brings results that are too small for a normal number among the normal ones. To flush them is decided before they are rounded
 * to a denormal one (Intel SDM volume 1, 4.9.1.5): as if there were no least exponent.
 */
export const SCALE_UP_BITS = 32;
const SCALE_UP = 2 ** SCALE_UP_BITS;

function inMode(op: RoundedOp, mode: number, format: Format): Arithmetic {
  return (x, y) => {
    x = asOperand(x, mode, format);
    y = asOperand(y, mode, format);
    const r = rounded(op, x, y, mode, format);
    if (op === "sqrt") return r;
    // Small sums are exact.
    const isSum = op === "add" || op === "sub";
    return flushed(r, mode, format, () => isSum ? r * SCALE_UP : rounded(op, x * SCALE_UP, y, mode, format));
  };
}

function rounded(op: RoundedOp, x: number, y: number, mode: number, format: Format): number {
  const nearest = format.nearest(COMPUTE[op](x, y));
  if (!Number.isFinite(x) || !Number.isFinite(y) || Number.isNaN(nearest) || (op === "div" && y === 0)) {
    return nearest;
  }
  const error = Number.isFinite(nearest) ? signOfError(op, x, y, nearest) : nearest > 0 ? -1 : 1;
  return error === 0 ? zeroSum(op, x, y, nearest, mode) : directed(nearest, error, mode, format);
}

export function asOperand(x: number, mode: number, format: Format): number {
  return mode & DENORMALS_ARE_ZERO && Math.abs(x) < format.leastNormal ? x * 0 : x;
}

/** A result, or zero in its place; `large` gives the same 2^SCALE_UP_BITS times as large, rounded. */
export function flushed(r: number, mode: number, format: Format, large: () => number): number {
  return mode & FLUSH_TO_ZERO && Math.abs(large()) < format.leastNormal * SCALE_UP ? r * 0 : r;
}

/** An operation on f32 bits; sqrt takes its operand twice. Mode 0, the default, goes straight. */
export function rounded32(op: RoundedOp): (a: number, b: number, mode: number) => number {
  return (a, b, mode) => binary32(a, b, mode === 0 ? COMPUTE[op] : inMode(op, mode, F32));
}

export function rounded64(op: RoundedOp): (a: bigint, b: bigint, mode: number) => bigint {
  return (a, b, mode) => binary64(a, b, mode === 0 ? COMPUTE[op] : inMode(op, mode, F64));
}

/** Rounding to an integer is not touched by the mode but for denormal operands. */
export function toIntegral32(a: number, round: Unary, mode: number): number {
  return unary32(a, (x) => round(asOperand(x, mode, F32)));
}

export function toIntegral64(a: bigint, round: Unary, mode: number): bigint {
  return unary64(a, (x) => round(asOperand(x, mode, F64)));
}

/** cvtsd2ss on bits: a NaN keeps its sign and the top of its payload and becomes quiet. */
export function demote(a: bigint, mode: number): number {
  if (!isNan64(a)) return bitsOf32(narrowed(toF64(a), mode));
  const sign = Number(a >> 32n) & 0x80000000;
  return (sign | 0x7fc00000 | Number(a >> 29n & 0x3fffffn)) >>> 0;
}

function narrowed(x: number, mode: number): number {
  const operand = asOperand(x, mode, F64);
  const inMode = (x: number) => {
    const nearest = Math.fround(x);
    if (mode === 0 || !Number.isFinite(x)) return nearest;
    const error = Number.isFinite(nearest) ? signOf(exact(x) - exact(nearest)) : nearest > 0 ? -1 : 1;
    return directed(nearest, error, mode, F32);
  };
  return flushed(inMode(operand), mode, F32, () => inMode(operand * SCALE_UP));
}

/** cvtss2sd on bits. */
export function promote(a: number, mode: number): bigint {
  if (!isNan32(a)) return bitsOf64(asOperand(toF32(a), mode, F32));
  return BigInt(a >>> 31) << 63n | 0x7ff8000000000000n | BigInt(a & 0x3fffff) << 29n;
}

/** The f64 of an integer. Number(bigint) rounds to nearest, ties to even. */
export function f64OfInteger(n: bigint, mode: number): number {
  const nearest = Number(n);
  return mode === 0 ? nearest : directed(nearest, signOf((n << SCALE) - exact(nearest)), mode, F64);
}

/** The f32 of an integer: rounded once, which going through f64 would not be. */
export function f32OfInteger(n: bigint, mode: number): number {
  let magnitude = n < 0n ? -n : n;
  let scale = 0;
  // Keep 32 bits and or the rest into the last of them; f64 then holds it exactly.
  while (magnitude >= 1n << 32n) {
    magnitude = magnitude >> 1n | magnitude & 1n;
    scale++;
  }
  const value = Number(magnitude) * 2 ** scale;
  const nearest = Math.fround(n < 0n ? -value : value);
  return mode === 0 ? nearest : directed(nearest, signOf((n << SCALE) - exact(nearest)), mode, F32);
}
