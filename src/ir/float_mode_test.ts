import { describe, expect, it } from "vitest";
import { bitsOf64, toF64 } from "./float_bits.ts";
import { exact, rounded64, type RoundedOp } from "./float_mode.ts";

const DOWN = 0x2000, UP = 0x4000, TO_ZERO = 0x6000;

/** Numbers of many magnitudes, some with few bits, so that results are exact or nearly so. */
function numbers(count: number): number[] {
  let seed = 12345n;
  const next = () => seed = seed * 6364136223846793005n + 1442695040888963407n & 0xffffffffffffffffn;
  return Array.from({ length: count }, (_, i) => {
    const exponent = BigInt(i % 3 === 0 ? 1023 : 1023 + Number(next() >> 40n) % (i % 5 === 0 ? 900 : 60) - 30);
    const fraction = i % 4 === 0 ? (next() & 0xffffen) << 32n : next() & 0xfffffffffffffn;
    return toF64((next() >> 63n) << 63n | exponent << 52n | fraction);
  });
}

/** Twice: what the result times this should be, and the scale of that (both exact). */
const SCALED: Record<Exclude<RoundedOp, "sqrt">, (x: bigint, y: bigint) => readonly [value: bigint, unit: bigint]> = {
  add: (x, y) => [x + y, 1n],
  sub: (x, y) => [x - y, 1n],
  mul: (x, y) => [x * y, 1n << 1074n],
  div: (x, y) => y < 0n ? [-x << 1074n, -y] : [x << 1074n, y],
};

describe("directed rounding gives the neighbours of the exact result", () => {
  const values = numbers(600);
  for (const [op, scaled] of Object.entries(SCALED)) {
    it(op, () => {
      const compute = rounded64(op as RoundedOp);
      for (let i = 0; i + 1 < values.length; i++) {
        const x = values[i], y = values[i + 1], [a, b] = [bitsOf64(x), bitsOf64(y)];
        const [down, up, toZero] = [DOWN, UP, TO_ZERO].map((mode) => toF64(compute(a, b, mode)));
        const [value, unit] = scaled(exact(x), exact(y));
        const isExact = exact(down) * unit === value;
        const around = exact(down) * unit <= value && value <= exact(up) * unit;
        const apart = Math.abs(Number(bitsOf64(Math.abs(up)) - bitsOf64(Math.abs(down))));
        expect([x, y, around, apart, toZero]).toEqual([x, y, true, isExact ? 0 : 1, value < 0n ? up : down]);
      }
    });
  }

  it("sqrt", () => {
    const compute = rounded64("sqrt");
    for (const x of values.map(Math.abs)) {
      const [down, up] = [DOWN, UP].map((mode) => toF64(compute(bitsOf64(x), bitsOf64(x), mode)));
      const square = exact(x) << 1074n;
      expect([x, exact(down) ** 2n <= square, square <= exact(up) ** 2n]).toEqual([x, true, true]);
      expect(Number(bitsOf64(up) - bitsOf64(down))).toBe(exact(down) ** 2n === square ? 0 : 1);
    }
  });
});
