/** The trap table of a module whose functions have been moved, or left out. */
import { NO_PARENT, SITE_COLUMNS, type TrapTable } from "./trap_table.ts";

const WIDTH = SITE_COLUMNS.length, PARENT = SITE_COLUMNS.indexOf("parent");

/**
 * `bodies` are the offsets at which functions begin, ascending; `shiftOf` tells by how much the code of one has moved, or null if it is
 * no longer there. The functions keep their order.
 */
export function movedTraps(
  table: TrapTable,
  bodies: ArrayLike<number>,
  shiftOf: (body: number) => number | null,
): TrapTable {
  const { trapOffsets, trapPcs, trapSites } = table, traps = trapOffsets.length;
  const offsets = new Uint32Array(traps), pcs = new Uint32Array(traps), sitesOfTraps = new Uint32Array(traps);
  let kept = 0, body = -1, shift: number | null = null;
  for (let i = 0; i < traps; i++) {
    while (body + 1 < bodies.length && bodies[body + 1] <= trapOffsets[i]) shift = shiftOf(++body);
    if (shift === null) continue;
    offsets[kept] = trapOffsets[i] + shift;
    pcs[kept] = trapPcs[i];
    sitesOfTraps[kept++] = trapSites[i];
  }
  const { sites, numbers } = sitesLeft(table.sites, sitesOfTraps.subarray(0, kept));
  for (let i = 0; i < kept; i++) sitesOfTraps[i] = numbers[sitesOfTraps[i]];
  return {
    trapOffsets: offsets.slice(0, kept),
    trapPcs: pcs.slice(0, kept),
    trapSites: sitesOfTraps.slice(0, kept),
    sites,
  };
}

/** Those that are asked for, with those before them, and what their numbers are now. */
function sitesLeft(sites: Int32Array, wanted: Uint32Array): { sites: Int32Array; numbers: Int32Array } {
  const numbers = new Int32Array(sites.length / WIDTH).fill(-1);
  for (const n of wanted) {
    for (let at = n; at !== NO_PARENT && numbers[at] < 0; at = sites[at * WIDTH + PARENT]) numbers[at] = 0;
  }
  let count = 0;
  for (let n = 0; n < numbers.length; n++) if (numbers[n] === 0) numbers[n] = count++;
  const left = new Int32Array(count * WIDTH);
  for (let n = 0; n < numbers.length; n++) {
    if (numbers[n] < 0) continue;
    const at = numbers[n] * WIDTH;
    left.set(sites.subarray(n * WIDTH, (n + 1) * WIDTH), at);
    if (left[at + PARENT] !== NO_PARENT) left[at + PARENT] = numbers[left[at + PARENT]];
  }
  return { sites: left, numbers };
}
