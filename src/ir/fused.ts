/**
 * a * b + c rounded once, as FMA3 has it: exact in integers, then rounded as MXCSR says (Intel SDM volume 1, 14.5.2). NaNs: the
 * first of a, b, c that is one, quieted.
 */
import { ROUNDING_CONTROL } from "../machine/code_mode.ts";
import { asOperand, exact, F32, F64, flushed, type Format, SCALE_UP_BITS } from "./float_mode.ts";
import { bitsOf32, bitsOf64, isNan32, isNan64, toF32, toF64 } from "./float_bits.ts";

const ROUND_DOWN = 0x2000, ROUND_UP = 0x4000;

/** exact() gives units of 2^-1074, so products have units of 2^-2148. */
const UNIT = -2148;

function bitLength(n: bigint): number {
  return n.toString(2).length;
}

/** The sum's magnitude in units of 2^-2148, rounded to `precision` bits but never finer than 2^leastExponent. */
function round(sum: bigint, mode: number, { precision, leastExponent, greatest }: Format): number {
  const negative = sum < 0n;
  const magnitude = negative ? -sum : sum;
  const exponent = Math.max(bitLength(magnitude) - precision + UNIT, leastExponent);
  const shift = BigInt(exponent - UNIT);
  let kept = magnitude >> shift;
  const rest = magnitude - (kept << shift), tie = 1n << shift - 1n;
  const rc = mode & ROUNDING_CONTROL;
  const away = rc === 0
    ? rest > tie || (rest === tie && (kept & 1n) === 1n)
    : rest !== 0n && awayFromZero(rc, negative);
  if (away) kept++;
  let value = Number(kept) * 2 ** exponent;
  if (value > greatest) value = rc === 0 || awayFromZero(rc, negative) ? Infinity : greatest;
  return negative ? -value : value;
}

function awayFromZero(rc: number, negative: boolean): boolean {
  return rc === (negative ? ROUND_DOWN : ROUND_UP);
}

function fused(a: number, b: number, c: number, mode: number, format: Format): number {
  a = asOperand(a, mode, format);
  b = asOperand(b, mode, format);
  c = asOperand(c, mode, format);
  if (!Number.isFinite(a) || !Number.isFinite(b)) return a * b + c;
  if (!Number.isFinite(c)) return c;
  const sum = exact(a) * exact(b) + (exact(c) << 1074n);
  if (sum !== 0n) {
    return flushed(round(sum, mode, format), mode, format, () => round(sum << BigInt(SCALE_UP_BITS), mode, format));
  }
  // Zeros of one sign keep it; what cancels is +0, or -0 when rounding down.
  const negative = (x: number) => x < 0 || Object.is(x, -0);
  const productNegative = negative(a) !== negative(b);
  if (productNegative === negative(c)) return productNegative ? -0 : 0;
  return (mode & ROUNDING_CONTROL) === ROUND_DOWN ? -0 : 0;
}

/** On f32 bits. */
export function fused32(a: number, b: number, c: number, mode: number): number {
  for (const operand of [a, b, c]) if (isNan32(operand)) return (operand | 0x00400000) >>> 0;
  const result = fused(toF32(a), toF32(b), toF32(c), mode, F32);
  return Number.isNaN(result) ? 0xffc00000 : bitsOf32(result);
}

/** On f64 bits. */
export function fused64(a: bigint, b: bigint, c: bigint, mode: number): bigint {
  for (const operand of [a, b, c]) if (isNan64(operand)) return operand | 0x0008000000000000n;
  const result = fused(toF64(a), toF64(b), toF64(c), mode, F64);
  return Number.isNaN(result) ? 0xfff8000000000000n : bitsOf64(result);
}
