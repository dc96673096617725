import { GUEST_BIAS } from "./state.ts";

/**
 * A stretch of guest memory that compiled code depends on. Whether the memory still holds it is asked whenever guarded code is
 * returned to (lift/code_guard.ts), so it is kept as words that lie as the memory's do.
 */
export class CodeRange {
  readonly bytes: Uint8Array;
  /** Of memory: the word in which the range begins. */
  readonly #at: number;
  readonly #words: Int32Array;
  /** What of the first and of the last word is the range's. */
  readonly #firstMask: number;
  readonly #lastMask: number;

  /** What is there now, from guest address `start` to `end`, as far as there is memory. */
  constructor(u8: Uint8Array, readonly start: number, end: number) {
    const linear = start - GUEST_BIAS, bytes = u8.subarray(linear, end - GUEST_BIAS);
    const before = linear & 3, behind = -(before + bytes.length) & 3;
    this.#at = linear >>> 2;
    this.#words = new Int32Array((before + bytes.length + behind) >> 2);
    this.bytes = new Uint8Array(this.#words.buffer, before, bytes.length);
    this.bytes.set(bytes);
    this.#firstMask = -1 << (8 * before);
    this.#lastMask = -1 >>> (8 * behind);
  }

  /** True if the memory, as words, holds anything else there. */
  differs(memory: Int32Array): boolean {
    const at = this.#at, words = this.#words, last = words.length - 1;
    if (last < 0) return false;
    if (at + last >= memory.length) return true;
    const isOnly = last === 0 ? this.#lastMask : -1;
    if (((memory[at] ^ words[0]) & this.#firstMask & isOnly) !== 0) return true;
    for (let i = 1; i < last; i++) if (memory[at + i] !== words[i]) return true;
    return last > 0 && ((memory[at + last] ^ words[last]) & this.#lastMask) !== 0;
  }
}
