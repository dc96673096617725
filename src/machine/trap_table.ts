/** How the code of a module maps back to the guest, for faults. */

/** Offsets (ascending, from the module's first byte) where the code of a guest instruction that may trap begins. */
export interface TrapTable {
  readonly trapOffsets: Uint32Array;
  readonly trapPcs: Uint32Array;
  /** Number of the site each belongs to: a straight run of instructions. */
  readonly trapSites: Uint32Array;
  readonly sites: TrapSites;
}

/** Sites by number, in columns. */
export interface TrapSites {
  /** Guest address at which the run begins: the state block holds the registers as they were there... */
  readonly starts: Uint32Array;
  /** ...but for these variables, which were in locals: masks of variables 0..31, and from 32 on. */
  readonly stale: Uint32Array;
  readonly staleHigh: Uint32Array;
}

/** A table of a module that never traps. */
export function noTraps(): TrapTable {
  const none = new Uint32Array(0);
  return {
    trapOffsets: none,
    trapPcs: none,
    trapSites: none,
    sites: { starts: none, stale: none, staleHigh: none },
  };
}

/** Index of the entry whose code holds a module offset, or -1. */
export function trapAtOffset({ trapOffsets }: TrapTable, offset: number): number {
  let low = 0, high = trapOffsets.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (trapOffsets[mid] <= offset) low = mid + 1;
    else high = mid;
  }
  return low - 1;
}
