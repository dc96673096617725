/** Between 80-bit numbers and integers, packed decimals included. */
import {
  EXPONENT_BIAS,
  FLAG_DE,
  FLAG_IE,
  type Float80,
  type FloatEnvironment,
  HIDDEN_BIT,
  KIND_DENORMAL,
  KIND_INFINITY,
  KIND_NORMAL,
  KIND_QNAN,
  KIND_ZERO,
  propagateNan,
} from "./float80.ts";
import { raiseInexact, rounded, roundsAway } from "./float80_round.ts";
import { Words, words } from "./float80_words.ts";

/** x = a signed 32-bit integer. */
export function fromInt32(x: Float80, value: number): void {
  const sign = value < 0 ? 1 : 0;
  const magnitude = (sign ? -value : value) >>> 0;
  fromMagnitude(x, sign, 0, magnitude);
}

/** x = a signed 64-bit integer, from its halves. */
export function fromInt64(x: Float80, hi: number, lo: number): void {
  const sign = hi >>> 31;
  if (sign === 0) return fromMagnitude(x, 0, hi >>> 0, lo >>> 0);
  const low = -lo >>> 0;
  fromMagnitude(x, 1, (low === 0 ? -hi : ~hi) >>> 0, low);
}

function fromMagnitude(x: Float80, sign: number, hi: number, lo: number): void {
  x.load(hi, lo, 0);
  x.sign = sign;
  if (x.isZero()) {
    x.kind = KIND_ZERO;
    x.exponent = 0;
  } else {
    x.kind = KIND_NORMAL;
    x.exponent = EXPONENT_BIAS + 63 - x.normalize();
  }
}

/** The last conversion to an integer, two's complement in 64 bits. */
export const integer: Words = new Words();

/** Rounds the magnitude of a finite x to an integer below 2^64 in `rounded`; true if it is too large for that. */
function roundMagnitude(x: Float80, rounding: number): boolean {
  const shift = EXPONENT_BIAS + 63 - x.exponent;
  if (shift < 0) return true;
  words.take(x);
  words.shiftRightJam(shift);
  rounded.take(words);
  rounded.inexact = words.ext !== 0;
  rounded.up = rounded.inexact && roundsAway(words.ext, (words.lo & 1) !== 0, x.sign, rounding);
  // The fraction was not empty, so there is room above.
  if (rounded.up && ++rounded.lo === 0) rounded.hi++;
  return false;
}

/** integer = x rounded, to fit `bits` (16, 32, 64); what does not fit is invalid and becomes the most negative integer. */
export function toInteger(x: Float80, bits: number, rounding: number, env: FloatEnvironment): void {
  if (x.kind >= KIND_INFINITY || roundMagnitude(x, rounding) || !fits(bits, x.sign)) {
    env.raise(FLAG_IE);
    integer.hi = bits === 64 ? HIDDEN_BIT : 0xffffffff;
    integer.lo = bits === 64 ? 0 : bits === 32 ? HIDDEN_BIT : 0xffff8000;
    return;
  }
  raiseInexact(env);
  const { hi, lo } = rounded;
  if (x.sign === 0) {
    integer.hi = hi;
    integer.lo = lo;
  } else {
    integer.lo = -lo >>> 0;
    integer.hi = (lo === 0 ? -hi : ~hi) >>> 0;
  }
}

/** Whether the magnitude in `rounded` fits: the negative side has one more. */
function fits(bits: number, sign: number): boolean {
  const { hi, lo } = rounded;
  if (bits === 64) return hi < HIDDEN_BIT || (sign === 1 && hi === HIDDEN_BIT && lo === 0);
  const limit = 2 ** (bits - 1);
  return hi === 0 && (lo < limit || (sign === 1 && lo === limit));
}

/** r = x rounded to an integer (FRNDINT). */
export function roundToIntegral(r: Float80, x: Float80, env: FloatEnvironment): void {
  if (x.kind >= KIND_QNAN) return propagateNan(r, x, env);
  if (x.kind === KIND_DENORMAL) env.raise(FLAG_DE);
  if (x.kind === KIND_ZERO || x.kind === KIND_INFINITY || x.exponent >= EXPONENT_BIAS + 63) return r.copy(x);
  roundMagnitude(x, env.rounding);
  raiseInexact(env);
  const { sign } = x;
  fromMagnitude(r, sign, rounded.hi, rounded.lo);
  r.sign = sign;
}

const DECIMAL_DIGITS = 18n;

/** x = a packed decimal of 18 digits: `low` its lower 64 bits, `high` its upper 16 (FBLD). */
export function fromDecimal(x: Float80, low: bigint, high: number): void {
  let value = 0n;
  for (let digit = 0n; digit < DECIMAL_DIGITS; digit++) {
    const place = DECIMAL_DIGITS - 1n - digit;
    const bits = place >= 16n ? BigInt(high) >> (place - 16n) * 4n : low >> place * 4n;
    value = value * 10n + (bits & 15n);
  }
  fromMagnitude(x, 0, Number(value >> 32n), Number(value & 0xffffffffn));
  x.sign = high >>> 15;
}

/** The last conversion to a packed decimal. */
export const decimal: { low: bigint; high: number } = { low: 0n, high: 0 };

/** decimal = x rounded (FBSTP). */
export function toDecimal(x: Float80, env: FloatEnvironment): void {
  const invalid = x.kind >= KIND_INFINITY || roundMagnitude(x, env.rounding);
  let value = BigInt(rounded.hi) << 32n | BigInt(rounded.lo);
  if (invalid || value >= 10n ** DECIMAL_DIGITS) {
    env.raise(FLAG_IE);
    decimal.low = 0xc000000000000000n;
    decimal.high = 0xffff;
    return;
  }
  raiseInexact(env);
  let digits = 0n;
  for (let place = 0n; place < DECIMAL_DIGITS; place++) {
    digits |= value % 10n << place * 4n;
    value /= 10n;
  }
  decimal.low = digits & 0xffffffffffffffffn;
  decimal.high = x.sign << 15 | Number(digits >> 64n);
}
