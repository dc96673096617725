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

/** What an unmasked overflow or underflow moves the exponent by, so that a handler can see the value (SDM volume 1, 4.9.1.4). */
const TRAP_BIAS = 24576;

/** Three words, most significant first: results of the shifts below, 96 bits below the binary point of the top one. */
export const words: { hi: number; lo: number; ext: number } = { hi: 0, lo: 0, ext: 0 };

/** words = hi:lo:ext >> n; what falls out is ored into the last bit. */
export function shiftRightJam(hi: number, lo: number, ext: number, n: number): void {
  let sticky = 0;
  for (; n >= 32; n -= 32) {
    sticky |= ext;
    ext = lo;
    lo = hi;
    hi = 0;
    if ((hi | lo | ext) === 0) n = 0;
  }
  if (n > 0) {
    sticky |= ext << 32 - n;
    ext = (ext >>> n | lo << 32 - n) >>> 0;
    lo = (lo >>> n | hi << 32 - n) >>> 0;
    hi = hi >>> n;
  }
  words.hi = hi;
  words.lo = lo;
  words.ext = sticky === 0 ? ext : (ext | 1) >>> 0;
}

/** words = hi:lo:ext << n, for n below 96. */
export function shiftLeft(hi: number, lo: number, ext: number, n: number): void {
  for (; n >= 32; n -= 32) {
    hi = lo;
    lo = ext;
    ext = 0;
  }
  if (n > 0) {
    hi = (hi << n | lo >>> 32 - n) >>> 0;
    lo = (lo << n | ext >>> 32 - n) >>> 0;
    ext = ext << n >>> 0;
  }
  words.hi = hi;
  words.lo = lo;
  words.ext = ext;
}

/** Leading zeros of 96 bits that are not all zero. */
export function leadingZeros(hi: number, lo: number, ext: number): number {
  if (hi !== 0) return Math.clz32(hi);
  return lo !== 0 ? 32 + Math.clz32(lo) : 64 + Math.clz32(ext);
}

/** A significand after rounding. */
export const rounded: { hi: number; lo: number; carry: boolean; inexact: boolean; up: boolean } = {
  hi: 0,
  lo: 0,
  carry: false,
  inexact: false,
  up: false,
};

/**
 * Rounds hi:lo:ext to its top `precision` bits (24, 53 or 64) into `rounded`. On a carry out of the top the significand is the
 * hidden bit alone.
 */
export function roundSignificand(
  hi: number,
  lo: number,
  ext: number,
  sign: number,
  precision: number,
  rounding: number,
): void {
  // fraction: what is cut off, as 32 bits of which the top one is worth half a unit; unit: the last bit kept.
  let fraction = ext;
  if (precision === 53) {
    fraction = lo << 21 | (ext === 0 ? 0 : 1);
    lo = (lo & ~0x7ff) >>> 0;
  } else if (precision === 24) {
    fraction = hi << 24 | ((lo | ext) === 0 ? 0 : 1);
    hi = (hi & ~0xff) >>> 0;
    lo = 0;
  }
  fraction >>>= 0;
  const odd = precision === 64 ? lo & 1 : precision === 53 ? lo & 0x800 : hi & 0x100;
  const up = fraction !== 0 && roundsAway(fraction, odd !== 0, sign, rounding);
  rounded.inexact = fraction !== 0;
  rounded.up = up;
  rounded.carry = false;
  if (up) {
    if (precision === 24) hi += 0x100;
    else {
      lo += precision === 53 ? 0x800 : 1;
      if (lo > 0xffffffff) {
        lo = 0;
        hi += 1;
      }
    }
    if (hi > 0xffffffff) {
      hi = HIDDEN_BIT;
      rounded.carry = true;
    }
  }
  rounded.hi = hi;
  rounded.lo = lo;
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
 * r = the value with significand hi:lo:ext (top bit set) and biased exponent `exponent`, which may be out of range, rounded to
 * the precision of the environment, or to `precision` where an instruction ignores precision control.
 */
export function roundPack(
  r: Float80,
  sign: number,
  exponent: number,
  hi: number,
  lo: number,
  ext: number,
  env: FloatEnvironment,
  precision: number = env.precision,
): void {
  const rounding = env.rounding;
  roundSignificand(hi, lo, ext, sign, precision, rounding);
  // Tininess is detected after rounding: a value that rounds up to the smallest normal number is none.
  if (exponent <= 0 && !(exponent === 0 && rounded.carry)) {
    if (env.isUnmasked(FLAG_UE)) {
      env.raise(FLAG_UE);
      exponent += TRAP_BIAS;
      if (exponent <= 0) return packMassive(r, sign, 0, env);
    } else {
      return packDenormal(r, sign, exponent, hi, lo, ext, env, precision);
    }
  }
  if (rounded.carry) exponent++;
  if (exponent >= EXPONENT_MAX) {
    if (!env.isUnmasked(FLAG_OE)) return packOverflow(r, sign, env, precision);
    env.raise(FLAG_OE);
    exponent -= TRAP_BIAS;
    if (exponent >= EXPONENT_MAX) return packMassive(r, sign, EXPONENT_MAX, env);
  }
  raiseInexact(env);
  r.set(sign, exponent, rounded.hi, rounded.lo);
}

/** FSCALE can go where the moved exponent does not reach: zero or infinity, however results are to be rounded. */
function packMassive(r: Float80, sign: number, exponent: number, env: FloatEnvironment): void {
  env.raise(exponent === 0 ? FLAG_PE : FLAG_PE | FLAG_C1);
  r.set(sign, exponent, exponent === 0 ? 0 : HIDDEN_BIT, 0);
}

function packDenormal(
  r: Float80,
  sign: number,
  exponent: number,
  hi: number,
  lo: number,
  ext: number,
  env: FloatEnvironment,
  precision: number,
): void {
  shiftRightJam(hi, lo, ext, 1 - exponent);
  roundSignificand(words.hi, words.lo, words.ext, sign, precision, env.rounding);
  if (rounded.inexact) env.raise(FLAG_UE);
  raiseInexact(env);
  r.set(sign, rounded.hi >= HIDDEN_BIT ? 1 : 0, rounded.hi, rounded.lo);
}

/** Infinity, or the largest number of the precision where rounding is towards zero on this side. */
function packOverflow(r: Float80, sign: number, env: FloatEnvironment, precision: number): void {
  env.raise(FLAG_OE | FLAG_PE);
  if (roundsAway(0xffffffff, true, sign, env.rounding)) {
    env.raise(FLAG_C1);
    setInfinity(r, sign);
  } else {
    r.set(
      sign,
      EXPONENT_MAX - 1,
      precision === 24 ? 0xffffff00 : 0xffffffff,
      precision === 24 ? 0 : precision === 53 ? 0xfffff800 : 0xffffffff,
    );
  }
}

/** As roundPack, for a significand that may have leading zeros or be zero (`zeroSign` is then the sign). */
export function normalizeRoundPack(
  r: Float80,
  sign: number,
  exponent: number,
  hi: number,
  lo: number,
  ext: number,
  env: FloatEnvironment,
  zeroSign: number = sign,
): void {
  if (hi >= HIDDEN_BIT) return roundPack(r, sign, exponent, hi, lo, ext, env);
  if ((hi | lo | ext) === 0) return r.set(zeroSign, 0, 0, 0);
  const n = leadingZeros(hi, lo, ext);
  shiftLeft(hi, lo, ext, n);
  roundPack(r, sign, exponent - n, words.hi, words.lo, words.ext, env);
}
