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
import { normalizeRoundPack, roundPack } from "./float80_round.ts";
import { Words, words } from "./float80_words.ts";

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
  words.take(y);
  words.shiftRightJam(xScale - yScale);
  const lo = x.lo + words.lo;
  const hi = x.hi + words.hi + (lo > 0xffffffff ? 1 : 0);
  words.lo = lo;
  words.hi = hi;
  if (hi > 0xffffffff) {
    words.shiftRightJam(1);
    words.hi |= HIDDEN_BIT;
    xScale++;
  }
  normalizeRoundPack(r, sign, xScale, env);
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
  words.take(y);
  words.shiftRightJam(xScale - yScale);
  const lo = x.lo - words.lo - (words.ext === 0 ? 0 : 1);
  words.hi = x.hi - words.hi - (lo < 0 ? 1 : 0);
  words.lo = lo;
  words.ext = -words.ext;
  normalizeRoundPack(r, sign, xScale, env, env.rounding === ROUND_DOWN ? 1 : 0);
}

/** High word of a 32 by 32 bit product; Math.imul gives the low one. */
function highProduct(a: number, b: number): number {
  const aLow = a & 0xffff, aHigh = a >>> 16, bLow = b & 0xffff, bHigh = b >>> 16;
  const middle = aHigh * bLow + (aLow * bLow >>> 16);
  const other = aLow * bHigh + (middle & 0xffff);
  return aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(other / 65536);
}

/** A finite operand that is not zero, its significand shifted up to the top bit. */
class Normalized extends Words {
  /** Biased exponent, which may lie below those that can be stored. */
  scale = 0;
}

const left = new Normalized(), right = new Normalized();

function normalize(to: Normalized, x: Float80): void {
  to.take(x);
  to.scale = scaleOf(x) - to.normalize();
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
  // The 128-bit product, words:w0, summed column by column.
  const w0 = Math.imul(left.lo, right.lo) >>> 0;
  let column = highProduct(left.lo, right.lo) + (Math.imul(left.hi, right.lo) >>> 0) +
    (Math.imul(left.lo, right.hi) >>> 0);
  words.ext = column;
  column = Math.floor(column / 2 ** 32) + highProduct(left.hi, right.lo) + highProduct(left.lo, right.hi) +
    (Math.imul(left.hi, right.hi) >>> 0);
  words.lo = column;
  words.hi = highProduct(left.hi, right.hi) + Math.floor(column / 2 ** 32);
  let exponent = left.scale + right.scale - EXPONENT_BIAS + 1;
  if (words.hi < HIDDEN_BIT) {
    words.shiftLeft(1);
    words.ext |= w0 >>> 31;
    exponent--;
  }
  // What the word below still holds only says that the result is not exact.
  if (w0 !== 0) words.ext |= 1;
  roundPack(r, sign, exponent, env);
};

/** Bits of a quotient digit: few enough that a double's estimate of it is off by one at most. */
const DIGIT_BITS = 24;
const DIGIT = 2 ** DIGIT_BITS;

/** What long division has left of the dividend; below the divisor, which is `right`. */
const remainder = new Words();

/** One step of long division: brings 24 bits down and returns the next digit of the quotient. */
function divideStep(): number {
  const { hi, lo } = remainder, divisorHi = right.hi, divisorLo = right.lo;
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
  const first = left.hi > right.hi || (left.hi === right.hi && left.lo >= right.lo);
  remainder.lo = first ? left.lo - right.lo : left.lo;
  remainder.hi = first ? left.hi - right.hi - (left.lo < right.lo ? 1 : 0) : left.hi;
  const d0 = divideStep();
  const d1 = divideStep();
  const d2 = divideStep();
  const d3 = divideStep();
  // 96 bits behind the binary point.
  words.load(d0 << 8 | d1 >>> 16, d1 << 16 | d2 >>> 8, d2 << 24 | d3);
  if (!remainder.isZero()) words.ext |= 1;
  if (first) {
    words.shiftRightJam(1);
    words.hi |= HIDDEN_BIT;
  } else exponent--;
  roundPack(r, sign, exponent, env);
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
  words.load(Number(root >> 64n), Number(root >> 32n & 0xffffffffn), Number(root & 0xffffffffn));
  if (root * root !== radicand) words.ext |= 1;
  roundPack(r, 0, (exponent - odd) / 2 + EXPONENT_BIAS, env);
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
