/**
 * Real functions on fixed-point numbers: a BigInt stands for its value times 2^-places. Errors stay below some dozen units of
 * the last place, so a caller that wants 64 good bits asks for about 90 more places than its result has zeros in front.
 */

/** Number of bits of a positive integer. */
export function bitLength(n: bigint): number {
  const hex = n.toString(16);
  return hex.length * 4 - (Math.clz32(parseInt(hex[0], 16)) - 28);
}

/** n * 2^by, rounded down. */
export function shifted(n: bigint, by: number): bigint {
  return by >= 0 ? n << BigInt(by) : n >> BigInt(-by);
}

/** A constant is computed once for each number of places that is asked for. */
function cached(compute: (places: number) => bigint): (places: number) => bigint {
  const known = new Map<number, bigint>();
  return (places) => {
    let value = known.get(places);
    // The places that arguments ask for are few hundred at most.
    if (value === undefined) known.set(places, value = compute(places));
    return value;
  };
}

/** Places added while a constant is computed. */
const GUARD = 16;

/** π by Machin's formula. */
export const pi = cached((places) => {
  const p = places + GUARD;
  return (16n * arctangentOfInverse(5n, p) - 4n * arctangentOfInverse(239n, p)) >> BigInt(GUARD);
});

function arctangentOfInverse(n: bigint, places: number): bigint {
  let power = (1n << BigInt(places)) / n, sum = power;
  for (let k = 3n, sign = -1n; power !== 0n; k += 2n, sign = -sign) {
    power /= n * n;
    sum += sign * (power / k);
  }
  return sum;
}

/** ln 2 = 2 artanh(1/3). */
export const ln2 = cached((places) => {
  const p = places + GUARD;
  return 2n * artanhSeries((1n << BigInt(p)) / 3n, p) >> BigInt(GUARD);
});

function artanhSeries(t: bigint, places: number): bigint {
  const p = BigInt(places), square = t * t >> p;
  let power = t, sum = t;
  for (let k = 3n; power > 1n || power < -1n; k += 2n) {
    power = power * square >> p;
    sum += power / k;
  }
  return sum;
}

/** ln((1 + t) / (1 - t)) for |t| well below 1. */
export function logarithmOfRatio(t: bigint, places: number): bigint {
  return 2n * artanhSeries(t, places);
}

/** How often the argument of the exponential is halved, and its result doubled up again. */
const HALVINGS = 8;

/** e^x - 1 for |x| up to about 1. */
export function exponentialMinusOne(x: bigint, places: number): bigint {
  // Each doubling loses a bit.
  const p = places + HALVINGS + 4, wide = BigInt(p);
  const y = x << 4n; // x / 2^8 with 12 more places
  let term = y, sum = y;
  for (let k = 2n; term > 1n || term < -1n; k++) {
    term = (term * y >> wide) / k;
    sum += term;
  }
  // e^2y - 1 = (e^y - 1) (e^y - 1 + 2)
  for (let i = 0; i < HALVINGS; i++) sum = sum * (sum + (2n << wide)) >> wide;
  return sum >> BigInt(HALVINGS + 4);
}

/** Sine of |x| < 1. */
export function sine(x: bigint, places: number): bigint {
  return alternatingSeries(x, x, 1n, places);
}

/** Cosine of |x| < 1. */
export function cosine(x: bigint, places: number): bigint {
  return alternatingSeries(1n << BigInt(places), x, 0n, places);
}

/** first - first x² / ((n+1)(n+2)) + ... */
function alternatingSeries(first: bigint, x: bigint, n: bigint, places: number): bigint {
  const p = BigInt(places), square = x * x >> p;
  let term = first, sum = first;
  for (let k = n + 1n; term > 1n || term < -1n; k += 2n) {
    term = -((term * square >> p) / (k * (k + 1n)));
    sum += term;
  }
  return sum;
}

/** Steps of the table that arctangent reduces its argument with. */
const ARCTANGENT_STEPS = 16n;
const arctangentOfSteps = Array.from({ length: 17 }, (_, i) =>
  cached((places) => {
    const c = (BigInt(i) << BigInt(places)) / ARCTANGENT_STEPS;
    // Half the angle twice: by atan c = 2 atan(c / (1 + √(1 + c²))) the series gets short.
    return 4n * arctangentSeries(halfAngle(halfAngle(c, places), places), places);
  }));

function halfAngle(c: bigint, places: number): bigint {
  const one = 1n << BigInt(places);
  return (c << BigInt(places)) / (one + squareRoot(one * one + c * c));
}

function squareRoot(n: bigint): bigint {
  let root = 1n << BigInt(bitLength(n) + 1 >> 1);
  for (;;) {
    const next = root + n / root >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

function arctangentSeries(x: bigint, places: number): bigint {
  const p = BigInt(places), square = x * x >> p;
  let power = x, sum = x;
  for (let k = 3n; power > 1n || power < -1n; k += 2n) {
    power = -(power * square >> p);
    sum += power / k;
  }
  return sum;
}

/** Arctangent of 0 <= x <= 1. */
export function arctangent(x: bigint, places: number): bigint {
  const one = 1n << BigInt(places);
  const step = (x * ARCTANGENT_STEPS + (one >> 1n)) / one;
  if (step === 0n) return arctangentSeries(x, places);
  // atan x = atan c + atan((x - c) / (1 + x c))
  const c = (step << BigInt(places)) / ARCTANGENT_STEPS;
  const rest = (x - c << BigInt(places)) / (one + (x * c >> BigInt(places)));
  return arctangentOfSteps[Number(step)](places) + arctangentSeries(rest, places);
}
