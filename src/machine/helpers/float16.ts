/** Half-precision floats (IEEE 754 binary16) from and to single precision, as F16C converts them (Intel SDM volume 1, 14.4). */
import { DENORMALS_ARE_ZERO } from "../code_mode.ts";

const f32 = new Float32Array(1);
const i32 = new Int32Array(f32.buffer);

/** Rounding as in MXCSR.RC; with BY_MXCSR in the immediate, MXCSR's own. */
const DOWN = 1, UP = 2, TO_ZERO = 3, BY_MXCSR = 4;
const RC_SHIFT = 13;

/** Bits of the single of the same value; NaNs become quiet. */
export function f16ToF32(bits: number): number {
  const sign = (bits & 0x8000) << 16, exponent = bits >> 10 & 31, fraction = bits & 0x3ff;
  if (exponent === 31) return sign | 0x7f800000 | fraction << 13 | (fraction === 0 ? 0 : 0x400000);
  if (exponent !== 0) return sign | exponent + 112 << 23 | fraction << 13;
  f32[0] = fraction * 2 ** -24;
  return sign | i32[0];
}

/** Bits of the half nearest to a single in the wanted direction. `control`: the immediate's low three bits. */
export function f32ToF16(bits: number, control: number, mxcsr: number): number {
  const rounding = control & BY_MXCSR ? mxcsr >> RC_SHIFT & 3 : control & 3;
  const sign = bits >>> 16 & 0x8000, exponent = bits >>> 23 & 255;
  let fraction = bits & 0x7fffff;
  if (exponent === 255) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200 | fraction >> 13);
  if (exponent === 0 && (fraction === 0 || (mxcsr & DENORMALS_ARE_ZERO) !== 0)) return sign;
  if (exponent !== 0) fraction |= 0x800000;
  // The significand has 24 bits; 11 are kept of it, fewer for results below 2^-14.
  const scale = Math.max(exponent, 1) - 112;
  const shift = Math.min(scale < 1 ? 14 - scale : 13, 31);
  const kept = fraction >>> shift, rest = fraction - kept * 2 ** shift;
  const result = kept + (scale < 1 ? 0 : scale - 1 << 10) +
    (roundsUp(rounding, sign, kept, rest, 2 ** (shift - 1)) ? 1 : 0);
  if (result < 0x7c00) return sign | result;
  const toInfinity = rounding === 0 || rounding === (sign ? DOWN : UP);
  return sign | (toInfinity ? 0x7c00 : 0x7bff);
}

function roundsUp(rounding: number, sign: number, kept: number, rest: number, tie: number): boolean {
  if (rounding === TO_ZERO || rest === 0) return false;
  if (rounding === 0) return rest > tie || (rest === tie && (kept & 1) === 1);
  return rounding === (sign ? DOWN : UP);
}
