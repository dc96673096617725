/** Exact operations on exponent and quotient: FPREM, FPREM1, FSCALE, FXTRACT. */
import {
  EXPONENT_BIAS,
  FLAG_DE,
  FLAG_ZE,
  type Float80,
  type FloatEnvironment,
  KIND_DENORMAL,
  KIND_INFINITY,
  KIND_NORMAL,
  KIND_QNAN,
  KIND_ZERO,
  propagateNan,
  propagateNans,
  scaleOf,
  setInfinity,
  setInvalid,
  setZero,
} from "./float80.ts";
import { raiseDenormal } from "./float80_arith.ts";
import { roundPack } from "./float80_round.ts";
import { words } from "./float80_words.ts";

/** What remainder() returns when it has only reduced its operand, to be called again (C2). */
export const PARTIAL = -1;
/** What remainder() returns for NaNs and invalid operands. */
export const NO_QUOTIENT = -2;

/**
 * r = a - b * q, q being a / b rounded towards zero (FPREM) or to nearest (FPREM1). Returns the low three bits of q, or PARTIAL
 * if the exponents are too far apart for one step.
 */
export function remainder(r: Float80, a: Float80, b: Float80, nearest: boolean, env: FloatEnvironment): number {
  if (a.kind >= KIND_QNAN || b.kind >= KIND_QNAN) return propagateNans(r, a, b, env), NO_QUOTIENT;
  if (a.kind === KIND_INFINITY || b.kind === KIND_ZERO) return setInvalid(r, env), NO_QUOTIENT;
  raiseDenormal(a, b, env);
  if (a.kind === KIND_ZERO) return setZero(r, a.sign), 0;
  if (b.kind === KIND_INFINITY) {
    words.take(a);
    packScaled(r, a.sign, scaleOf(a), env);
    return 0;
  }
  return finiteRemainder(r, a, b, nearest, env);
}

function finiteRemainder(r: Float80, a: Float80, b: Float80, nearest: boolean, env: FloatEnvironment): number {
  const aZeros = a.leadingZeros(), bZeros = b.leadingZeros();
  let dividend = significandOf(a) << BigInt(aZeros), divisor = significandOf(b) << BigInt(bZeros);
  const distance = scaleOf(a) - aZeros - (scaleOf(b) - bZeros);
  // The scale of dividend and divisor as integers, once they have been brought to the same one.
  let scale = scaleOf(b) - bZeros;
  const partial = distance >= 64;
  if (partial) {
    // The manual leaves open how many bits (32 to 63) one step takes off; Intel's CPUs keep the distance modulo 32.
    const step = distance & 31 | 32;
    dividend <<= BigInt(step);
    scale += distance - step;
  } else if (distance >= 0) dividend <<= BigInt(distance);
  else {
    // Below half of the divisor nothing happens, so how far below does not matter.
    divisor <<= distance === -1 ? 1n : 2n;
    scale = scaleOf(a) - aZeros;
  }
  let quotient = dividend / divisor;
  let rest = dividend % divisor;
  let sign = a.sign;
  if (nearest && !partial && (2n * rest > divisor || (2n * rest === divisor && (quotient & 1n) === 1n))) {
    quotient++;
    rest = divisor - rest;
    sign ^= 1;
  }
  if (rest === 0n) setZero(r, a.sign);
  else {
    words.load(Number(rest >> 32n), Number(rest & 0xffffffffn), 0);
    packScaled(r, sign, scale, env);
  }
  return partial ? PARTIAL : Number(quotient & 7n);
}

function significandOf(x: Float80): bigint {
  return BigInt(x.hi) << 32n | BigInt(x.lo);
}

/** r = ±words at a scale, not zero, at full precision. */
function packScaled(r: Float80, sign: number, scale: number, env: FloatEnvironment): void {
  roundPack(r, sign, scale - words.normalize(), env, 64);
}

/** r = a * 2^trunc(b) (FSCALE). */
export function scale(r: Float80, a: Float80, b: Float80, env: FloatEnvironment): void {
  if (a.kind >= KIND_QNAN || b.kind >= KIND_QNAN) return propagateNans(r, a, b, env);
  if (b.kind === KIND_INFINITY) return scaleByInfinity(r, a, b, env);
  raiseDenormal(a, b, env);
  if (a.kind === KIND_INFINITY) return setInfinity(r, a.sign);
  if (a.kind === KIND_ZERO) return setZero(r, a.sign);
  words.take(a);
  packScaled(r, a.sign, scaleOf(a) + truncated(b), env);
}

function scaleByInfinity(r: Float80, a: Float80, b: Float80, env: FloatEnvironment): void {
  if (b.sign === 0) {
    if (a.kind === KIND_ZERO) return setInvalid(r, env);
    if (a.kind === KIND_DENORMAL) env.raise(FLAG_DE);
    return setInfinity(r, a.sign);
  }
  if (a.kind === KIND_INFINITY) return setInvalid(r, env);
  if (a.kind === KIND_DENORMAL) env.raise(FLAG_DE);
  setZero(r, a.sign);
}

/** More than any exponent can move. */
const FAR = 0x20000;

/** b rounded towards zero, as far as it matters. */
function truncated(b: Float80): number {
  if (b.kind !== KIND_NORMAL || b.exponent < EXPONENT_BIAS) return 0;
  const places = b.exponent - EXPONENT_BIAS;
  const magnitude = places >= 17 ? FAR : b.hi >>> 31 - places;
  return b.sign ? -magnitude : magnitude;
}

/** exponent = the exponent of a as a number, significand = a's significand with exponent 0 (FXTRACT). They may be one. */
export function extract(exponent: Float80, significand: Float80, a: Float80, env: FloatEnvironment): void {
  if (a.kind >= KIND_QNAN) {
    propagateNan(exponent, a, env);
    return significand.copy(exponent);
  }
  const { sign } = a;
  if (a.kind === KIND_INFINITY) {
    setInfinity(exponent, 0);
    return setInfinity(significand, sign);
  }
  if (a.kind === KIND_ZERO) {
    env.raise(FLAG_ZE);
    setInfinity(exponent, 1);
    return setZero(significand, sign);
  }
  if (a.kind === KIND_DENORMAL) env.raise(FLAG_DE);
  words.take(a);
  const power = scaleOf(a) - words.normalize() - EXPONENT_BIAS;
  significand.setWords(sign, EXPONENT_BIAS, words);
  const magnitude = Math.abs(power);
  if (power === 0) return setZero(exponent, 0);
  const zeros = Math.clz32(magnitude);
  exponent.set(power < 0 ? 1 : 0, EXPONENT_BIAS + 31 - zeros, magnitude << zeros >>> 0, 0);
}
