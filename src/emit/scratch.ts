/**
 * Arrays of the analyses of one region, used again for the next: making a typed array costs more than most analyses of a small
 * function, and a translation makes tens of thousands of regions.
 */

/** What is handed out is somebody's until release(): the analyses of the next region begin with that. */
class Scratch<T extends Int32Array | Uint8Array> {
  readonly #arrays: T[] = [];
  #used = 0;

  constructor(readonly make: (length: number) => T) {}

  /** An array of `length` elements or more, of which so many are `value`. */
  take(length: number, value = 0): T {
    const i = this.#used++, known = this.#arrays[i];
    if (known !== undefined && known.length >= length) {
      known.fill(value, 0, length);
      return known;
    }
    const made = this.make(Math.max(2 * length, SMALLEST));
    if (value !== 0) made.fill(value);
    return this.#arrays[i] = made;
  }

  release(): void {
    this.#used = 0;
  }
}

const SMALLEST = 64;

const words = new Scratch((length) => new Int32Array(length)), bytes = new Scratch((length) => new Uint8Array(length));

/** An Int32Array of at least that length, all `value` up to there; from the next releaseScratch() on it is somebody else's. */
export function scratchWords(length: number, value = 0): Int32Array {
  return words.take(length, value);
}

/** The same of bytes, zero. */
export function scratchBytes(length: number): Uint8Array {
  return bytes.take(length);
}

/** Nobody needs the arrays any more. */
export function releaseScratch(): void {
  words.release();
  bytes.release();
}
