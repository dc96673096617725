/** The opcode maps, built once from the tables: from prefix state, opcode and ModRM to a row. */
import { type Encoding, MAP_0F38, MAP_0F3A, MAP_PRIMARY, parseEncoding, PREFIX_STATES } from "./encoding.ts";
import { MOD_MEMORY, MOD_REGISTER } from "./operand_spec.ts";
import { RowPlan } from "./row_plan.ts";
import { ALL_ROWS } from "./tables/all.ts";

/** ModRM cells: 8 for memory forms by reg, then 64 for register forms by reg and rm. */
export const MODRM_CELLS = 72;

/** What a prefix state and an opcode select: one row, or one by ModRM. */
export interface Leaf {
  readonly row: RowPlan | null;
  readonly cells: readonly (RowPlan | null)[] | null;
}

/** Slot of the REX.B form of opcode 90, which is xchg where 90 is nop. */
export const SLOT_REXB_90 = 4 * 256;

interface Candidate {
  readonly plan: RowPlan;
  readonly encoding: Encoding;
}

/** Two rows that claim the same bytes with the same rank. Empty in a sound table; a test looks. */
export const conflicts: string[] = [];

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

const rows: RowPlan[] = [];

/** All rows, in table order. */
export function allRows(): readonly RowPlan[] {
  return rows;
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

/** One leaf a prefix state. States with the same candidates share their leaf. */
function buildSlot(candidates: readonly Candidate[]): readonly (Leaf | null)[] {
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

function buildSlots(): readonly (readonly (Leaf | null)[] | null)[] {
  const bySlot: (Candidate[] | null)[] = new Array(SLOT_REXB_90 + 1).fill(null);
  for (const family of ALL_ROWS) {
    for (const row of family) {
      const encoding = parseEncoding(row.encoding);
      const plan = new RowPlan(row, mnemonicId(row.mnemonic), encoding);
      rows.push(plan);
      const first = encoding.rexB ? SLOT_REXB_90 : encoding.map * 256 + encoding.opcode;
      const last = encoding.exact >= 0 || encoding.rexB ? first : first + encoding.span - 1;
      for (let slot = first; slot <= last; slot++) (bySlot[slot] ??= []).push({ plan, encoding });
    }
  }
  return bySlot.map((candidates) => candidates && buildSlot(candidates));
}

/** Leaves by map * 256 + opcode, then by prefix state. */
export const SLOTS = buildSlots();

/** First slots of the maps that the 0F escape leads to. */
export const SLOT_0F = 256, SLOT_0F38 = MAP_0F38 * 256, SLOT_0F3A = MAP_0F3A * 256, SLOT_PRIMARY = MAP_PRIMARY;
