/** Between 80-bit numbers and the formats that memory holds: single and double. */
import {
  EXPONENT_BIAS,
  FLAG_C1,
  FLAG_IE,
  FLAG_OE,
  FLAG_PE,
  FLAG_UE,
  Float80,
  type FloatEnvironment,
  HIDDEN_BIT,
  KIND_DENORMAL,
  KIND_INFINITY,
  KIND_NORMAL,
  KIND_QNAN,
  KIND_SNAN,
  KIND_UNSUPPORTED,
  KIND_ZERO,
  QUIET_BIT,
} from "./float80.ts";
import { raiseInexact, rounded, roundsAway, roundWords } from "./float80_round.ts";
import { Words, words } from "./float80_words.ts";

const BIAS_32 = 127, BIAS_64 = 1023;

/** x = a single. Its kind remembers denormals and signalling NaNs: raising their exceptions is up to the instruction. */
export function fromFloat32(x: Float80, bits: number): void {
  unpackNarrow(x, bits >>> 31, bits >>> 23 & 0xff, 0xff, BIAS_32, bits << 8 >>> 0, 0);
}

/** x = a double. */
export function fromFloat64(x: Float80, hi: number, lo: number): void {
  const top = (hi << 11 | lo >>> 21) >>> 0;
  unpackNarrow(x, hi >>> 31, hi >>> 20 & 0x7ff, 0x7ff, BIAS_64, top, lo << 11 >>> 0);
}

/** hi:lo is the fraction, shifted so that the place of the hidden bit is on top (and holds anything). */
function unpackNarrow(
  x: Float80,
  sign: number,
  exponent: number,
  exponentMax: number,
  bias: number,
  hi: number,
  lo: number,
): void {
  hi = (hi & ~HIDDEN_BIT) >>> 0;
  const zero = (hi | lo) === 0;
  if (exponent === 0) {
    if (zero) {
      x.kind = KIND_ZERO;
      return x.set(sign, 0, 0, 0);
    }
    x.kind = KIND_DENORMAL;
    x.load(hi, lo, 0);
    x.sign = sign;
    x.exponent = 1 - x.normalize() + EXPONENT_BIAS - bias;
    return;
  }
  const scale = exponent === exponentMax ? 0x7fff : exponent + EXPONENT_BIAS - bias;
  x.set(sign, scale, hi + HIDDEN_BIT, lo);
  x.kind = exponent !== exponentMax ? KIND_NORMAL : zero ? KIND_INFINITY : hi & QUIET_BIT ? KIND_QNAN : KIND_SNAN;
}

/** Bits of the last conversion to a narrow format; hi is for doubles alone. */
export const narrow: Words = new Words();

/** narrow.lo = x as a single. On an unmasked overflow or underflow nothing is to be stored. */
export function toFloat32(x: Float80, env: FloatEnvironment): void {
  roundNarrow(x, env, 24, BIAS_32);
  narrow.lo = (x.sign << 31 | parts.exponent << 23 | parts.hi >>> 8 & 0x7fffff) >>> 0;
}

/** narrow.hi:lo = x as a double. */
export function toFloat64(x: Float80, env: FloatEnvironment): void {
  roundNarrow(x, env, 53, BIAS_64);
  narrow.hi = (x.sign << 31 | parts.exponent << 20 | parts.hi >>> 11 & 0xfffff) >>> 0;
  narrow.lo = (parts.hi << 21 | parts.lo >>> 11) >>> 0;
}

/** A number cut to a narrow format: exponent as stored there, significand with the hidden bit on top. */
const parts = new Float80();

function roundNarrow(x: Float80, env: FloatEnvironment, precision: number, bias: number): void {
  const exponentMax = 2 * bias + 1;
  const { sign } = x;
  if (x.kind !== KIND_NORMAL) {
    if (x.kind >= KIND_QNAN || x.kind === KIND_INFINITY) return narrowSpecial(x, exponentMax, env);
    if (x.kind === KIND_ZERO) return setParts(0, 0, 0);
  }
  // Denormals of ours lie far below the smallest number of a narrow format: no need to normalise them.
  let exponent = x.exponent - EXPONENT_BIAS + bias;
  words.take(x);
  roundWords(sign, precision, env.rounding);
  if (exponent <= 0 && !(exponent === 0 && rounded.carry)) {
    // Unmasked, nothing is stored: there is no rounding to report.
    if (env.isUnmasked(FLAG_UE)) return env.raise(FLAG_UE);
    words.shiftRightJam(1 - exponent);
    roundWords(sign, precision, env.rounding);
    if (rounded.inexact) env.raise(FLAG_UE);
    raiseInexact(env);
    return parts.setWords(0, rounded.hi >= HIDDEN_BIT ? 1 : 0, rounded);
  }
  if (rounded.carry) exponent++;
  if (exponent >= exponentMax) return narrowOverflow(exponentMax, sign, env);
  raiseInexact(env);
  parts.setWords(0, exponent, rounded);
}

function setParts(exponent: number, hi: number, lo: number): void {
  parts.exponent = exponent;
  parts.hi = hi;
  parts.lo = lo;
}

function narrowSpecial(x: Float80, exponentMax: number, env: FloatEnvironment): void {
  if (x.kind === KIND_INFINITY) return setParts(exponentMax, HIDDEN_BIT, 0);
  if (x.kind === KIND_UNSUPPORTED) {
    env.raise(FLAG_IE);
    x.sign = 1;
    return setParts(exponentMax, HIDDEN_BIT + QUIET_BIT, 0);
  }
  if (x.kind === KIND_SNAN) env.raise(FLAG_IE);
  setParts(exponentMax, (x.hi | QUIET_BIT) >>> 0, x.lo);
}

function narrowOverflow(exponentMax: number, sign: number, env: FloatEnvironment): void {
  if (env.isUnmasked(FLAG_OE)) return env.raise(FLAG_OE);
  env.raise(FLAG_OE | FLAG_PE);
  if (!roundsAway(0xffffffff, true, sign, env.rounding)) return setParts(exponentMax - 1, 0xffffffff, 0xffffffff);
  env.raise(FLAG_C1);
  setParts(exponentMax, HIDDEN_BIT, 0);
}
