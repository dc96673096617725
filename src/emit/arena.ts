/**
 * Memory for what is kept of each region until the module is put together: an array of its own for each would cost a translation
 * of tens of thousands of them more in the collector than in its bytes.
 */

const FIRST_CHUNK = 1 << 10, LAST_CHUNK = 1 << 20;

class Arena<T extends Uint8Array | Int32Array> {
  readonly #make: (length: number) => T;
  #chunk: T;
  #used = 0;

  constructor(make: (length: number) => T) {
    this.#make = make;
    this.#chunk = make(FIRST_CHUNK);
  }

  /** The first `length` elements of an array, copied to memory that stays. */
  keep(from: ArrayLike<number>, length: number = from.length): T {
    const at = this.reserve(length);
    for (let i = 0; i < length; i++) at[i] = from[i];
    return at;
  }

  /** Room for so many elements, zero. */
  reserve(length: number): T {
    if (this.#used + length > this.#chunk.length) {
      this.#chunk = this.#make(Math.max(length, Math.min(2 * this.#chunk.length, LAST_CHUNK)));
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += length;
    return this.#chunk.subarray(start, this.#used) as T;
  }
}

export class ByteArena extends Arena<Uint8Array> {
  constructor() {
    super((length) => new Uint8Array(length));
  }
}

export class WordArena extends Arena<Int32Array> {
  constructor() {
    super((length) => new Int32Array(length));
  }
}
