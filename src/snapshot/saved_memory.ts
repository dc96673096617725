/** A memory of a snapshot, which may be restored many times: into memory that is zero, or that held it before. */
import { MAP_SHARED, MAP_STACK, pageDown, pageUp, PROT_WRITE } from "../kernel/abi/mman.ts";
import type { Vma } from "../kernel/memory/vma.ts";
import type { MappedRange } from "../machine/machine.ts";
import type { MemoryImage } from "../machine/memory_image.ts";
import { GUEST_BIAS } from "../machine/state.ts";
import { type MemoryRuns, restoreRuns } from "./pages.ts";

export class SavedMemory implements MemoryImage {
  readonly filled: readonly MappedRange[];
  readonly fixed: readonly MappedRange[];
  readonly unusedStacks: readonly MappedRange[];
  readonly #all: Uint32Array;
  /** Runs of pages that are not fixed. */
  readonly #others: Uint32Array;

  /**
   * @param vmas What is mapped in it.
   * @param stackPointers Of its threads.
   */
  constructor({ runs }: Pick<MemoryRuns, "runs">, vmas: readonly Vma[], stackPointers: readonly number[]) {
    const others: number[] = [], filled: MappedRange[] = [], fixed: MappedRange[] = [];
    let v = 0;
    for (let i = 0; i < runs.length; i += 4) {
      const [source, from, to, bytes] = runs.subarray(i, i + 4);
      addRange(filled, to, bytes);
      // A run goes on where file and memory do, perhaps from one mapping to the next.
      for (let done = 0; done < bytes;) {
        const address = to + done + GUEST_BIAS;
        while (v > 0 && vmas[v - 1].end > address) v--;
        while (v < vmas.length && vmas[v].end <= address) v++;
        const vma = vmas[v], isMapped = vma !== undefined && vma.start <= address;
        const border = vma === undefined ? Infinity : isMapped ? vma.end : vma.start;
        const n = Math.min(bytes - done, border - address);
        if (isMapped && isFixed(vma)) addRange(fixed, to + done, n);
        else others.push(source, from + done, to + done, n);
        done += n;
      }
    }
    this.filled = filled;
    this.fixed = fixed;
    this.unusedStacks = vmas.flatMap((vma) => {
      if (!isStack(vma)) return [];
      const lowest = Math.min(...stackPointers.filter((rsp) => rsp >= vma.start && rsp < vma.end));
      const end = lowest === Infinity ? 0 : pageDown(lowest - RED_ZONE_BYTES);
      return end > vma.start ? [{ start: vma.start, end }] : [];
    });
    this.#all = runs;
    this.#others = Uint32Array.from(others);
  }

  /**
   * Brings the contents into memory that is zero, or that is what a pool gives for this image: `hasFixed` as BodyPool has it.
   * `source` as in restoreRuns.
   */
  restore(u8: Uint8Array, source: (number: number) => Uint8Array, hasFixed: boolean): void {
    restoreRuns(hasFixed ? this.#others : this.#all, source, u8);
  }
}

/** The program cannot write it, nor anybody else. */
function isFixed({ prot, flags, pages, views }: Vma): boolean {
  return (prot & PROT_WRITE) === 0 && (flags & MAP_SHARED) === 0 && pages === null && views === 1;
}

/** A stack and nothing else: that of the first thread, or what was mapped as one. */
function isStack({ name, flags, prot, pages, views }: Vma): boolean {
  return (name === "[stack]" || (flags & MAP_STACK) !== 0) && (prot & PROT_WRITE) !== 0 && pages === null &&
    views === 1;
}

/** Below rsp, and in use: System V ABI for x86-64, 3.2.2. */
const RED_ZONE_BYTES = 128;

/** Adds the pages of a run, linear. */
function addRange(ranges: MappedRange[], at: number, bytes: number): void {
  const start = at + GUEST_BIAS, end = pageUp(start + bytes), last = ranges.at(-1);
  if (last?.end === start) ranges[ranges.length - 1] = { start: last.start, end };
  else ranges.push({ start, end });
}
