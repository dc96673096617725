import { constants, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { badInput } from "../errors.ts";
import { chunksOf, compress, concat, utf8 } from "./_testing.ts";
import { decompressed, sniffCompression } from "./decompress.ts";

const text = utf8("some text that repeats, some text that repeats; ".repeat(3000));

async function all(source: AsyncIterable<Uint8Array>, limit = 1 << 30): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of decompressed(source, "blob", limit)) chunks.push(chunk);
  return concat(...chunks);
}

async function* broken(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
  throw badInput("the disk is gone");
}

const failing = (bytes: Uint8Array, limit?: number) => expect(all(chunksOf(bytes), limit)).rejects;

describe("decompression", () => {
  for (const compression of ["none", "gzip", "zstd"] as const) {
    it(`gives ${compression} content back, whatever the chunks`, async () => {
      const bytes = compress(text, compression);
      expect(sniffCompression(bytes)).toBe(compression);
      for (const length of [3, 9, 4096]) expect(await all(chunksOf(bytes, length))).toEqual(text);
    });

    it(`gives nothing for ${compression} of nothing`, async () => {
      expect(await all(chunksOf(compress(new Uint8Array(0), compression)))).toHaveLength(0);
    });
  }

  it("joins gzip members and zstd frames, as eStargz and zstd:chunked write them", async () => {
    const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4);
    const gzip = compress(text, "gzip");
    const zstd = compress(text, "zstd");
    expect(await all(chunksOf(concat(gzip, gzip)))).toEqual(concat(text, text));
    expect(await all(chunksOf(concat(skippable, zstd, skippable, zstd, skippable)))).toEqual(concat(text, text));
  });

  it("stops at the limit, long before a bomb has gone off", async () => {
    const zeros = new Uint8Array(50_000_000);
    for (const compression of ["gzip", "zstd"] as const) {
      await failing(compress(zeros, compression), 1_000_000).toThrow(
        "blob: content exceeds 1000000 bytes when decompressed",
      );
    }
    await failing(text, 1000).toThrow("blob: content exceeds 1000 bytes");
  });

  it("says so when data is cut off or damaged", async () => {
    for (const compression of ["gzip", "zstd"] as const) {
      const bytes = compress(text, compression);
      await failing(bytes.subarray(0, bytes.length - 9)).toThrow(`blob: ${compression} data is damaged or cut off`);
      const damaged = bytes.slice().fill(0xaa, 20, 60);
      await failing(damaged).toThrow(`blob: ${compression} data is damaged or cut off`);
    }
  });

  it("refuses windows that would take gigabytes", async () => {
    const bytes = zstdCompressSync(text, {
      params: { [constants.ZSTD_c_windowLog]: 30, [constants.ZSTD_c_contentSizeFlag]: 0 },
    });
    const wide = concat(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 20 << 3), new Uint8Array(bytes.subarray(6)));
    await failing(wide).toThrow("blob: zstd window of 1073741824 bytes, up to 33554432 are read");
  });

  it("names other compressions", async () => {
    await failing(Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0, 0, 0, 0)).toThrow(
      "compressed with xz; gzip and zstd are read",
    );
    await failing(concat(utf8("BZh9"), Uint8Array.of(0x31, 0x41, 0x59, 0x26, 0x53, 0x59))).toThrow(
      "compressed with bzip2",
    );
  });

  it("passes on what the source throws", async () => {
    for (const compression of ["none", "gzip", "zstd"] as const) {
      await expect(all(broken(compress(text, compression).subarray(0, 40)))).rejects.toThrow(/^the disk is gone$/);
    }
  });

  it("can be left early", async () => {
    for await (const chunk of decompressed(chunksOf(compress(text, "gzip")), "blob", 1 << 30)) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
  });
});
