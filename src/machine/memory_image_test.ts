import { expect, test } from "vitest";
import type { MappedRange } from "./machine.ts";
import { MemoryOrigin, without } from "./memory_image.ts";

/** The ranges of the numbers below `end` for which `has` is true. */
function rangesOf(end: number, has: (n: number) => boolean): MappedRange[] {
  const ranges: { start: number; end: number }[] = [];
  for (let n = 0; n < end; n++) {
    if (!has(n)) continue;
    const last = ranges.at(-1);
    if (last?.end === n) last.end++;
    else ranges.push({ start: n, end: n + 1 });
  }
  return ranges;
}

test("what is left of ranges without holes, in every way that six numbers can be in both", () => {
  for (let ranges = 0; ranges < 64; ranges++) {
    for (let holes = 0; holes < 64; holes++) {
      const left = without(rangesOf(6, (n) => (ranges >> n & 1) === 1), rangesOf(6, (n) => (holes >> n & 1) === 1));
      expect(left, `${ranges} without ${holes}`).toEqual(rangesOf(6, (n) => ((ranges & ~holes) >> n & 1) === 1));
    }
  }
});

test("ranges that touch stay apart, and a hole may reach over several", () => {
  const ranges = [{ start: 0, end: 4 }, { start: 4, end: 8 }, { start: 8, end: 12 }];
  expect(without(ranges, [])).toEqual(ranges);
  expect(without(ranges, [{ start: 2, end: 10 }])).toEqual([{ start: 0, end: 2 }, { start: 10, end: 12 }]);
  expect(without(ranges, [{ start: 5, end: 6 }])).toEqual([
    ...[{ start: 0, end: 4 }, { start: 4, end: 5 }, { start: 6, end: 8 }, { start: 8, end: 12 }],
  ]);
});

test("a fixed page is no longer certain once anything is mapped over it", () => {
  const image = {
    filled: [],
    fixed: [{ start: 0x2000, end: 0x4000 }, { start: 0x8000, end: 0x9000 }],
    unusedStacks: [],
  };
  const keptAfter = (start: number, end: number) => {
    const origin = new MemoryOrigin(image);
    origin.remapped(start, end);
    return origin.isFixedKept;
  };
  for (const [start, end] of [[0, 0x2000], [0x4000, 0x8000], [0x9000, 0xa000]]) {
    expect(keptAfter(start, end)).toBe(true);
  }
  for (const [start, end] of [[0, 0x2001], [0x3fff, 0x8000], [0x8000, 0x9000], [0, 0xa000]]) {
    expect(keptAfter(start, end)).toBe(false);
  }
});

test("a stack that is mapped anew is no longer unused", () => {
  const stacks = [{ start: 0x2000, end: 0x4000 }, { start: 0x8000, end: 0x9000 }];
  const origin = new MemoryOrigin({ filled: [], fixed: [], unusedStacks: stacks });
  origin.remapped(0x4000, 0x8000);
  expect(origin.unusedStacks).toEqual(stacks);
  origin.remapped(0x3000, 0x5000);
  expect([origin.unusedStacks, origin.isFixedKept]).toEqual([[stacks[1]], true]);
});
