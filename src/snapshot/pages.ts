/**
 * Guest memory as pages: those that differ from zero, each content once. Restoring copies pages into fresh memory (active data
 * segments are slower: 16 MB took 21 to 42 ms).
 */
import { badInput } from "../errors.ts";
import type { Machine } from "../machine/machine.ts";
import { RECENT_BYTES, RECENT_START } from "../machine/recent_lookups.ts";

export const PAGE_BYTES = 4096;

/** Page contents shared by several memories. */
export class PagePool {
  readonly contents: Uint8Array[] = [];
  readonly #byHash = new Map<number, number[]>();

  /** The number of a content, added if it is new. */
  add(page: Uint8Array): number {
    const hash = hashPage(page);
    const same = this.#byHash.get(hash);
    if (same !== undefined) { for (const n of same) if (equal(this.contents[n], page)) return n; }
    const n = this.contents.push(page.slice()) - 1;
    if (same === undefined) this.#byHash.set(hash, [n]);
    else same.push(n);
    return n;
  }

  encode(): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(this.contents.length * PAGE_BYTES);
    this.contents.forEach((c, i) => out.set(c, i * PAGE_BYTES));
    return out;
  }
}

/** Where the bytes of a run of memory are: in the pool's contents, or in a file of the image, by its number. */
export const FROM_POOL = 0;

/** One memory: its length and runs of four words each: source (FROM_POOL or a file's number), offset there, place, bytes. */
export interface MemoryRuns {
  /** Bytes of the memory. */
  length: number;
  runs: Uint32Array;
}

/** The page of an image's file that is mapped at a byte of memory, or null. */
export interface MappedPage {
  file: number;
  offset: number;
  /** Up to a page; what is missing is zero. */
  bytes: Uint8Array;
}

/**
 * Takes the pages of a memory that are not zero; the state block is part of it. Pages that still hold what the file mapped
 * there has are only named: the file is in the package already.
 *
 * @param bytes How much of the memory is used; a restored one has so much.
 */
export function captureRuns(
  machine: Pick<Machine, "memory" | "nextUsedPage">,
  bytes: number,
  pool: PagePool,
  mapped: (at: number) => MappedPage | null,
): MemoryRuns {
  const { u8 } = machine.memory;
  const runs: number[] = [];
  let last = -1;
  const add = (source: number, from: number, to: number, bytes: number): void => {
    const follows = last >= 0 && runs[last] === source && runs[last + 1] + runs[last + 3] === from &&
      runs[last + 2] + runs[last + 3] === to;
    if (follows) runs[last + 3] += bytes;
    else last = runs.push(source, from, to, bytes) - 4;
  };
  for (let at = 0; (at = machine.nextUsedPage(at, bytes)) < bytes; at += PAGE_BYTES) {
    if (at >= RECENT_START && at < RECENT_START + RECENT_BYTES) continue;
    const page = u8.subarray(at, at + PAGE_BYTES), there = mapped(at);
    if (there !== null && holds(page, there.bytes)) add(there.file, there.offset, at, there.bytes.length);
    else add(FROM_POOL, pool.add(page) * PAGE_BYTES, at, PAGE_BYTES);
  }
  return { length: bytes, runs: Uint32Array.from(runs) };
}

/** True if the page is these bytes, and zeros behind them. */
function holds(page: Uint8Array, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (page[i] !== bytes[i]) return false;
  for (let i = bytes.length; i < page.length; i++) if (page[i] !== 0) return false;
  return true;
}

/**
 * Copies runs into memory that is long enough, and zeroes what they leave of their last pages. `source` gives the pool's
 * contents, and files by their numbers.
 */
export function restoreRuns(runs: Uint32Array, source: (number: number) => Uint8Array, u8: Uint8Array): void {
  for (let i = 0; i < runs.length; i += 4) {
    const from = runs[i + 1], to = runs[i + 2], bytes = runs[i + 3];
    const contents = source(runs[i]);
    if (from + bytes > contents.length || to + bytes > u8.length) {
      throw badInput("snapshot names a page that is not there");
    }
    u8.set(contents.subarray(from, from + bytes), to);
    if (bytes % PAGE_BYTES !== 0) u8.fill(0, to + bytes, Math.ceil((to + bytes) / PAGE_BYTES) * PAGE_BYTES);
  }
}

function hashPage(page: Uint8Array): number {
  const words = new Int32Array(page.buffer, page.byteOffset, PAGE_BYTES >> 2);
  let h = 0;
  for (let i = 0; i < words.length; i++) h = Math.imul(h ^ words[i], 0x9e3779b1) ^ (h >>> 15);
  return h;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
