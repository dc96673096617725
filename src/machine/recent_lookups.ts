/**
 * What compiled code looked up last: by a few bits of a pc, the pc and its table slot. It stands in guest memory, behind the state
 * block, where nothing is mapped: a call through a pointer compares and goes on without asking anybody. It belongs to the modules
 * that a memory is bound to, so it is not part of what fork copies or a snapshot keeps.
 *
 * An entry has 16 bytes: u32 pc, u32 slot, which compiled code loads as one word, and nothing.
 */

/** Linear address of the first entry. */
export const RECENT_START = 0x4000;
/** Bits 4 to 13, since functions begin at multiples of 16; they are also the entry's distance in bytes from RECENT_START. */
export const RECENT_MASK = 0x3ff0;
export const RECENT_BYTES: number = RECENT_MASK + 16;

/** Key of an empty entry that is no pc of it: 0 will do for all but that of pc 0, at which there is never code. */
const NO_PC = 0x10;

export class RecentLookups {
  #words: Int32Array<ArrayBuffer>;

  constructor(readonly memory: WebAssembly.Memory) {
    this.#words = new Int32Array(0);
  }

  /** The pc may have another slot from now on, or none. */
  forget(pc: number): void {
    const words = this.#current(), at = (pc & RECENT_MASK) >> 2;
    if (words[at] === (pc | 0)) words[at] = at === 0 ? NO_PC : 0;
  }

  /** Nothing is known. */
  clear(): void {
    const words = this.#current();
    words.fill(0);
    words[0] = NO_PC;
  }

  /** A memory that has grown has another buffer. */
  #current(): Int32Array<ArrayBuffer> {
    const { buffer } = this.memory;
    if (this.#words.buffer !== buffer) {
      this.#words = new Int32Array(buffer as ArrayBuffer, RECENT_START, RECENT_BYTES >> 2);
    }
    return this.#words;
  }
}
