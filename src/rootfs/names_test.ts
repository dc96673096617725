import { describe, expect, it } from "vitest";
import { compareNames, decodeName, encodeName } from "./names.ts";

describe("names", () => {
  it("keep every single byte and every pair of bytes", () => {
    const lost: number[][] = [];
    for (let a = 0; a < 256; a++) {
      for (let b = 0; b < 256; b++) {
        const [x, y, ...more] = encodeName(decodeName(Uint8Array.of(a, b)));
        if (x !== a || y !== b || more.length > 0) lost.push([a, b]);
      }
    }
    expect(lost).toEqual([]);
  });

  it("keep random bytes with pieces of valid UTF-8 in them", () => {
    let seed = 1;
    const random = (below: number) => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % below;
    const pieces = ["a", "é", "€", "😀", "\ufeff", "\ud7ff"].map((text) => new TextEncoder().encode(text));
    for (let round = 0; round < 2000; round++) {
      const bytes = Array.from({ length: random(8) }, () => random(2) === 0 ? [random(256)] : [...pieces[random(6)]])
        .flat();
      expect([...encodeName(decodeName(Uint8Array.from(bytes)))]).toEqual(bytes);
    }
  });

  it("are the plain text where the bytes are UTF-8", () => {
    expect(decodeName(new TextEncoder().encode("naïve 😀"))).toBe("naïve 😀");
  });

  it("escape what UTF-8 forbids: overlong forms, surrogates, values above U+10FFFF", () => {
    expect(decodeName(Uint8Array.of(0xc0, 0x80))).toBe("\udcc0\udc80");
    expect(decodeName(Uint8Array.of(0xed, 0xa0, 0x80))).toBe("\udced\udca0\udc80");
    expect(decodeName(Uint8Array.of(0xf4, 0x90, 0x80, 0x80))).toBe("\udcf4\udc90\udc80\udc80");
  });

  it("keep a byte order mark", () => {
    expect(decodeName(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe("\ufeffa");
  });

  it("sort by their bytes, also where code units would sort otherwise", () => {
    expect(["😀", "\uffff", "b", "a", "é", "ab"].sort(compareNames)).toEqual(["a", "ab", "b", "é", "\uffff", "😀"]);
  });
});
