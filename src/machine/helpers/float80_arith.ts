/** Addition, multiplication, division and square root of 80-bit numbers, to the precision in force. Results may be operands. */
import {
  EXPONENT_BIAS,
  FLAG_DE,
  FLAG_ZE,
  type Float80,
  type FloatEnvironment,
  HIDDEN_BIT,
  KIND_DENORMAL,
  KIND_INFINITY,
  KIND_NORMAL,
  KIND_QNAN,
  KIND_ZERO,
  propagateNan,
  propagateNans,
  ROUND_DOWN,
  scaleOf,
  setInfinity,
  setInvalid,
  setZero,
} from "./float80.ts";
import { leadingZeros, normalizeRoundPack, roundPack, shiftLeft, shiftRightJam, words } from "./float80_round.ts";

/** An arithmetic operation: r = a op b. */
export type BinaryOperation = (r: Float80, a: Float80, b: Float80, env: FloatEnvironment) => void;

export const add: BinaryOperation = (r, a, b, env) => addSigned(r, a, b, b.sign, env);
export const subtract: BinaryOperation = (r, a, b, env) => addSigned(r, a, b, b.sign ^ 1, env);

/** a + b with b's sign given apart: NaNs keep their own. */
function addSigned(r: Float80, a: Float80, b: Float80, bSign: number, env: FloatEnvironment): void {
  if (a.kind >= KIND_QNAN || b.kind >= KIND_QNAN) return propagateNans(r, a, b, env);
  const aInfinite = a.kind === KIND_INFINITY, bInfinite = b.kind === KIND_INFINITY;
  if (aInfinite && bInfinite && a.sign !== bSign) return setInvalid(r, env);
  raiseDenormal(a, b, env);
  if (aInfinite) return setInfinity(r, a.sign);
  if (bInfinite) return setInfinity(r, bSign);
  const aScale = scaleOf(a), bScale = scaleOf(b);
  if (a.sign === bSign) {
    if (a.kind === KIND_ZERO && b.kind === KIND_ZERO) return setZero(r, a.sign);
    if (aScale >= bScale) addMagnitudes(r, a, aScale, b, bScale, a.sign, env);
    else addMagnitudes(r, b, bScale, a, aScale, a.sign, env);
  } else if (isLess(a, aScale, b, bScale)) subtractMagnitudes(r, b, bScale, a, aScale, bSign, env);
  else subtractMagnitudes(r, a, aScale, b, bScale, a.sign, env);
}

export function raiseDenormal(a: Float80, b: Float80, env: FloatEnvironment): void {
  if (a.kind === KIND_DENORMAL || b.kind === KIND_DENORMAL) env.raise(FLAG_DE);
}

function isLess(a: Float80, aScale: number, b: Float80, bScale: number): boolean {
  if (aScale !== bScale) return aScale < bScale;
  return a.hi !== b.hi ? a.hi < b.hi : a.lo < b.lo;
}

/** r = ±(x + y), the scale of x being the larger one. */
function addMagnitudes(
  r: Float80,
  x: Float80,
  xScale: number,
  y: Float80,
  yScale: number,
  sign: number,
  env: FloatEnvironment,
): void {
  shiftRightJam(y.hi, y.lo, 0, xScale - yScale);
  let lo = x.lo + words.lo, hi = x.hi + words.hi, scale = xScale;
  let ext = words.ext;
  if (lo > 0xffffffff) {
    lo -= 2 ** 32;
    hi++;
  }
  if (hi > 0xffffffff) {
    ext = (ext >>> 1 | ext & 1 | lo << 31) >>> 0;
    lo = (lo >>> 1 | hi << 31) >>> 0;
    hi = (hi - 2 ** 32) / 2 + HIDDEN_BIT >>> 0;
    scale++;
  }
  normalizeRoundPack(r, sign, scale, hi, lo, ext, env);
}

/** r = ±(x - y), x being no smaller. */
function subtractMagnitudes(
  r: Float80,
  x: Float80,
  xScale: number,
  y: Float80,
  yScale: number,
  sign: number,
  env: FloatEnvironment,
): void {
  shiftRightJam(y.hi, y.lo, 0, xScale - yScale);
  const ext = -words.ext >>> 0;
  let lo = x.lo - words.lo - (ext === 0 ? 0 : 1), hi = x.hi - words.hi;
  if (lo < 0) {
    lo += 2 ** 32;
    hi--;
  }
  normalizeRoundPack(r, sign, xScale, hi, lo, ext, env, env.rounding === ROUND_DOWN ? 1 : 0);
}

/** High word of a 32 by 32 bit product; Math.imul gives the low one. */
function highProduct(a: number, b: number): number {
  const aLow = a & 0xffff, aHigh = a >>> 16, bLow = b & 0xffff, bHigh = b >>> 16;
  const middle = aHigh * bLow + (aLow * bLow >>> 16);
  const other = aLow * bHigh + (middle & 0xffff);
  return aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(other / 65536);
}

/** A finite operand that is not zero, its significand shifted up to the top bit. */
const left = { scale: 0, hi: 0, lo: 0 }, right = { scale: 0, hi: 0, lo: 0 };

function normalize(to: typeof left, x: Float80): void {
  to.scale = scaleOf(x);
  to.hi = x.hi;
  to.lo = x.lo;
  if (x.hi >= HIDDEN_BIT) return;
  const n = leadingZeros(x.hi, x.lo, 0);
  shiftLeft(x.hi, x.lo, 0, n);
  to.scale -= n;
  to.hi = words.hi;
  to.lo = words.lo;
}

export const multiply: BinaryOperation = (r, a, b, env) => {
  const sign = a.sign ^ b.sign;
  if (a.kind !== KIND_NORMAL || b.kind !== KIND_NORMAL) {
    if (a.kind >= KIND_QNAN || b.kind >= KIND_QNAN) return propagateNans(r, a, b, env);
    const infinite = a.kind === KIND_INFINITY || b.kind === KIND_INFINITY;
    const zero = a.kind === KIND_ZERO || b.kind === KIND_ZERO;
    if (infinite && zero) return setInvalid(r, env);
    raiseDenormal(a, b, env);
    if (infinite) return setInfinity(r, sign);
    if (zero) return setZero(r, sign);
  }
  normalize(left, a);
  normalize(right, b);
  // The 128-bit product w3:w2:w1:w0, summed column by column.
  const w0 = Math.imul(left.lo, right.lo) >>> 0;
  let column = highProduct(left.lo, right.lo) + (Math.imul(left.hi, right.lo) >>> 0) +
    (Math.imul(left.lo, right.hi) >>> 0);
  let w1 = column >>> 0;
  column = Math.floor(column / 2 ** 32) + highProduct(left.hi, right.lo) + highProduct(left.lo, right.hi) +
    (Math.imul(left.hi, right.hi) >>> 0);
  let w2 = column >>> 0;
  let w3 = highProduct(left.hi, right.hi) + Math.floor(column / 2 ** 32);
  let exponent = left.scale + right.scale - EXPONENT_BIAS + 1;
  if (w3 < HIDDEN_BIT) {
    w3 = (w3 << 1 | w2 >>> 31) >>> 0;
    w2 = (w2 << 1 | w1 >>> 31) >>> 0;
    w1 = (w1 << 1 | w0 >>> 31) >>> 0;
    exponent--;
  }
  roundPack(r, sign, exponent, w3, w2, (w1 | (w0 === 0 ? 0 : 1)) >>> 0, env);
};

/** Bits of a quotient digit: few enough that a double's estimate of it is off by one at most. */
const DIGIT_BITS = 24;
const DIGIT = 2 ** DIGIT_BITS;

/**
 * One step of long division: remainder hi:lo (below the divisor) becomes its multiple by 2^24 less digit times divisor, left in
 * `remainder`; returns the digit.
 */
const remainder = { hi: 0, lo: 0 };

function divideStep(divisorHi: number, divisorLo: number): number {
  const { hi, lo } = remainder;
  let digit = Math.floor((hi * 2 ** 32 + lo) * DIGIT / (divisorHi * 2 ** 32 + divisorLo));
  // The remainder times 2^24 in three words, less digit times divisor.
  const lowProduct = Math.imul(digit, divisorLo) >>> 0;
  const middle = highProduct(digit, divisorLo) + (Math.imul(digit, divisorHi) >>> 0);
  const highProductSum = highProduct(digit, divisorHi) + Math.floor(middle / 2 ** 32);
  let w0 = (lo << DIGIT_BITS >>> 0) - lowProduct;
  let w1 = ((hi << DIGIT_BITS | lo >>> 32 - DIGIT_BITS) >>> 0) - (middle >>> 0);
  let w2 = (hi >>> 32 - DIGIT_BITS) - highProductSum;
  if (w0 < 0) w0 += 2 ** 32, w1--;
  if (w1 < 0) w1 += 2 ** 32, w2--;
  if (w2 < 0) {
    digit--;
    w0 += divisorLo;
    w1 += divisorHi;
  } else if (w2 > 0 || w1 > divisorHi || (w1 === divisorHi && w0 >= divisorLo)) {
    digit++;
    w0 -= divisorLo;
    w1 -= divisorHi;
  }
  if (w0 < 0) w1--;
  else if (w0 > 0xffffffff) w1++;
  remainder.lo = w0 >>> 0;
  remainder.hi = w1 >>> 0;
  return digit;
}

export const divide: BinaryOperation = (r, a, b, env) => {
  const sign = a.sign ^ b.sign;
  if (a.kind !== KIND_NORMAL || b.kind !== KIND_NORMAL) {
    if (a.kind >= KIND_QNAN || b.kind >= KIND_QNAN) return propagateNans(r, a, b, env);
    if (a.kind === b.kind && (a.kind === KIND_INFINITY || a.kind === KIND_ZERO)) return setInvalid(r, env);
    if (b.kind === KIND_ZERO) {
      if (a.kind !== KIND_INFINITY) env.raise(FLAG_ZE);
      return setInfinity(r, sign);
    }
    raiseDenormal(a, b, env);
    if (a.kind === KIND_INFINITY) return setInfinity(r, sign);
    if (a.kind === KIND_ZERO || b.kind === KIND_INFINITY) return setZero(r, sign);
  }
  normalize(left, a);
  normalize(right, b);
  divideSignificands(r, sign, env);
};

/** r = ±left / right. */
function divideSignificands(r: Float80, sign: number, env: FloatEnvironment): void {
  let exponent = left.scale - right.scale + EXPONENT_BIAS;
  // The first bit of the quotient, so that the dividend is below the divisor from then on.
  let first = 1;
  remainder.lo = left.lo - right.lo;
  remainder.hi = left.hi - right.hi;
  if (remainder.lo < 0) remainder.lo += 2 ** 32, remainder.hi--;
  if (remainder.hi < 0) {
    first = 0;
    remainder.hi = left.hi;
    remainder.lo = left.lo;
  }
  const d0 = divideStep(right.hi, right.lo);
  const d1 = divideStep(right.hi, right.lo);
  const d2 = divideStep(right.hi, right.lo);
  const d3 = divideStep(right.hi, right.lo);
  // 96 bits behind the binary point.
  let hi = (d0 << 8 | d1 >>> 16) >>> 0;
  let lo = (d1 << 16 | d2 >>> 8) >>> 0;
  let ext = (d2 << 24 | d3) >>> 0;
  if ((remainder.hi | remainder.lo) !== 0) ext = (ext | 1) >>> 0;
  if (first === 1) {
    ext = (ext >>> 1 | ext & 1 | lo << 31) >>> 0;
    lo = (lo >>> 1 | hi << 31) >>> 0;
    hi = (hi >>> 1 | HIDDEN_BIT) >>> 0;
  } else exponent--;
  normalizeRoundPack(r, sign, exponent, hi, lo, ext, env);
}

/** r = √a. */
export function squareRoot(r: Float80, a: Float80, env: FloatEnvironment): void {
  if (a.kind >= KIND_QNAN) return propagateNan(r, a, env);
  if (a.kind === KIND_ZERO) return setZero(r, a.sign);
  if (a.sign === 1) return setInvalid(r, env);
  if (a.kind === KIND_INFINITY) return setInfinity(r, 0);
  if (a.kind === KIND_DENORMAL) env.raise(FLAG_DE);
  normalize(left, a);
  // The root of a significand in [1, 4) with an even exponent has its top bit at 1: 96 bits of it want 191 or 192 below.
  const exponent = left.scale - EXPONENT_BIAS;
  const odd = exponent & 1;
  const radicand = (BigInt(left.hi) << 32n | BigInt(left.lo)) << BigInt(127 + odd);
  const root = integerRoot(radicand, left.hi * 2 ** 32 + left.lo, odd);
  const inexact = root * root !== radicand;
  const ext = Number(root & 0xffffffffn);
  roundPack(
    r,
    0,
    (exponent - odd) / 2 + EXPONENT_BIAS,
    Number(root >> 64n),
    Number(root >> 32n & 0xffffffffn),
    (ext | (inexact ? 1 : 0)) >>> 0,
    env,
  );
}

/** Floor of the root of a number near `near` * 2^(127 + odd), by Newton's method from a double's root. */
function integerRoot(n: bigint, near: number, odd: number): bigint {
  let root = BigInt(Math.floor(Math.sqrt(near * (odd ? 2 : 1) / 2) * 2 ** 20)) << 44n;
  // One step takes 51 good bits beyond 96; what is left is an error of one.
  root = root + n / root >> 1n;
  while (root * root > n) root--;
  while ((root + 1n) * (root + 1n) <= n) root++;
  return root;
}
