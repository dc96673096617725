/**
 * Guest pc -> table slot, as compiled code reads it: an open-addressing hash in a memory of its own (wasm memory 1), so that
 * fork need not copy it with the guest. Layout in emit/runtime_functions.ts.
 */
import type { RecentLookups } from "./recent_lookups.ts";

/** Byte offset of the first entry. */
export const LOOKUP_ENTRIES = 16;
/** Fibonacci hashing: 2^32 / golden ratio. */
export const LOOKUP_HASH = 0x9e3779b1 | 0;

/** Words before the entries in what encode() gives. */
const FILE_HEADER = 2;

const PAGE_BYTES = 65536;
const FIRST_LOG2 = 10;

export class LookupTable {
  #i32: Int32Array<ArrayBuffer>;
  #log2: number;
  #count = 0;

  /** `recent`: where compiled code keeps what it has found in this table. */
  constructor(readonly memory: WebAssembly.Memory, expected = 0, readonly recent: RecentLookups | null = null) {
    this.#i32 = new Int32Array(memory.buffer as ArrayBuffer);
    this.#log2 = FIRST_LOG2;
    while ((1 << this.#log2) < expected * 2) this.#log2++;
    this.#resize();
  }

  /** A table from what encode() gave. */
  static decode(bytes: Uint8Array): LookupTable {
    const words = new Int32Array(bytes.slice().buffer);
    const table = new LookupTable(new WebAssembly.Memory({ initial: 1 }));
    [table.#log2, table.#count] = words;
    table.#resize();
    table.#i32.set(words.subarray(FILE_HEADER), LOOKUP_ENTRIES >> 2);
    return table;
  }

  /** The content, for decode(). */
  encode(): Uint8Array<ArrayBuffer> {
    const words = new Int32Array(FILE_HEADER + (2 << this.#log2));
    words.set([this.#log2, this.#count]);
    words.set(this.#words(), FILE_HEADER);
    return new Uint8Array(words.buffer);
  }

  get size(): number {
    return this.#count;
  }

  /** Slot of a pc, or 0. */
  get(pc: number): number {
    return this.#i32[this.#find(pc) + 1];
  }

  set(pc: number, slot: number): void {
    if ((this.#count + 1) * 2 > (1 << this.#log2)) this.#grow();
    const at = this.#find(pc);
    if (this.#i32[at] === 0) this.#count++;
    this.#i32[at] = pc | 0;
    this.#i32[at + 1] = slot;
    this.recent?.forget(pc);
  }

  /** Makes the pc unknown. The key stays, with slot 0, so that later keys of its run are still found. */
  delete(pc: number): void {
    const at = this.#find(pc);
    if (this.#i32[at] !== 0) this.#i32[at + 1] = 0;
    this.recent?.forget(pc);
  }

  /** The entries, used or not. */
  #words(): Int32Array<ArrayBuffer> {
    return this.#i32.subarray(LOOKUP_ENTRIES >> 2, (LOOKUP_ENTRIES >> 2) + (2 << this.#log2));
  }

  /** All (pc, slot) pairs. */
  *entries(): Generator<[pc: number, slot: number]> {
    const end = (LOOKUP_ENTRIES >> 2) + (2 << this.#log2);
    for (let at = LOOKUP_ENTRIES >> 2; at < end; at += 2) {
      if (this.#i32[at] !== 0 && this.#i32[at + 1] !== 0) yield [this.#i32[at] >>> 0, this.#i32[at + 1]];
    }
  }

  /** Copies another table's content into this (empty or smaller) one. */
  copyFrom(other: LookupTable): void {
    this.#log2 = other.#log2;
    this.#count = other.#count;
    this.#resize();
    this.recent?.clear();
    this.#i32.set(other.#words(), LOOKUP_ENTRIES >> 2);
  }

  // Index (in i32 units) of the pc's entry, or of the empty one where it would go.
  #find(pc: number): number {
    const mask = (1 << this.#log2) - 1;
    let i = Math.imul(pc, LOOKUP_HASH) >>> (32 - this.#log2);
    for (;;) {
      const at = (LOOKUP_ENTRIES >> 2) + 2 * i;
      const key = this.#i32[at];
      if (key === (pc | 0) || key === 0) return at;
      i = (i + 1) & mask;
    }
  }

  #grow(): void {
    const all = [...this.entries()];
    this.#log2++;
    this.#resize();
    this.#i32.fill(0, LOOKUP_ENTRIES >> 2);
    this.#count = 0;
    for (const [pc, slot] of all) this.set(pc, slot);
  }

  #resize(): void {
    const bytes = LOOKUP_ENTRIES + (8 << this.#log2);
    const missing = bytes - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE_BYTES));
    this.#i32 = new Int32Array(this.memory.buffer as ArrayBuffer);
    this.#i32[0] = 32 - this.#log2;
    // Mask of byte offsets of entries.
    this.#i32[1] = ((1 << this.#log2) - 1) << 3;
  }
}
