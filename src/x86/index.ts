/**
 * The opcode maps, built from the tables: from prefix state, opcode and ModRM to a row.
 *
 * Loading only sorts rows by opcode. Encodings are parsed and slots filled when an opcode is first met: a program uses a
 * third of them, and start-up time counts.
 */
import { type Encoding, parseEncoding, PREFIX_STATES, SLOT_COUNT, slotsOf } from "./encoding.ts";
import { MOD_MEMORY, MOD_REGISTER } from "./operand_spec.ts";
import { RowPlan } from "./row_plan.ts";
import { ALL_ROWS } from "./tables/all.ts";
import type { TableRow } from "./tables/builder.ts";

/** ModRM cells: 8 for memory forms by reg, then 64 for register forms by reg and rm. */
export const MODRM_CELLS = 72;

/** What a prefix state and an opcode select: one row, or one by ModRM. */
export interface Leaf {
  readonly row: RowPlan | null;
  readonly cells: readonly (RowPlan | null)[] | null;
}

/** One leaf, or none, a prefix state. */
export type Slot = readonly (Leaf | null)[];

interface Candidate {
  readonly plan: RowPlan;
  readonly encoding: Encoding;
}

/** Pairs of rows that claim the same bytes with the same rank. */
const conflicts: string[] = [];

const names: string[] = [];
const ids = new Map<string, number>();

function mnemonicId(name: string): number {
  let id = ids.get(name);
  if (id === undefined) {
    id = names.length;
    ids.set(name, id);
    names.push(name);
  }
  return id;
}

/** All mnemonics; the index of one is the `id` of its rows. */
export function mnemonics(): readonly string[] {
  return names;
}

/** The `id` of the rows called `name`, or -1. */
export function mnemonicNumber(name: string): number {
  return ids.get(name) ?? -1;
}

const tableRows: TableRow[] = [];
const candidates: Candidate[] = [];

function candidate(number: number): Candidate {
  const known = candidates[number];
  if (known !== undefined) return known;
  const row = tableRows[number];
  const encoding = parseEncoding(row.encoding);
  return candidates[number] = { encoding, plan: new RowPlan(row, mnemonicNumber(row.mnemonic), encoding) };
}

/** All rows, in table order. */
export function allRows(): readonly RowPlan[] {
  return tableRows.map((_, number) => candidate(number).plan);
}

function claim(taken: Candidate | undefined, candidate: Candidate): Candidate {
  if (taken === undefined || taken.encoding.rank < candidate.encoding.rank) return candidate;
  if (taken.encoding.rank === candidate.encoding.rank) {
    conflicts.push(`${taken.plan.encoding} and ${candidate.plan.encoding}`);
  }
  return taken;
}

/** The cells that a row matches. */
function eachCell({ encoding, plan }: Candidate, visit: (cell: number) => void): void {
  if (encoding.exact >= 0) {
    for (let byte = encoding.exact; byte < encoding.exact + encoding.span; byte++) visit(8 + (byte & 63));
    return;
  }
  const first = encoding.digit < 0 ? 0 : encoding.digit, last = encoding.digit < 0 ? 7 : encoding.digit;
  for (let reg = first; reg <= last; reg++) {
    if (plan.mod !== MOD_REGISTER) visit(reg);
    if (plan.mod !== MOD_MEMORY) { for (let rm = 0; rm < 8; rm++) visit(8 + reg * 8 + rm); }
  }
}

function buildLeaf(candidates: readonly Candidate[]): Leaf | null {
  if (candidates.length === 0) return null;
  const [only] = candidates;
  const whole = candidates.length === 1 && only.encoding.exact < 0 && only.encoding.digit < 0 && only.plan.mod === 0;
  if (whole || !only.encoding.modrm) {
    let best: Candidate | undefined;
    for (const candidate of candidates) best = claim(best, candidate);
    return { row: best!.plan, cells: null };
  }
  const taken: (Candidate | undefined)[] = new Array(MODRM_CELLS).fill(undefined);
  for (const candidate of candidates) eachCell(candidate, (cell) => taken[cell] = claim(taken[cell], candidate));
  return { row: null, cells: taken.map((candidate) => candidate?.plan ?? null) };
}

/** States with the same candidates share their leaf. */
function buildLeaves(candidates: readonly Candidate[]): Slot {
  const slot: (Leaf | null)[] = [];
  const seen = new Map<number, Leaf | null>();
  for (let state = 0; state < PREFIX_STATES; state++) {
    let key = 0;
    for (let i = 0; i < candidates.length; i++) if (candidates[i].encoding.states >> state & 1) key += 2 ** i;
    if (!seen.has(key)) seen.set(key, buildLeaf(candidates.filter((c) => c.encoding.states >> state & 1)));
    slot.push(seen.get(key)!);
  }
  return slot;
}

/** Row numbers by slot. */
const rowsOfSlot: (number[] | null)[] = new Array(SLOT_COUNT).fill(null);

/** Leaves by slot: null without rows, undefined when not built yet. */
export const SLOTS: (Slot | null | undefined)[] = new Array(SLOT_COUNT).fill(null);

for (const family of ALL_ROWS) {
  for (const row of family) {
    const number = tableRows.push(row) - 1;
    mnemonicId(row.mnemonic);
    const { first, last } = slotsOf(row.encoding);
    for (let slot = first; slot <= last; slot++) {
      (rowsOfSlot[slot] ??= []).push(number);
      SLOTS[slot] = undefined;
    }
  }
}

/** Fills a slot that is undefined in SLOTS. */
export function buildSlot(slot: number): Slot {
  return SLOTS[slot] = buildLeaves(rowsOfSlot[slot]!.map(candidate));
}

/** Rows that claim the same bytes with the same rank, in all of the maps: none in sound tables. */
export function tableConflicts(): readonly string[] {
  for (let slot = 0; slot < SLOT_COUNT; slot++) if (SLOTS[slot] === undefined) buildSlot(slot);
  return conflicts;
}
