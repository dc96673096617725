/**
 * Float arithmetic on bit patterns with the NaN results of x86 hardware, which wasm leaves open: the first operand's NaN
 * quieted, else the second's, else for an invalid operation the default NaN, which is negative (Intel SDM volume 1, 4.8.3.5
 * and 4.8.3.7). V8 emits the SSE instruction itself, so compiled code shows the same bits on x64.
 */
import { nearestEven } from "./rounding.ts";

const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);
const f64 = new Float64Array(1);
const u64 = new BigUint64Array(f64.buffer);

const DEFAULT_NAN_32 = 0xffc00000, QUIET_32 = 0x00400000;
const DEFAULT_NAN_64 = 0xfff8000000000000n, QUIET_64 = 0x0008000000000000n;

export type Arithmetic = (x: number, y: number) => number;
export type Unary = (x: number) => number;

export function isNan32(bits: number): boolean {
  return (bits & 0x7fffffff) > 0x7f800000;
}

export function isNan64(bits: bigint): boolean {
  return (bits & 0x7fffffffffffffffn) > 0x7ff0000000000000n;
}

export function toF32(bits: number): number {
  u32[0] = bits;
  return f32[0];
}

/** Bits of a number rounded to f32; not for NaN. */
export function bitsOf32(x: number): number {
  f32[0] = x;
  return u32[0];
}

export function toF64(bits: bigint): number {
  u64[0] = bits;
  return f64[0];
}

export function bitsOf64(x: number): bigint {
  f64[0] = x;
  return u64[0];
}

/**
 * A binary operation on f32 bits. Rounding the f64 result of add, sub, mul, div to f32 gives the correctly rounded f32 result
 * (53 >= 2 * 24 + 2 bits).
 */
export function binary32(a: number, b: number, compute: Arithmetic): number {
  if (isNan32(a)) return (a | QUIET_32) >>> 0;
  if (isNan32(b)) return (b | QUIET_32) >>> 0;
  const result = compute(toF32(a), toF32(b));
  return Number.isNaN(result) ? DEFAULT_NAN_32 : bitsOf32(result);
}

export function binary64(a: bigint, b: bigint, compute: Arithmetic): bigint {
  if (isNan64(a)) return a | QUIET_64;
  if (isNan64(b)) return b | QUIET_64;
  const result = compute(toF64(a), toF64(b));
  return Number.isNaN(result) ? DEFAULT_NAN_64 : bitsOf64(result);
}

export function unary32(a: number, compute: Unary): number {
  if (isNan32(a)) return (a | QUIET_32) >>> 0;
  const result = compute(toF32(a));
  return Number.isNaN(result) ? DEFAULT_NAN_32 : bitsOf32(result);
}

export function unary64(a: bigint, compute: Unary): bigint {
  if (isNan64(a)) return a | QUIET_64;
  const result = compute(toF64(a));
  return Number.isNaN(result) ? DEFAULT_NAN_64 : bitsOf64(result);
}

/** wasm's min and max order -0 before +0 and let any NaN win; x86 has no such operation. */
export const EXTREMES = { min: Math.min, max: Math.max } satisfies Record<string, Arithmetic>;

/** Roundings to an integer, by the end of the op's name. */
export const ROUNDINGS = {
  ceil: Math.ceil,
  floor: Math.floor,
  trunc: Math.trunc,
  nearest: nearestEven,
} satisfies Record<string, Unary>;
