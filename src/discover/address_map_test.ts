import { describe, expect, it } from "vitest";
import { AddressMap } from "./address_map.ts";

describe("numbers by address", () => {
  it("are what was set last, and gone when cleared", () => {
    const map = new AddressMap();
    map.set(0xffff_fff0, 1);
    map.set(0x400000, 2);
    map.set(0x400000, 3);
    expect([map.get(0xffff_fff0), map.get(0x400000), map.get(0), map.size]).toEqual([1, 3, -1, 2]);
    map.clear();
    expect([map.has(0x400000), map.size]).toEqual([false, 0]);
  });

  it.each([[1, 1 << 20], [4, 1 << 20], [4, 3], [16, 1 << 22]])(
    "are found as quickly among very many (%i bytes apart, ranges %i apart)",
    (step, gap) => {
      const map = new AddressMap(), count = 100_000, starts = [0x401000, 0x401000 + count * step + gap];
      const start = performance.now();
      for (const first of starts) for (let i = 0; i < count; i++) map.set(first + step * i, i);
      let sum = 0;
      for (const first of starts) for (let i = 0; i < count; i++) sum += map.get(first + step * i) - i;
      expect(sum).toBe(0);
      expect(map.size).toBe(2 * count);
      // Some 20 ms; where addresses share slots, minutes.
      expect(performance.now() - start).toBeLessThan(10_000);
    },
  );
});
