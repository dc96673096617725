/** Rounds to the nearest integer, ties to even, keeping the sign of zero. Not Math.round: that sends ties up. */
export function nearestEven(x: number): number {
  // From 2^52 on every f64 is an integer; below, adding and taking away 2^52 rounds by the f64 rule, which is ties to even.
  if (!(Math.abs(x) < 4503599627370496)) return x;
  const rounded = x < 0 ? (x - 4503599627370496) + 4503599627370496 : (x + 4503599627370496) - 4503599627370496;
  return rounded === 0 ? (x < 0 || Object.is(x, -0) ? -0 : 0) : rounded;
}

/** Truncates to an integer of the bounds, NaN to 0: wasm's trunc_sat. */
export function truncateSaturating(x: number, min: number, max: number): number {
  if (Number.isNaN(x)) return 0;
  return Math.min(Math.max(Math.trunc(x), min), max);
}

/** As above for 64-bit bounds, which a number cannot hold. */
export function truncateSaturating64(x: number, min: bigint, max: bigint): bigint {
  if (Number.isNaN(x)) return 0n;
  if (x === Infinity) return max;
  if (x === -Infinity) return min;
  const n = BigInt(Math.trunc(x));
  return n < min ? min : n > max ? max : n;
}
