/**
 * Guest memory as pages: those that differ from zero, each content once. Restoring copies pages into fresh memory (active data
 * segments are slower: 16 MB took 21 to 42 ms).
 */
import { badInput } from "../errors.ts";

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

/** One memory: its length and where each non-zero page's content is. */
export interface MemoryPages {
  /** Bytes of the memory. */
  length: number;
  /** Pairs: page number, content number. */
  pages: Uint32Array;
}

/** Takes the pages of a memory. The state block is part of it. */
export function capturePages(u8: Uint8Array, pool: PagePool): MemoryPages {
  const words = new Int32Array(u8.buffer, u8.byteOffset, u8.length >> 2);
  const pages: number[] = [];
  for (let page = 0; page * PAGE_BYTES < u8.length; page++) {
    const end = (page + 1) << 10;
    let i = page << 10;
    while (i < end && words[i] === 0) i++;
    if (i < end) pages.push(page, pool.add(u8.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES)));
  }
  return { length: u8.length, pages: Uint32Array.from(pages) };
}

/** Stretches of pages whose contents lie one behind the other: [from, to, bytes] in turn. */
export function pageRuns({ pages }: MemoryPages): number[] {
  const runs: number[] = [];
  let last = -1;
  for (let i = 0; i < pages.length; i += 2) {
    const follows = last >= 0 && pages[i] === pages[i - 2] + 1 && pages[i + 1] === pages[i - 1] + 1;
    if (follows) runs[last + 2] += PAGE_BYTES;
    else last = runs.push(pages[i + 1] * PAGE_BYTES, pages[i] * PAGE_BYTES, PAGE_BYTES) - 3;
  }
  return runs;
}

/** Copies runs of pages into zeroed memory that is long enough. `contents` is what PagePool.encode() gave. */
export function restoreRuns(runs: readonly number[], contents: Uint8Array, u8: Uint8Array): void {
  for (let i = 0; i < runs.length; i += 3) {
    const [from, to, bytes] = [runs[i], runs[i + 1], runs[i + 2]];
    if (from + bytes > contents.length || to + bytes > u8.length) {
      throw badInput("snapshot names a page that is not there");
    }
    u8.set(contents.subarray(from, from + bytes), to);
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
