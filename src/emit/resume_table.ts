import { bug } from "../errors.ts";
import type { ResumeTable } from "../machine/resume_table.ts";
import { type RegionCode, RESUME_WORDS } from "./region_code.ts";

/** Places of a module at most: an address and the number of a place have to fit a double. */
const MOST_PLACES = 1 << 21;

/** The table of a module of these regions. An address that several have is the first one's. */
export function buildResumeTable(regions: readonly RegionCode[]): ResumeTable {
  const places = regions.reduce((n, { resumePoints }) => n + resumePoints.length / RESUME_WORDS, 0);
  if (places > MOST_PLACES) throw bug(`a module with ${places} places to go on at`);
  const entryOf = new Uint32Array(places), codeOf = new Uint32Array(places), keys = new Float64Array(places);
  let place = 0;
  for (const { entryPc, resumePoints } of regions) {
    for (let i = 0; i < resumePoints.length; i += RESUME_WORDS, place++) {
      keys[place] = (resumePoints[i] >>> 0) * MOST_PLACES + place;
      codeOf[place] = resumePoints[i + 1];
      entryOf[place] = entryPc;
    }
  }
  keys.sort();
  const pcs = new Uint32Array(places), entries = new Uint32Array(places), codes = new Uint32Array(places);
  let rows = 0;
  for (const key of keys) {
    const pc = Math.floor(key / MOST_PLACES);
    if (rows > 0 && pcs[rows - 1] === pc) continue;
    pcs[rows] = pc;
    entries[rows] = entryOf[key % MOST_PLACES];
    codes[rows++] = codeOf[key % MOST_PLACES];
  }
  return { pcs: pcs.subarray(0, rows), entries: entries.subarray(0, rows), codes: codes.subarray(0, rows) };
}
