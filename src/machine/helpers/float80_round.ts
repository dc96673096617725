/** Rounding to the precision in force, overflow and underflow (Intel SDM volume 1, section 4.8.4 and 4.9.1). */
import {
  EXPONENT_MAX,
  FLAG_C1,
  FLAG_OE,
  FLAG_PE,
  FLAG_UE,
  type Float80,
  type FloatEnvironment,
  HIDDEN_BIT,
  ROUND_DOWN,
  ROUND_NEAREST,
  ROUND_UP,
  setInfinity,
} from "./float80.ts";
import { Words, words } from "./float80_words.ts";

/** What an unmasked overflow or underflow moves the exponent by, so that a handler can see the value (SDM volume 1, 4.9.1.4). */
const TRAP_BIAS = 24576;

/** A significand after rounding. */
class Rounded extends Words {
  /** It became the hidden bit of the next exponent. */
  carry = false;
  inexact = false;
  /** Away from zero. */
  up = false;
}

export const rounded: Rounded = new Rounded();

/**
 * rounded = `words` cut to the top `precision` bits (24, 53 or 64). On a carry out of the top the significand is the hidden bit
 * alone.
 */
export function roundWords(sign: number, precision: number, rounding: number): void {
  rounded.take(words);
  rounded.carry = false;
  // What is cut off, as 32 bits of which the top one is worth half a unit.
  let fraction: number, odd: number;
  if (precision === 64) {
    fraction = words.ext;
    odd = rounded.lo & 1;
  } else if (precision === 53) {
    fraction = (words.lo << 21 | (words.ext === 0 ? 0 : 1)) >>> 0;
    odd = rounded.lo & 0x800;
    rounded.lo &= ~0x7ff;
  } else {
    fraction = (words.hi << 24 | ((words.lo | words.ext) === 0 ? 0 : 1)) >>> 0;
    odd = rounded.hi & 0x100;
    rounded.hi &= ~0xff;
    rounded.lo = 0;
  }
  rounded.inexact = fraction !== 0;
  rounded.up = fraction !== 0 && roundsAway(fraction, odd !== 0, sign, rounding);
  if (rounded.up) incrementRounded(precision);
}

/** Adds one unit of the last place kept. */
function incrementRounded(precision: number): void {
  if (precision === 24) rounded.hi += 0x100;
  else {
    rounded.lo += precision === 53 ? 0x800 : 1;
    if (rounded.lo !== 0) return;
    rounded.hi += 1;
  }
  if (rounded.hi !== 0) return;
  rounded.hi = HIDDEN_BIT;
  rounded.carry = true;
}

/** Whether a nonzero fraction (of 2^32) makes the magnitude one unit larger. */
export function roundsAway(fraction: number, odd: boolean, sign: number, rounding: number): boolean {
  switch (rounding) {
    case ROUND_NEAREST:
      return fraction > HIDDEN_BIT || (fraction === HIDDEN_BIT && odd);
    case ROUND_DOWN:
      return sign === 1;
    case ROUND_UP:
      return sign === 0;
    default:
      return false;
  }
}

/** Raises PE, and C1 if the last rounding was away from zero. */
export function raiseInexact(env: FloatEnvironment): void {
  if (rounded.inexact) env.raise(rounded.up ? FLAG_PE | FLAG_C1 : FLAG_PE);
}

/**
 * r = the value with significand `words` (top bit set) and biased exponent `exponent`, which may be out of range, rounded to the
 * precision of the environment, or to `precision` where an instruction ignores precision control.
 */
export function roundPack(
  r: Float80,
  sign: number,
  exponent: number,
  env: FloatEnvironment,
  precision: number = env.precision,
): void {
  roundWords(sign, precision, env.rounding);
  // Tininess is detected after rounding: a value that rounds up to the smallest normal number is none.
  if (exponent <= 0 && !(exponent === 0 && rounded.carry)) {
    if (!env.isUnmasked(FLAG_UE)) return packDenormal(r, sign, exponent, env, precision);
    env.raise(FLAG_UE);
    exponent += TRAP_BIAS;
    if (exponent <= 0) return packMassive(r, sign, 0, env);
  }
  if (rounded.carry) exponent++;
  if (exponent >= EXPONENT_MAX) {
    if (!env.isUnmasked(FLAG_OE)) return packOverflow(r, sign, env, precision);
    env.raise(FLAG_OE);
    exponent -= TRAP_BIAS;
    if (exponent >= EXPONENT_MAX) return packMassive(r, sign, EXPONENT_MAX, env);
  }
  raiseInexact(env);
  r.setWords(sign, exponent, rounded);
}

/** FSCALE can go where the moved exponent does not reach: zero or infinity, however results are to be rounded. */
function packMassive(r: Float80, sign: number, exponent: number, env: FloatEnvironment): void {
  env.raise(exponent === 0 ? FLAG_PE : FLAG_PE | FLAG_C1);
  r.set(sign, exponent, exponent === 0 ? 0 : HIDDEN_BIT, 0);
}

function packDenormal(r: Float80, sign: number, exponent: number, env: FloatEnvironment, precision: number): void {
  words.shiftRightJam(1 - exponent);
  roundWords(sign, precision, env.rounding);
  if (rounded.inexact) env.raise(FLAG_UE);
  raiseInexact(env);
  r.setWords(sign, rounded.hi >= HIDDEN_BIT ? 1 : 0, rounded);
}

/** Infinity, or the largest number of the precision where rounding is towards zero on this side. */
function packOverflow(r: Float80, sign: number, env: FloatEnvironment, precision: number): void {
  env.raise(FLAG_OE | FLAG_PE);
  if (roundsAway(0xffffffff, true, sign, env.rounding)) {
    env.raise(FLAG_C1);
    setInfinity(r, sign);
  } else {
    const hi = precision === 24 ? 0xffffff00 : 0xffffffff;
    r.set(sign, EXPONENT_MAX - 1, hi, precision === 24 ? 0 : precision === 53 ? 0xfffff800 : 0xffffffff);
  }
}

/** As roundPack, for `words` that may have leading zeros or be zero (`zeroSign` is then the sign). */
export function normalizeRoundPack(
  r: Float80,
  sign: number,
  exponent: number,
  env: FloatEnvironment,
  zeroSign: number = sign,
): void {
  if (words.isZero()) return r.set(zeroSign, 0, 0, 0);
  roundPack(r, sign, exponent - words.normalize(), env);
}
