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

  it("are found as quickly among very many", () => {
    const map = new AddressMap(), count = 400_000, step = 4;
    const start = performance.now();
    for (let i = 0; i < count; i++) map.set(0x401000 + step * i, i);
    let sum = 0;
    for (let i = 0; i < count; i++) sum += map.get(0x401000 + step * i) - i;
    expect(sum).toBe(0);
    expect(map.size).toBe(count);
    // Some 20 ms; where addresses share slots, minutes.
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
