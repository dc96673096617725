/** The soft-float against exact rational arithmetic, rounded here in the plainest way. */
import { describe, expect, it } from "vitest";
import {
  FLAG_OE,
  FLAG_PE,
  FLAG_UE,
  Float80,
  FloatEnvironment,
  ROUND_DOWN,
  ROUND_NEAREST,
  ROUND_UP,
  ROUND_ZERO,
} from "./float80.ts";
import { add, type BinaryOperation, divide, multiply, squareRoot, subtract } from "./float80_arith.ts";
import { fromFloat32, fromFloat64, narrow, toFloat32, toFloat64 } from "./float80_convert.ts";
import { decimal, fromDecimal, fromInt64, integer, toDecimal, toInteger } from "./float80_integer.ts";
import { PARTIAL, remainder } from "./float80_remainder.ts";

const CASES = 4000;

/** A small generator: the same cases everywhere. */
function randomSource(seed: number): () => number {
  return () => {
    seed = seed + 0x6d2b79f5 | 0;
    let t = Math.imul(seed ^ seed >>> 15, seed | 1);
    t ^= t + Math.imul(t ^ t >>> 7, t | 61);
    return (t ^ t >>> 14) >>> 0;
  };
}

/** Numbers near each other, at both ends of the range, with ragged or round significands. */
function randomNumber(next: () => number): Float80 {
  const x = new Float80();
  const exponents = [0x3fff - 70 + next() % 140, next() % 130, 0x7ffe - next() % 130, 1 + next() % 0x7ffd, 0];
  const exponent = exponents[next() % 5];
  const hi = [next(), 0, 0x7fffffff, next() & 0xff0][next() % 4];
  const lo = [next(), 0, 0xffffffff, 0x400, 1][next() % 5];
  x.set(next() & 1, exponent, exponent === 0 ? hi >>> 1 : (hi | 0x80000000) >>> 0, lo);
  x.classify();
  return x;
}

/** numerator / denominator, the denominator positive. */
type Rational = [numerator: bigint, denominator: bigint];

const BIAS = 0x3fff + 63;

function rationalOf(x: Float80): Rational {
  const value = (BigInt(x.hi) << 32n | BigInt(x.lo)) * (x.sign ? -1n : 1n);
  const power = (x.exponent === 0 ? 1 : x.exponent) - BIAS;
  return power >= 0 ? [value << BigInt(power), 1n] : [value, 1n << BigInt(-power)];
}

/** A rational as sign:exponent:significand in hex, as the x87 rounds it with exceptions masked. */
function rounded([numerator, denominator]: Rational, precision: number, rounding: number): string {
  if (numerator === 0n) return "zero";
  const sign = numerator < 0n ? 1 : 0;
  const magnitude = sign ? -numerator : numerator;
  let exponent = magnitude.toString(2).length - denominator.toString(2).length + 0x3fff;
  const unitAt = (e: number) => Math.max(e, 1) - BIAS + (64 - precision);
  const scaled = (e: number): [bigint, bigint] => {
    const power = unitAt(e);
    return power >= 0 ? [magnitude, denominator << BigInt(power)] : [magnitude << BigInt(-power), denominator];
  };
  let [n, d] = scaled(exponent);
  if (n / d < 1n << BigInt(precision - 1)) [n, d] = scaled(--exponent);
  let quotient = n / d;
  const rest = n % d;
  const away = rounding === ROUND_NEAREST
    ? 2n * rest > d || (2n * rest === d && (quotient & 1n) === 1n)
    : rest !== 0n && rounding === (sign ? ROUND_DOWN : ROUND_UP);
  if (away) quotient++;
  if (quotient >> BigInt(precision) !== 0n) {
    quotient >>= 1n;
    exponent++;
  }
  const significand = quotient << BigInt(64 - precision);
  if (exponent >= 0x7fff) {
    const toInfinity = rounding === ROUND_NEAREST || rounding === (sign ? ROUND_DOWN : ROUND_UP);
    if (toInfinity) return format(sign, 0x7fff, 1n << 63n);
    return format(sign, 0x7ffe, (1n << BigInt(precision)) - 1n << BigInt(64 - precision));
  }
  return significand === 0n ? "zero" : format(sign, significand >> 63n === 0n ? 0 : Math.max(exponent, 1), significand);
}

function format(sign: number, exponent: number, significand: bigint): string {
  return `${sign}:${exponent.toString(16)}:${significand.toString(16).padStart(16, "0")}`;
}

function formatNumber(x: Float80): string {
  const significand = BigInt(x.hi) << 32n | BigInt(x.lo);
  return significand === 0n ? "zero" : format(x.sign, x.exponent, significand);
}

function environment(next: () => number): { env: FloatEnvironment; precision: number; rounding: number } {
  const env = new FloatEnvironment();
  const field = [0, 2, 3][next() % 3], rounding = next() % 4;
  env.control = 0x7f | field << 8 | rounding << 10;
  return { env, precision: [24, 0, 53, 64][field], rounding };
}

const EXACT: [string, BinaryOperation, (a: Rational, b: Rational) => Rational][] = [
  ["add", add, ([a, b], [c, d]) => [a * d + c * b, b * d]],
  ["subtract", subtract, ([a, b], [c, d]) => [a * d - c * b, b * d]],
  ["multiply", multiply, ([a, b], [c, d]) => [a * c, b * d]],
  ["divide", divide, ([a, b], [c, d]) => (c < 0n ? [-a * d, -b * c] : [a * d, b * c])],
];

describe("arithmetic rounds the exact result, at each precision and in each direction", () => {
  for (const [name, operation, exact] of EXACT) {
    it(name, () => {
      const next = randomSource(name.length);
      for (let i = 0; i < CASES; i++) {
        const a = randomNumber(next), b = randomNumber(next);
        if (name === "divide" && (b.hi | b.lo) === 0) continue;
        const { env, precision, rounding } = environment(next);
        const r = new Float80();
        operation(r, a, b, env);
        const want = rounded(exact(rationalOf(a), rationalOf(b)), precision, rounding);
        expect(formatNumber(r), `${formatNumber(a)} ${name} ${formatNumber(b)}, ${precision} bits, rc ${rounding}`)
          .toBe(want);
      }
    });
  }

  it("square root: the result squared is on the right side", () => {
    const next = randomSource(5);
    for (let i = 0; i < CASES / 4; i++) {
      const a = randomNumber(next);
      a.sign = 0;
      const env = new FloatEnvironment(), r = new Float80();
      env.control = 0x37f | ROUND_ZERO << 10;
      squareRoot(r, a, env);
      const [n, d] = rationalOf(a), [rn, rd] = rationalOf(r);
      expect(rn * rn * d <= n * rd * rd).toBe(true);
      if ((a.hi | a.lo) === 0) continue;
      const one = (BigInt(r.hi) << 32n | BigInt(r.lo)) + 1n, now = one - 1n;
      // One unit more would be too much.
      expect(rn * rn * one * one * d > n * rd * rd * now * now).toBe(true);
      expect((env.flags & FLAG_PE) !== 0).toBe(rn * rn * d !== n * rd * rd);
    }
  });
});

describe("overflow and underflow", () => {
  const largest = new Float80(), smallest = new Float80();
  largest.set(0, 0x7ffe, 0xffffffff, 0xffffffff);
  smallest.set(0, 1, 0x80000000, 0);
  for (const x of [largest, smallest]) x.classify();

  it("masked: infinity, and a denormal", () => {
    const env = new FloatEnvironment(), r = new Float80();
    multiply(r, largest, largest, env);
    expect([formatNumber(r), env.flags & 0x3f]).toEqual(["0:7fff:8000000000000000", FLAG_OE | FLAG_PE]);
    env.flags = 0;
    fromFloat64(r, 0x3fe00000, 0);
    multiply(r, r, smallest, env);
    // Exact, so no underflow is reported.
    expect([formatNumber(r), env.flags]).toEqual(["0:0:4000000000000000", 0]);
  });

  it("unmasked: the exponent moves by 24576, so that a handler can see the value", () => {
    const env = new FloatEnvironment(), r = new Float80();
    env.control = 0x37f & ~(FLAG_OE | FLAG_UE);
    multiply(r, smallest, smallest, env);
    expect([formatNumber(r), env.flags]).toEqual([`0:${(2 - 0x3fff + 24576).toString(16)}:8000000000000000`, FLAG_UE]);
  });
});

describe("conversions", () => {
  it("doubles and singles survive the way there and back", () => {
    const next = randomSource(7), view = new DataView(new ArrayBuffer(8)), x = new Float80();
    const env = new FloatEnvironment();
    for (let i = 0; i < CASES; i++) {
      const hi = next(), lo = next();
      view.setUint32(0, hi), view.setUint32(4, lo);
      fromFloat64(x, hi, lo);
      if (Number.isNaN(view.getFloat64(0))) continue;
      toFloat64(x, env);
      expect([narrow.hi, narrow.lo]).toEqual([hi, lo]);
      toFloat32(x, env);
      view.setFloat32(0, Math.fround(view.getFloat64(0)));
      expect(narrow.lo).toBe(view.getUint32(0));
      fromFloat32(x, narrow.lo);
      const single = narrow.lo;
      x.classify();
      toFloat32(x, env);
      expect(narrow.lo).toBe(single);
    }
  });

  it("integers of 64 bits are exact, and too large ones invalid", () => {
    const next = randomSource(8), x = new Float80(), env = new FloatEnvironment();
    for (let i = 0; i < CASES; i++) {
      const hi = next() >> next() % 32, lo = next();
      fromInt64(x, hi, lo);
      toInteger(x, 64, ROUND_NEAREST, env);
      expect([integer.hi, integer.lo]).toEqual([hi >>> 0, lo]);
      toInteger(x, 16, ROUND_ZERO, env);
      const fits = hi === lo >> 31 && lo << 16 >> 16 === (lo | 0);
      expect(integer.lo & 0xffff).toBe(fits ? lo & 0xffff : 0x8000);
    }
  });

  it("packed decimals of 18 digits are exact", () => {
    const x = new Float80(), env = new FloatEnvironment();
    fromDecimal(x, 0x3456789012345678n, 0x8012);
    toDecimal(x, env);
    expect([decimal.low, decimal.high, env.flags]).toEqual([0x3456789012345678n, 0x8012, 0]);
  });
});

describe("remainder", () => {
  it("is exact, in one step or in several", () => {
    const next = randomSource(9), env = new FloatEnvironment();
    for (let i = 0; i < CASES / 4; i++) {
      const a = randomNumber(next), b = randomNumber(next);
      if ((b.hi | b.lo) === 0) continue;
      const [an, ad] = rationalOf(a), [bn, bd] = rationalOf(b);
      const r = new Float80();
      r.copy(a);
      for (let steps = 0; remainder(r, r, b, false, env) === PARTIAL; steps++) {
        expect(steps).toBeLessThan(1100);
        r.classify();
      }
      const numerator = an * bd, divisor = bn * ad;
      expect(formatNumber(r)).toBe(rounded([numerator % divisor, ad * bd], 64, ROUND_NEAREST));
    }
  });
});
