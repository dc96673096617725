import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { compressBlob, expandBlob } from "./blob.ts";

const compress = (bytes: Uint8Array) => deflateRawSync(bytes);
const text = new TextEncoder().encode("again and again ".repeat(500)), random = Uint8Array.from([200, 3, 77, 9, 150]);

describe("a blob", () => {
  it("is compressed where that makes it shorter, and comes back", () => {
    expect(compressBlob(text, compress).length).toBeLessThan(100);
    for (const bytes of [text, random, new Uint8Array(0)]) {
      for (const how of [compress, null]) expect(expandBlob(compressBlob(bytes, how), "blob")).toEqual(bytes);
    }
    expect(compressBlob(random, compress)).toEqual(compressBlob(random, null));
  });

  it("that is damaged is named", () => {
    const blob = compressBlob(text, compress), cut = (end: number) => () => expandBlob(blob.subarray(0, end), "traps");
    for (let end = 0; end < blob.length; end++) expect(cut(end)).toThrow(/^traps: /);
    const changed = (at: number, value: number, from = blob) => {
      const copy = from.slice();
      copy[at] = value;
      return () => expandBlob(copy, "traps");
    };
    expect(changed(3, 0xff)).toThrow("traps: ");
    expect(changed(0, text.length - 1)).toThrow("traps: damaged");
    expect(changed(20, blob[20] ^ 1)).toThrow(/^traps: /);
    expect(changed(9, 4, compressBlob(random, null))).toThrow("traps: damaged: its hash is another");
  });
});
