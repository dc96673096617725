/** What memories are restored from, as far as those who keep them between two uses have to know it. */
import type { MappedRange } from "./machine.ts";

/** Guest addresses on page borders, ascending and apart. */
export interface MemoryImage {
  /** Pages that restoring fills. All others are zero. */
  readonly filled: readonly MappedRange[];
  /** Those of them that the program may not write, and that no other process can: they stay as they are. */
  readonly fixed: readonly MappedRange[];
  /** Parts of stacks that no thread uses: the ABI gives what is in them no meaning. */
  readonly unusedStacks: readonly MappedRange[];
}

/** Of a restored memory: what it was restored from, and what of that it still has for certain. */
export class MemoryOrigin {
  /** No fixed page has been unmapped, mapped over or made writable. */
  isFixedKept = true;
  /** Those that are still such. */
  unusedStacks: readonly MappedRange[];

  constructor(readonly image: MemoryImage) {
    this.unusedStacks = image.unusedStacks;
  }

  /** [start, end) is mapped otherwise than before. */
  remapped(start: number, end: number): void {
    const isHit = (r: MappedRange) => r.start < end && start < r.end;
    if (this.isFixedKept && this.image.fixed.some(isHit)) this.isFixedKept = false;
    if (this.unusedStacks.some(isHit)) this.unusedStacks = this.unusedStacks.filter((r) => !isHit(r));
  }
}

/** The parts of ranges that are in none of `holes`; both ascending and apart. */
export function without(ranges: readonly MappedRange[], holes: readonly MappedRange[]): MappedRange[] {
  const parts: MappedRange[] = [];
  let i = 0;
  for (const { start, end } of ranges) {
    let at = start;
    while (i > 0 && holes[i - 1].end > start) i--;
    for (; i < holes.length && holes[i].start < end; i++) {
      const hole = holes[i];
      if (hole.end <= at) continue;
      if (hole.start > at) parts.push({ start: at, end: hole.start });
      at = hole.end;
    }
    if (at < end) parts.push({ start: at, end });
  }
  return parts;
}
