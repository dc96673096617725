import { expect, it } from "vitest";
import { kindOfPlace, Stopwatch } from "./misses.ts";
import { GUEST_BIAS } from "./state.ts";

it.each([
  ["a direct call", [0xe8, 1, 2, 3, 4], "return site"],
  ["a call through a register", [0x90, 0x90, 0x90, 0xff, 0xd0], "return site"],
  ["a call through memory", [0xff, 0x14, 0x25, 0, 0, 3, 0], "return site"],
  ["a system call", [0x90, 0x90, 0x90, 0x0f, 0x05], "system call's return"],
  ["something else", [0x90, 0x90, 0x90, 0xff, 0xe0], "not found"],
])("knows what follows %s", (_name, before, kind) => {
  const u8 = new Uint8Array(64);
  u8.set(before, 32 - before.length);
  expect(kindOfPlace(u8, GUEST_BIAS + 32)).toBe(kind);
});

it("sums up what work takes, also where it fails", () => {
  let now = 5;
  const watch = new Stopwatch(() => now);
  expect(watch.during(() => now += 10)).toBe(15);
  expect(() =>
    watch.during(() => {
      now += 4;
      throw new Error("no");
    })
  ).toThrow("no");
  expect(watch.ms).toBe(14);
});
