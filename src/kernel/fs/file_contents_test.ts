import { expect, test } from "vitest";
import { lowerBytes } from "./_lower_bytes.ts";
import { FileContents } from "./file_contents.ts";

const bytes = (n: number, from = 1) => Uint8Array.from({ length: n }, (_, i) => (from + i * 7) & 0xff);

/** The same operations on a plain array: what the contents must be. */
class Model {
  data = new Uint8Array(0);
  write(from: Uint8Array, position: number) {
    if (position + from.length > this.data.length) this.truncate(position + from.length);
    this.data.set(from, position);
  }
  truncate(size: number) {
    const next = new Uint8Array(size);
    next.set(this.data.subarray(0, size));
    this.data = next;
  }
  punch(start: number, end: number) {
    this.data.fill(0, start, Math.min(end, this.data.length));
  }
}

function all(c: FileContents): Uint8Array {
  const out = new Uint8Array(c.size).fill(0xaa);
  expect(c.read(out, 0, c.size, 0)).toBe(c.size);
  return out;
}

test("random writes, truncations and holes over a file of the image agree with a plain array", () => {
  let seed = 7;
  const random = (n: number) => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) % n;
  for (let round = 0; round < 20; round++) {
    const lower = bytes(random(200_000), round);
    const c = new FileContents(lowerBytes(lower), lower.length), m = new Model();
    m.write(lower, 0);
    for (let i = 0; i < 12; i++) {
      const at = random(300_000), n = random(80_000);
      switch (random(3)) {
        case 0: {
          const data = bytes(n, i);
          c.write(data, 0, n, at);
          if (n > 0) m.write(data, at);
          break;
        }
        case 1:
          c.truncate(at);
          m.truncate(at);
          break;
        default:
          c.punch(at, at + n);
          m.punch(at, at + n);
      }
      expect(c.size).toBe(m.data.length);
      expect(Buffer.compare(all(c), m.data)).toBe(0);
    }
    expect(Buffer.compare(lower, bytes(lower.length, round))).toBe(0);
  }
});

test("a large file with one byte stores one block", () => {
  const c = new FileContents();
  c.write(bytes(1), 0, 1, 2 ** 40);
  expect(c.size).toBe(2 ** 40 + 1);
  expect(c.storedBytes).toBeLessThanOrEqual(65536);
  expect(c.nextData(0)).toBe(2 ** 40);
  expect(c.nextHole(2 ** 40)).toBe(2 ** 40 + 1);
  c.punch(0, 2 ** 41);
  expect(c.nextData(0)).toBe(2 ** 40);
  c.truncate(2 ** 43);
  c.punch(0, 2 ** 43);
  expect(c.storedBytes).toBe(0);
});

test("small files take little memory", () => {
  const c = new FileContents();
  c.write(bytes(10), 0, 10, 0);
  expect(c.storedBytes).toBe(512);
});
