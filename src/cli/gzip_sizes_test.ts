import { Buffer } from "node:buffer";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { GZIP_LEVEL, GZIP_PIECE, GzipSizes } from "./gzip_sizes.ts";

/** Bytes that gzip makes smaller, by about a half. */
function text(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0, x = 1; i < length; i++) bytes[i] = (x = Math.imul(x, 0x41c64e6d) + 12345) >>> 28;
  return bytes;
}

describe("GzipSizes", () => {
  const sizes = new GzipSizes(2);
  afterAll(() => sizes.close());

  it("is the size of the gzip file, small, of one piece and of several", async () => {
    const lengths = [0, 100, GZIP_PIECE, GZIP_PIECE + 1, 2 * GZIP_PIECE + 4000];
    const got = await Promise.all(lengths.map((length) => sizes.sizeOf(text(length))));
    const members = lengths.map((length) => {
      const bytes = text(length), pieces: Uint8Array[] = [];
      for (let at = 0; at < length || at === 0; at += GZIP_PIECE) {
        pieces.push(gzipSync(bytes.subarray(at, at + GZIP_PIECE), { level: GZIP_LEVEL }));
      }
      const file = Buffer.concat(pieces);
      expect(Buffer.compare(gunzipSync(file), bytes)).toBe(0);
      return file.length;
    });
    expect(got).toEqual(members);
  });
});
