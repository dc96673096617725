import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { inflateInto } from "./inflate.ts";

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

function deflated(bytes: Uint8Array, level: number): Uint8Array {
  return deflateRawSync(bytes, { level });
}

function inflated(stream: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  inflateInto(stream, out);
  return out;
}

describe("what zlib makes is read", () => {
  for (const [name, bytes] of Object.entries(CONTENTS)) {
    it(name, () => {
      for (const level of [0, 1, 3, 6, 9]) {
        const same = inflated(deflated(bytes, level), bytes.length);
        // Comparing by bytes, expect takes seconds.
        expect(Buffer.compare(same, bytes), `level ${level}`).toBe(0);
      }
    });
  }

  it("nothing", () => {
    expect(inflated(deflated(new Uint8Array(0), 6), 0)).toEqual(new Uint8Array(0));
  });
});

describe("what is not whole is bad input", () => {
  const bytes = CONTENTS["words"].subarray(0, 20_000), stream = deflated(bytes, 9);
  const bad = (data: Uint8Array, length: number) =>
    expect(() => inflated(data, length)).toThrow(expect.objectContaining({ name: "TranslatorError" }));

  it("cut anywhere", () => {
    // Of the last bytes only the mark of the end may be missing, which nobody needs.
    for (let end = 0; end < stream.length - 2; end += 1 + (end >> 4)) bad(stream.subarray(0, end), bytes.length);
  });

  it("shorter than was said", () => bad(stream, bytes.length + 1));

  it("looking back behind its beginning", () => {
    // RFC 1951, 3.2.5 and 3.2.6, fixed codes, the last block: a match of three bytes (257), one back (distance 0), and the end.
    bad(Uint8Array.of(0b0000_0011, 0b0000_0010, 0, 0), 3);
  });
});

it("more than was said goes nowhere", () => {
  const bytes = CONTENTS["words"].subarray(0, 20_000), memory = new Uint8Array(20_000);
  for (const level of [1, 9]) {
    inflateInto(deflated(bytes, level), memory.subarray(0, 10_000));
    expect(Buffer.compare(memory.subarray(0, 10_000), bytes.subarray(0, 10_000))).toBe(0);
    expect(memory.subarray(10_000).every((byte) => byte === 0)).toBe(true);
  }
});

it("damage leads to an error or other bytes, never out of bounds or without end", () => {
  const pick = randomNumbers(99);
  for (const name of ["words", "a program", "literals alone", "few literals", "zeros", "numbers"]) {
    const bytes = CONTENTS[name].subarray(0, 30_000), memory = new Uint8Array(bytes.length + 1000);
    for (const level of [1, 6, 9]) {
      const stream = deflated(bytes, level);
      for (let round = 0; round < 150; round++) {
        const copy = stream.slice();
        for (let n = 1 + pick(3); n > 0; n--) {
          copy[pick(round < 50 ? Math.min(40, copy.length) : copy.length)] = pick(256);
        }
        try {
          inflateInto(copy, memory.subarray(0, bytes.length));
        } catch (e) {
          expect(e).toMatchObject({ name: "TranslatorError" });
        }
      }
      expect(memory.subarray(bytes.length).every((byte) => byte === 0)).toBe(true);
    }
  }
});
