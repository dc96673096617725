/**
 * A file's code in two modules: what the server was seen to run, and the rest, which can be loaded later, or not at all. Of most
 * files a server runs a small part.
 */
import { coverageMemory, coveredModule } from "../emit/covered_module.ts";
import { modulePart } from "../emit/module_part.ts";
import { OF_ANOTHER } from "../emit/module.ts";
import { movedTraps } from "../machine/moved_traps.ts";
import { decodeResume, encodeResume, resumeRow, type ResumeTable } from "../machine/resume_table.ts";
import { decodeTraps, encodeTraps } from "../machine/trap_codec.ts";
import type { TrapTable } from "../machine/trap_table.ts";
import type { Translation } from "./translate.ts";

/** Bytes of wasm that are not worth a module of their own, nor what the other one has of each of its regions. */
const LEAST_BYTES = 1 << 16;

/** A module that notes what of it is run. */
export interface Covered {
  wasm: Uint8Array<ArrayBuffer>;
  /** To be imported by it: has a byte for each of the entries. */
  memory: WebAssembly.Memory;
  traps: () => TrapTable;
}

export function covered(t: Translation): Covered {
  const { wasm, bodies, bodiesBefore, noteLengths } = coveredModule(t.wasm, t.name), { traps } = t;
  return {
    wasm,
    memory: coverageMemory(t.entries.length),
    traps: () => movedTraps(decodeTraps(traps), bodiesBefore, (i) => bodies[i] - bodiesBefore[i] + noteLengths[i]),
  };
}

/** The entries whose regions were run. */
export function entriesRun(memory: WebAssembly.Memory, entries: ArrayLike<number>): number[] {
  const marks = new Uint8Array(memory.buffer), run: number[] = [];
  for (let i = 0; i < entries.length; i++) if (marks[i] !== 0) run.push(entries[i]);
  return run;
}

/**
 * A placed translation as two, which have its slots, one after the other: what has the addresses, and the rest. Null if there is
 * little of that.
 */
export function divide(
  t: Translation,
  pcs: Iterable<number>,
  names: readonly string[],
  leastBytes = LEAST_BYTES,
): [Translation, Translation] | null {
  const resume = decodeResume(t.resume), isRun = regionsWith(t, resume, pcs);
  const count = isRun.reduce((n, is) => n + is, 0);
  if (count === 0 || count === isRun.length) return null;
  const traps = decodeTraps(t.traps);
  const parts = [1, 0].map((part, n) => {
    const firstSlot = t.firstSlot + (n === 0 ? 0 : count);
    return partOf(t, resume, traps, (i) => isRun[i] === part, { name: names[n], firstSlot });
  });
  if (parts[1].wasm.length < leastBytes) return null;
  // What is said of the file is said once.
  return [parts[0], { ...parts[1], unsupported: [] }];
}

function partOf(
  t: Translation,
  resume: ResumeTable,
  traps: TrapTable,
  isKept: (i: number) => boolean,
  place: { name: string; firstSlot: number },
): Translation {
  const { wasm, bodies, bodiesBefore } = modulePart(t.wasm, t.entries, isKept, place);
  const kept = [...t.entries.keys()].filter(isKept), entries = kept.map((i) => t.entries[i]);
  // Regions are the last functions.
  const first = bodies.length - t.entries.length;
  const shiftOf = (i: number) => i < first || isKept(i - first) ? bodies[i] - bodiesBefore[i] : null;
  const has = new Set(entries);
  return {
    ...t,
    ...place,
    wasm,
    entries,
    traps: encodeTraps(movedTraps(traps, bodiesBefore, shiftOf)),
    resume: encodeResume(rowsOf(resume, (pc) => has.has(pc))),
    // Nothing is added to a part.
    frames: new Uint32Array(0),
    stats: { ...t.stats, regions: entries.length, wasmBytes: wasm.length },
  };
}

function rowsOf({ pcs, entries, codes }: ResumeTable, isIn: (entry: number) => boolean): ResumeTable {
  const rows = [...pcs.keys()].filter((row) => isIn(entries[row]));
  const column = (values: Uint32Array) => Uint32Array.from(rows, (row) => values[row]);
  return { pcs: column(pcs), entries: column(entries), codes: column(codes) };
}

/**
 * 1 for the entries that have the addresses, or regions that can go on there. A side entry is where its region is. So is an entry at
 * an address where a region of these can go on: one of another part would not be looked for there.
 */
function regionsWith({ entries, frames }: Translation, resume: ResumeTable, pcs: Iterable<number>): Uint8Array {
  const indexOf = new Map(entries.map((pc, i) => [pc, i]));
  const goingOnAt = (pc: number) => {
    const row = resumeRow(resume, pc);
    return row < 0 ? undefined : indexOf.get(resume.entries[row]);
  };
  // Entries that were added when the module was placed are behind those that it was made with.
  const owner = entries.map((pc, i) => {
    const frame = i < frames.length ? frames[i] : OF_ANOTHER | goingOnAt(pc)!;
    return (frame & OF_ANOTHER) === 0 ? i : frame & ~OF_ANOTHER;
  });
  const isIn = new Uint8Array(entries.length);
  for (const pc of pcs) {
    const i = indexOf.get(pc) ?? goingOnAt(pc);
    if (i !== undefined) isIn[owner[i]] = 1;
  }
  for (let before = -1, now = 0; before !== now;) {
    before = now;
    for (let i = 0; i < entries.length; i++) {
      const around = isIn[owner[i]] !== 0 ? undefined : goingOnAt(entries[i]);
      if (around !== undefined && isIn[around] !== 0) isIn[owner[i]] = 1;
    }
    now = isIn.reduce((n, is) => n + is, 0);
  }
  return isIn.map((_, i) => isIn[owner[i]]);
}
