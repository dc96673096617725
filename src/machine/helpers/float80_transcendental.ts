/**
 * The transcendental instructions. Results are correctly rounded but for rare cases near a tie: closer than the manual
 * asks (1 unit in the last place, SDM volume 1, 8.3.10), so the last bit may differ from a given CPU's. Precision control does not apply.
 */
import {
  EXPONENT_BIAS,
  FLAG_DE,
  FLAG_PE,
  FLAG_UE,
  FLAG_ZE,
  type Float80,
  type FloatEnvironment,
  HIDDEN_BIT,
  KIND_DENORMAL,
  KIND_INFINITY,
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
import {
  arctangent,
  bitLength,
  cosine,
  exponentialMinusOne,
  ln2,
  logarithmOfRatio,
  pi,
  shifted,
  sine,
} from "./float80_fixed.ts";
import { roundPack } from "./float80_round.ts";
import { words } from "./float80_words.ts";

/** Bits computed beyond the leading one of a result. */
const GOOD = 160;
/** An argument below 2^-SMALL is its own sine, and so on, up to a relative error that only tells on which side of it we are. */
const SMALL = 70;

/** value * 2^exponent, exactly. */
interface Exact {
  value: bigint;
  exponent: number;
}

function exact(x: Float80): Exact {
  const value = BigInt(x.hi) << 32n | BigInt(x.lo);
  return { value: x.sign ? -value : value, exponent: scaleOf(x) - EXPONENT_BIAS - 63 };
}

/** Exponent of the leading bit of a finite number that is not zero. */
function magnitudeOf({ value, exponent }: Exact): number {
  return bitLength(value < 0n ? -value : value) - 1 + exponent;
}

/** r = value * 2^exponent, a little more or less: never exact. */
function packInexact(r: Float80, value: bigint, exponent: number, env: FloatEnvironment): void {
  pack(r, value, exponent, 1, env);
}

function pack(r: Float80, value: bigint, exponent: number, sticky: 0 | 1, env: FloatEnvironment): void {
  const sign = value < 0n ? 1 : 0;
  const magnitude = sign ? -value : value;
  const length = bitLength(magnitude);
  const top = shifted(magnitude, 96 - length);
  const lost = sticky || (length > 96 && top << BigInt(length - 96) !== magnitude) ? 1 : 0;
  words.load(Number(top >> 64n), Number(top >> 32n & 0xffffffffn), Number(top & 0xffffffffn) | lost);
  roundPack(r, sign, exponent + length - 1 + EXPONENT_BIAS, env, 64);
}

/** r = x, for results that differ from it by less than any rounding shows: CPUs do not round those in a direction either. */
function packNear(r: Float80, x: Exact, env: FloatEnvironment): void {
  pack(r, x.value, x.exponent, 0, env);
  env.raise(r.exponent === 0 ? FLAG_PE | FLAG_UE : FLAG_PE);
}

// ---- exponential and logarithms ----------------------------------------------------------------------------------------

/** r = 2^x - 1 for |x| <= 1 (F2XM1); outside, where the manual leaves it undefined, x stays. */
export function exponential(r: Float80, x: Float80, env: FloatEnvironment): void {
  if (x.kind >= KIND_QNAN) return propagateNan(r, x, env);
  if (x.kind === KIND_INFINITY) return x.sign ? r.set(1, EXPONENT_BIAS, HIDDEN_BIT, 0) : setInfinity(r, 0);
  if (x.kind === KIND_ZERO) return setZero(r, x.sign);
  if (x.kind === KIND_DENORMAL) env.raise(FLAG_DE);
  const a = exact(x);
  const magnitude = magnitudeOf(a);
  if (magnitude >= 0) return exponentialAtEnds(r, x, env);
  const places = GOOD + Math.min(-magnitude, SMALL);
  if (magnitude < -SMALL) {
    // 2^x - 1 = x ln 2 (1 + x ln 2 / 2 + ...)
    return packInexact(r, a.value * ln2(GOOD), a.exponent - GOOD, env);
  }
  const y = shifted(a.value, a.exponent + places) * ln2(places) >> BigInt(places);
  packInexact(r, exponentialMinusOne(y, places), -places, env);
}

function exponentialAtEnds(r: Float80, x: Float80, env: FloatEnvironment): void {
  // CPUs call the exact results inexact too.
  env.raise(FLAG_PE);
  const isOne = x.exponent === EXPONENT_BIAS && x.hi === HIDDEN_BIT && x.lo === 0;
  if (!isOne) return r.copy(x);
  if (x.sign) r.set(1, EXPONENT_BIAS - 1, HIDDEN_BIT, 0);
  else r.set(0, EXPONENT_BIAS, HIDDEN_BIT, 0);
}

/** r = y log2(x) (FYL2X). */
export function logarithm(r: Float80, x: Float80, y: Float80, env: FloatEnvironment): void {
  if (x.kind >= KIND_QNAN || y.kind >= KIND_QNAN) return propagateNans(r, x, y, env);
  if (x.kind === KIND_ZERO) {
    if (y.kind === KIND_ZERO) return setInvalid(r, env);
    if (y.kind !== KIND_INFINITY) env.raise(FLAG_ZE);
    return setInfinity(r, y.sign ^ 1);
  }
  if (x.sign) return setInvalid(r, env);
  if (x.kind === KIND_INFINITY) {
    if (y.kind === KIND_ZERO) return setInvalid(r, env);
    raiseDenormal(x, y, env);
    return setInfinity(r, y.sign);
  }
  const isOne = x.exponent === EXPONENT_BIAS && x.hi === HIDDEN_BIT && x.lo === 0;
  const sign = y.sign ^ (x.exponent < EXPONENT_BIAS ? 1 : 0);
  if (y.kind === KIND_INFINITY && isOne) return setInvalid(r, env);
  raiseDenormal(x, y, env);
  if (y.kind === KIND_INFINITY) return setInfinity(r, sign);
  if (y.kind === KIND_ZERO || isOne) return setZero(r, sign);
  const a = exact(x), b = exact(y);
  const power = magnitudeOf(a);
  const places = GOOD + 64;
  // x = m * 2^power with 1 <= m < 2.
  const m = shifted(a.value, a.exponent - power + places);
  const one = 1n << BigInt(places);
  if (m === one) {
    // CPUs call this inexact too.
    env.raise(FLAG_PE);
    return pack(r, b.value * BigInt(power), b.exponent, 0, env);
  }
  packInexact(r, b.value * binaryLogarithm(m, power, places), b.exponent - places, env);
}

/** log2(m * 2^power) for m in [1, 2). */
function binaryLogarithm(m: bigint, power: number, places: number): bigint {
  const p = BigInt(places), one = 1n << p;
  // Into [√½, √2], so that nothing cancels around 1.
  if (m * m >> p > 2n * one) {
    m >>= 1n;
    power++;
  }
  const t = (m - one << p) / (m + one);
  return (BigInt(power) << p) + (logarithmOfRatio(t, places) << p) / ln2(places);
}

/** r = y log2(x + 1) (FYL2XP1). */
export function logarithmOfSum(r: Float80, x: Float80, y: Float80, env: FloatEnvironment): void {
  if (x.kind >= KIND_QNAN || y.kind >= KIND_QNAN) return propagateNans(r, x, y, env);
  if (x.kind === KIND_INFINITY) {
    if (x.sign || y.kind === KIND_ZERO) return setInvalid(r, env);
    raiseDenormal(x, y, env);
    return setInfinity(r, y.sign);
  }
  if (x.kind === KIND_ZERO && y.kind === KIND_INFINITY) return setInvalid(r, env);
  raiseDenormal(x, y, env);
  const sign = x.sign ^ y.sign;
  if (y.kind === KIND_INFINITY) return setInfinity(r, sign);
  if (x.kind === KIND_ZERO || y.kind === KIND_ZERO) return setZero(r, sign);
  const a = exact(x), b = exact(y);
  const magnitude = magnitudeOf(a);
  // log2(1 + x) = x (1 - x/2 + ...) / ln 2
  if (magnitude < -SMALL) {
    return packInexact(r, (a.value * b.value << BigInt(2 * GOOD)) / ln2(GOOD), a.exponent + b.exponent - GOOD, env);
  }
  if (x.sign && magnitude >= 0) {
    // No logarithm; the manual leaves this undefined, and CPUs give x.
    env.raise(FLAG_PE);
    return r.copy(x);
  }
  const places = GOOD + SMALL;
  const p = BigInt(places);
  const sum = shifted(a.value, a.exponent + places);
  if (magnitude >= -1) {
    const total = sum + (1n << p), power = bitLength(total) - 1 - places;
    return packInexact(r, b.value * binaryLogarithm(shifted(total, -power), power, places), b.exponent - places, env);
  }
  const t = (sum << p) / (sum + (2n << p));
  packInexact(r, b.value * ((logarithmOfRatio(t, places) << p) / ln2(places)), b.exponent - places, env);
}

// ---- trigonometry ------------------------------------------------------------------------------------------------------

/**
 * π to 66 bits, times 2^66: what the CPU reduces arguments with (SDM volume 1, 8.3.8). A better one would give other answers
 * than programs get from hardware.
 */
const PI_66 = 0xc90fdaa22168c234cn;

/** True if an argument is too large for FSIN and its kin, which then only set C2. */
export function isOutOfRange(x: Float80): boolean {
  return x.kind < KIND_INFINITY && x.exponent >= EXPONENT_BIAS + 63;
}

/** x less the nearest multiple of π/2, and that multiple modulo 4. */
function reduce(x: Float80): { rest: Exact; quadrant: number } {
  const a = exact(x);
  if (magnitudeOf(a) < -1) return { rest: a, quadrant: 0 };
  const exponent = Math.min(a.exponent, -67);
  const value = shifted(a.value, a.exponent - exponent), quarter = shifted(PI_66, -67 - exponent);
  const turns = (2n * value + (value < 0n ? -quarter : quarter)) / (2n * quarter);
  return { rest: { value: value - turns * quarter, exponent }, quadrant: Number(turns & 3n) };
}

/** Places that give a number below 1 enough good bits. */
function placesFor(x: Exact): number {
  return GOOD + Math.max(0, -magnitudeOf(x));
}

/** Sine (quadrant 0, 2) or cosine (1, 3) of the reduced argument, with the sign of the quadrant. */
function packSine(r: Float80, rest: Exact, quadrant: number, env: FloatEnvironment): void {
  const negative = (quadrant & 2) !== 0;
  const signed = negative ? { value: -rest.value, exponent: rest.exponent } : rest;
  if ((quadrant & 1) === 0) {
    if (magnitudeOf(rest) < -SMALL) return packNear(r, signed, env);
    const places = placesFor(rest);
    return packInexact(r, sine(shifted(signed.value, rest.exponent + places), places), -places, env);
  }
  const one = { value: negative ? -1n : 1n, exponent: 0 };
  if (magnitudeOf(rest) < -SMALL) return packNear(r, one, env);
  const result = cosine(shifted(rest.value, rest.exponent + GOOD), GOOD);
  packInexact(r, negative ? -result : result, -GOOD, env);
}

/** Sine (shift 0) or cosine (shift 1). */
function circular(r: Float80, x: Float80, shift: 0 | 1, env: FloatEnvironment): void {
  if (x.kind >= KIND_QNAN) return propagateNan(r, x, env);
  if (x.kind === KIND_INFINITY) return setInvalid(r, env);
  if (x.kind === KIND_ZERO) return shift ? r.set(0, EXPONENT_BIAS, HIDDEN_BIT, 0) : setZero(r, x.sign);
  if (x.kind === KIND_DENORMAL) env.raise(FLAG_DE);
  const { rest, quadrant } = reduce(x);
  packSine(r, rest, quadrant + shift, env);
}

export function sineOf(r: Float80, x: Float80, env: FloatEnvironment): void {
  circular(r, x, 0, env);
}

export function cosineOf(r: Float80, x: Float80, env: FloatEnvironment): void {
  circular(r, x, 1, env);
}

/** r = tan x (FPTAN). */
export function tangentOf(r: Float80, x: Float80, env: FloatEnvironment): void {
  if (x.kind >= KIND_QNAN) return propagateNan(r, x, env);
  if (x.kind === KIND_INFINITY) return setInvalid(r, env);
  if (x.kind === KIND_ZERO) return setZero(r, x.sign);
  if (x.kind === KIND_DENORMAL) env.raise(FLAG_DE);
  const { rest, quadrant } = reduce(x);
  if (magnitudeOf(rest) < -SMALL && (quadrant & 1) === 0) return packNear(r, rest, env);
  const places = placesFor(rest), p = BigInt(places);
  const angle = shifted(rest.value, rest.exponent + places);
  const sin = sine(angle, places), cos = cosine(angle, places);
  // The cotangent of a small rest is large: both numerators keep their good bits.
  packInexact(r, quadrant & 1 ? -(cos << p) / sin : (sin << p) / cos, -places, env);
}

/** r = the angle of the point (x, y) (FPATAN). */
export function angleOf(r: Float80, x: Float80, y: Float80, env: FloatEnvironment): void {
  if (x.kind >= KIND_QNAN || y.kind >= KIND_QNAN) return propagateNans(r, x, y, env);
  raiseDenormal(x, y, env);
  const { sign } = y;
  if (y.kind === KIND_ZERO || (x.kind === KIND_INFINITY && y.kind !== KIND_INFINITY)) {
    return x.sign ? packPi(r, sign, 4, env) : setZero(r, sign);
  }
  if (x.kind === KIND_ZERO || (y.kind === KIND_INFINITY && x.kind !== KIND_INFINITY)) return packPi(r, sign, 2, env);
  if (x.kind === KIND_INFINITY) return packPi(r, sign, x.sign ? 3 : 1, env);
  finiteAngle(r, exact(x), exact(y), env);
}

/** r = ±quarters π / 4. */
function packPi(r: Float80, sign: number, quarters: number, env: FloatEnvironment): void {
  const value = pi(GOOD) * BigInt(quarters);
  packInexact(r, sign ? -value : value, -GOOD - 2, env);
}

function finiteAngle(r: Float80, x: Exact, y: Exact, env: FloatEnvironment): void {
  const negative = y.value < 0n;
  const left = x.value < 0n;
  const a = { value: left ? -x.value : x.value, exponent: x.exponent };
  const b = { value: negative ? -y.value : y.value, exponent: y.exponent };
  const distance = magnitudeOf(b) - magnitudeOf(a);
  if (!left && distance < -SMALL) return smallAngle(r, a, b, negative, env);
  const places = GOOD + SMALL;
  let angle: bigint;
  if (distance < -2 * GOOD) angle = 0n;
  else if (distance > 2 * GOOD) angle = pi(places) >> 1n;
  else {
    const exponent = Math.min(a.exponent, b.exponent);
    const over = b.value << BigInt(b.exponent - exponent), under = a.value << BigInt(a.exponent - exponent);
    const p = BigInt(places);
    if (over <= under) angle = arctangent((over << p) / under, places);
    else angle = (pi(places) >> 1n) - arctangent((under << p) / over, places);
    if (!left && over === under) angle = pi(places) >> 2n;
  }
  if (left) angle = pi(places) - angle;
  packInexact(r, negative ? -angle : angle, -places, env);
}

/** Where y / x is tiny the angle differs from it by less than any rounding shows. */
function smallAngle(r: Float80, a: Exact, b: Exact, negative: boolean, env: FloatEnvironment): void {
  const quotient = (b.value << BigInt(GOOD)) / a.value;
  const signed = { value: negative ? -quotient : quotient, exponent: b.exponent - a.exponent - GOOD };
  if (quotient * a.value === b.value << BigInt(GOOD)) packNear(r, signed, env);
  else packInexact(r, signed.value, signed.exponent, env);
}
