import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { constants, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { expandFrames } from "./frame.ts";

/** Numbers that look random and are the same each time. */
function randomNumbers(seed: number): (below: number) => number {
  return (below) => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) % below;
}

function filled(length: number, byte: (i: number) => number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => byte(i));
}

/** Words of a small vocabulary: short matches, and literals of which Huffman codes make something. */
function words(length: number, seed: number): Uint8Array {
  const random = randomNumbers(seed);
  const vocabulary = Array.from({ length: 500 }, () => filled(1 + random(12), () => 97 + random(26)));
  const out = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const word = vocabulary[(random(500) * random(500) / 500) | 0].subarray(0, length - at);
    out.set(word, at);
    at += word.length;
    if (at < length) out[at++] = 32;
  }
  return out;
}

const random = randomNumbers(7);
const program = new Uint8Array(readFileSync(fileURLToPath(new URL("../../fixtures/c/io/paths.elf", import.meta.url))));
const CONTENTS: Record<string, Uint8Array> = {
  "one byte": filled(1, () => 5),
  "few bytes": filled(20, (i) => i * i),
  "zeros": new Uint8Array(300_000),
  "one long match": filled(200_000, (i) => (i % 4099) ^ (i % 251)),
  "all bytes alike often": filled(100_000, () => random(256)),
  "literals alone": filled(60_000, () => (random(16) * random(16)) >> 2),
  "few literals": filled(700, () => random(3) * random(60)),
  "words": words(262_144, 3),
  "words, several blocks": words(1_000_000, 4),
  "a program": program,
  "programs and zeros": (() => {
    const out = new Uint8Array(500_000);
    for (let at = 0; at + program.length < out.length; at += program.length + 1000) out.set(program, at);
    return out;
  })(),
  "numbers": new Uint8Array(Uint32Array.from({ length: 60_000 }, (_, i) => i * 1000 + random(40)).buffer),
};

function compressed(bytes: Uint8Array, level: number, more: Record<number, number> = {}): Uint8Array {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: level, ...more } });
}

function expanded(frames: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  expandFrames(frames, out);
  return out;
}

describe("what zlib makes is read", () => {
  for (const [name, bytes] of Object.entries(CONTENTS)) {
    it(name, () => {
      for (const level of [-5, 1, 3, 6, 9, 12, 16, 19]) {
        const same = expanded(compressed(bytes, level), bytes.length);
        // Comparing by bytes, expect takes seconds.
        expect(Buffer.compare(same, bytes), `level ${level}`).toBe(0);
      }
    });
  }

  it("several frames in a row, which do not look back into each other", () => {
    const pieces = ["words", "zeros", "words", "a program", "one byte"].map((name) => CONTENTS[name]);
    const frames = Buffer.concat(pieces.map((piece) => compressed(piece, 12)));
    const whole = Buffer.concat(pieces);
    expect(Buffer.compare(expanded(frames, whole.length), whole)).toBe(0);
  });

  it("nothing", () => {
    expect(expanded(compressed(new Uint8Array(0), 3), 0)).toEqual(new Uint8Array(0));
  });
});

describe("what is not whole is bad input", () => {
  const bytes = CONTENTS["words"].subarray(0, 20_000), frame = compressed(bytes, 12);
  const bad = (frames: Uint8Array, length: number) =>
    expect(() => expanded(frames, length)).toThrow(expect.objectContaining({ name: "TranslatorError" }));

  it("cut anywhere", () => {
    for (let end = 0; end < frame.length; end += 1 + (end >> 4)) bad(frame.subarray(0, end), bytes.length);
  });

  it("with something behind it", () => bad(Buffer.concat([frame, new Uint8Array([1])]), bytes.length));

  it("longer or shorter than was said", () => {
    bad(frame, bytes.length - 1);
    bad(frame, bytes.length + 1);
  });

  it("with a checksum, which is not looked at here", () => {
    bad(compressed(bytes, 3, { [constants.ZSTD_c_checksumFlag]: 1 }), bytes.length);
  });

  it("looking back behind its beginning", () => {
    // One block of four literals and a match of four bytes; the code of its distance, and the bits that are added.
    const frameOf = (code: number, added: number) => {
      const block = [0x20, 1, 2, 3, 4, 1, 0x54, 4, code, 1, added];
      return Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 8, (block.length << 3) | 5, 0, 0, ...block]);
    };
    // 4 + 3 - 3 back, with a bit that ends the stream; 8 + 0 - 3.
    expect(expanded(frameOf(2, 0b111), 8)).toEqual(Uint8Array.of(1, 2, 3, 4, 1, 2, 3, 4));
    expect(() => expanded(frameOf(3, 0b1000), 8)).toThrow("a sequence leads out of its place");
  });
});

it("damage leads to an error or other bytes, never out of bounds or without end", () => {
  const pick = randomNumbers(99);
  for (const name of ["words", "a program", "literals alone", "few literals", "zeros", "numbers"]) {
    const bytes = CONTENTS[name].subarray(0, 30_000);
    for (const level of [1, 12, 19]) {
      const frame = compressed(bytes, level);
      for (let round = 0; round < 150; round++) {
        const copy = frame.slice();
        for (let n = 1 + pick(3); n > 0; n--) {
          copy[pick(round < 50 ? Math.min(40, copy.length) : copy.length)] = pick(256);
        }
        try {
          expanded(copy, bytes.length);
        } catch (e) {
          expect(e).toMatchObject({ name: "TranslatorError" });
        }
      }
    }
  }
});
