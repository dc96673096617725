import type { Machine } from "../../machine/machine.ts";
import { PAGE_SIZE } from "../abi/mman.ts";
import { FILE_BLOCK_BYTES, type FileContents } from "../fs/file_contents.ts";

const PAGE_WORDS = PAGE_SIZE / 4;
/** One page of a file whose bytes are not at hand as a block. */
const page = new Uint8Array(PAGE_SIZE);
const pageWords = new Int32Array(page.buffer);
/** The last page of a file, without what the memory has past its end. */
const tail = new Uint8Array(PAGE_SIZE);
const tailWords = new Int32Array(tail.buffer);

/**
 * The first page in [at, end) (linear addresses, `at` a page border) of the machine's memory that differs from the contents of
 * a file at address + toPosition, or `end` or beyond if there is none. Holes are passed over at the machine's speed.
 */
export function nextDifference(
  machine: Machine,
  at: number,
  end: number,
  contents: FileContents,
  toPosition: number,
): number {
  const words = machine.memory.i32, wholeEnd = end - (end % PAGE_SIZE);
  while (at < wholeEnd) {
    const position = at + toPosition, within = position % FILE_BLOCK_BYTES;
    const blockEnd = Math.min(wholeEnd, at + FILE_BLOCK_BYTES - within);
    const block = contents.storedBlock(position);
    if (block === null) {
      at = nextUsed(machine, at, blockEnd);
      if (at < blockEnd) return at;
      continue;
    }
    if (block !== undefined && machine.nextDifferentPage !== undefined) {
      // A short block is the first of a small file: what lies past it takes the way below.
      const whole = Math.min(blockEnd, at + block.length - (block.length % PAGE_SIZE) - within);
      if (at < whole) {
        const found = machine.nextDifferentPage(at, whole, block, within);
        if (found < whole) return found;
        at = whole;
      }
    }
    const blockWords = block === undefined ? null : new Int32Array(block.buffer, block.byteOffset, block.length >> 2);
    for (; at < blockEnd; at += PAGE_SIZE) {
      const offset = (at + toPosition) % FILE_BLOCK_BYTES;
      if (blockWords !== null && offset + PAGE_SIZE <= block!.length) {
        if (differ(words, at >>> 2, blockWords, offset >> 2)) return at;
      } else {
        readPage(contents, at + toPosition);
        if (differ(words, at >>> 2, pageWords, 0)) return at;
      }
    }
  }
  if (at < end && !tailDiffers(machine, at, end, contents, at + toPosition)) return end;
  return at;
}

function readPage(contents: FileContents, position: number): void {
  const n = Math.max(0, contents.read(page, 0, PAGE_SIZE, position));
  if (n < PAGE_SIZE) page.fill(0, n);
}

function tailDiffers(machine: Machine, at: number, end: number, contents: FileContents, position: number): boolean {
  readPage(contents, position);
  tail.fill(0);
  tail.set(machine.memory.u8.subarray(at, end));
  return differ(tailWords, 0, pageWords, 0);
}

/** Whether the page of words at a[i] differs from that at b[j]. */
function differ(a: Int32Array, i: number, b: Int32Array, j: number): boolean {
  for (const end = i + PAGE_WORDS; i < end; i += 8, j += 8) {
    const difference = (a[i] ^ b[j]) | (a[i + 1] ^ b[j + 1]) | (a[i + 2] ^ b[j + 2]) | (a[i + 3] ^ b[j + 3]) |
      (a[i + 4] ^ b[j + 4]) | (a[i + 5] ^ b[j + 5]) | (a[i + 6] ^ b[j + 6]) | (a[i + 7] ^ b[j + 7]);
    if (difference !== 0) return true;
  }
  return false;
}

/** The first page in [from, end), page borders, that is not zero; `end` if there is none. */
function nextUsed(machine: Machine, from: number, end: number): number {
  if (from >= end) return from;
  return machine.nextUsedPage(from, end);
}
