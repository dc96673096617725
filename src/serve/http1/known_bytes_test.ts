import { expect, test } from "vitest";
import { KnownBytes } from "./known_bytes.ts";

test("bytes are told from all that differ in one, wherever they begin", () => {
  for (let length = 0; length < 40; length++) {
    const bytes = Uint8Array.from({ length: 60 }, (_, i) => i * 37);
    for (let at = 0; at < 9; at++) {
      // A view into a larger buffer, of its own each time.
      const other = bytes.slice().subarray(3), known = new KnownBytes(bytes.slice(3 + at, 3 + at + length));
      expect(known.begin(other, at)).toBe(true);
      expect(known.begin(other.subarray(0, at + length), at)).toBe(true);
      if (length > 0) expect(known.begin(other.subarray(0, at + length - 1), at)).toBe(false);
      for (let i = 0; i < length; i++) {
        other[at + i] ^= 0x80;
        expect(known.begin(other, at)).toBe(false);
        other[at + i] ^= 0x80;
      }
    }
  }
});
