import { expect, test } from "vitest";
import { CodeRange } from "./code_range.ts";
import { GUEST_BIAS } from "./state.ts";

const BYTES = 32;

function memory(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: BYTES }, (_, i) => 7 * i + 1);
}

test("a range differs when a byte of it does, and for no other byte", () => {
  for (let start = 0; start < 8; start++) {
    for (let end = start; end <= BYTES; end++) {
      const u8 = memory(), words = new Int32Array(u8.buffer);
      const range = new CodeRange(u8, GUEST_BIAS + start, GUEST_BIAS + end);
      expect([...range.bytes]).toEqual([...u8.subarray(start, end)]);
      for (let i = 0; i < BYTES; i++) {
        u8[i] ^= 0x80;
        expect(range.differs(words), `[${start}, ${end}) at ${i}`).toBe(i >= start && i < end);
        u8[i] ^= 0x80;
      }
      expect(range.differs(words)).toBe(false);
    }
  }
});

test("a range is kept as it was, and differs where there is no memory any more", () => {
  const u8 = memory(), range = new CodeRange(u8, GUEST_BIAS + 9, GUEST_BIAS + 22);
  u8.fill(0);
  expect(range.bytes[0]).toBe(64);
  expect(range.differs(new Int32Array(u8.buffer))).toBe(true);
  expect(range.differs(new Int32Array(memory().buffer, 0, 5))).toBe(true);
  expect(range.differs(new Int32Array(memory().buffer, 0, 6))).toBe(false);
});
