/** How the code of a module maps back to the guest, for faults. */

/** Offsets (ascending, from the module's first byte) where the code of a guest instruction that may trap begins. */
export interface TrapTable {
  readonly trapOffsets: Uint32Array;
  readonly trapPcs: Uint32Array;
  /** Number of the site each belongs to. */
  readonly trapSites: Uint32Array;
  /** SITE_COLUMNS of each site, one site after the other. */
  readonly sites: Int32Array;
}

/** A straight run of instructions, and what the state block tells of the registers at its start. */
export interface TrapSite {
  /** Guest address at which the run begins. */
  start: number;
  /** Variables (masks of 0..31, and from 32 on) that the state block does not have as they were there: they were in locals. */
  stale: number;
  staleHigh: number;
  /** What rsp was more than the state block has. */
  rspDistance: number;
  /** The site whose run alone leads here, and from whose start on the state block is to be understood; or NO_PARENT. */
  parent: number;
  /** Variables that were stored between that run and this: the state block has them as they were here. */
  stored: number;
  storedHigh: number;
}

export const NO_PARENT = -1;

/** The order of a site's numbers. */
export const SITE_COLUMNS = ["start", "stale", "staleHigh", "rspDistance", "parent", "stored", "storedHigh"] as const;

/** A site by its number. */
export function siteOf({ sites }: TrapTable, n: number): TrapSite {
  const at = n * SITE_COLUMNS.length;
  return {
    start: sites[at] >>> 0,
    stale: sites[at + 1],
    staleHigh: sites[at + 2],
    rspDistance: sites[at + 3],
    parent: sites[at + 4],
    stored: sites[at + 5],
    storedHigh: sites[at + 6],
  };
}

/** The site of a run at whose start the state block has all registers. */
export function rootSite(start: number): TrapSite {
  return { start, stale: 0, staleHigh: 0, rspDistance: 0, parent: NO_PARENT, stored: 0, storedHigh: 0 };
}

/** A site and those before it, the first one first. */
export function sitesUpTo(table: TrapTable, n: number): TrapSite[] {
  const chain: TrapSite[] = [];
  for (let at = n; at !== NO_PARENT; at = chain[0].parent) chain.unshift(siteOf(table, at));
  return chain;
}

/** A table of a module that never traps. */
export function noTraps(): TrapTable {
  const none = new Uint32Array(0);
  return { trapOffsets: none, trapPcs: none, trapSites: none, sites: new Int32Array(0) };
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
