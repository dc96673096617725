/**
 * Recovers switch tables from the code that uses them. Two forms, as GCC and Clang make them:
 *
 *   jmp [table + idx*8]                                          absolute, 8-byte entries (non-PIC)
 *   lea base,[rip+table]; movsxd t,[base + idx*4]; add t,base; jmp t      offsets from the table, 4-byte entries (PIC)
 *   lea r,[rip+table]; lea base,[rip+label]; movsxd t,[r + idx*4]; add t,base; jmp t      offsets from a label (goto *)
 *
 * The bound is the immediate of the `cmp idx, N; ja default` before it, or else where entries stop to make sense. Entries are
 * read only from memory that cannot change.
 * What is recovered is a hint: the emitted switch compares the real target (END_SWITCH_PC).
 */
import { GUEST_BIAS } from "../machine/state.ts";
import {
  type Instruction,
  type Operand,
  OPERAND_GPR,
  OPERAND_IMM,
  OPERAND_MEM,
  SEGMENT_NONE,
} from "../x86/instruction.ts";
import type { CodeView } from "./discover.ts";
import type { JumpTable } from "./region.ts";

/** No switch of real code has more; also bounds what a misread bound costs. */
const MAX_ENTRIES = 1024;
/** Targets of several tables are told apart by comparing one after another. */
export const MAX_UNINDEXED = 64;
/** Farther from the jump than this is another function, or a part of this one that is seldom run. */
const MAX_DISTANCE = 0x20000;
/** So many entries of a table without a bound may be far away. They are left to the dispatcher (FAR, then any other target). */
const MAX_FAR = 128, FAR = -1;
/** Farther than this is another file, or no address at all. */
const MAX_FAR_DISTANCE = 0x1000000;

/** What copies an index from one register to another, or widens it. */
const COPIES: ReadonlySet<string> = new Set(["mov", "movzx", "movsx", "movsxd"]);

/** What is known where an indirect jump is looked at. */
export interface JumpContext {
  code: CodeView;
  /** Instructions of the current straight run, in order; the jump is the last. */
  run: Instruction[];
  /** A run that ends in a conditional branch to the start of `run`: where the bounds check is. */
  before: Instruction[];
  /** Register -> constant addresses that `lea` has put into it in this region: compilers hoist them out of loops. */
  leas: ReadonlyMap<number, number[]>;
}

/** The table behind the indirect jump that ends the run, or null. */
export function findJumpTable(context: JumpContext): JumpTable | null {
  const { run } = context;
  const o = run[run.length - 1].operands[0];
  if (o.kind === OPERAND_MEM) return findAbsolute(context, run.length - 1, o);
  if (o.kind !== OPERAND_GPR) return null;
  const at = lastWrite(run, run.length - 2, o.reg);
  if (at < 0) return null;
  const [d, s] = run[at].operands;
  switch (run[at].row.mnemonic) {
    case "mov": // mov t,[table + idx*8]; jmp t
      return s.kind === OPERAND_MEM && s.bytes === 8 ? findAbsolute(context, at, s) : null;
    case "add": // add t,base: the offset may be in either
      if (s.kind !== OPERAND_GPR || d.bytes !== 8) return null;
      return findRelative(context, at, o.reg, s.reg) ?? findRelative(context, at, s.reg, o.reg);
    case "lea": // lea t,[base + t]
      if (s.base < 0 || s.index < 0 || s.scaleLog2 !== 0 || s.disp !== 0) return null;
      return findRelative(context, at, s.base, s.index) ?? findRelative(context, at, s.index, s.base);
  }
  return null;
}

/** [table + idx*8], the table's address being the displacement or in a register. */
function findAbsolute(context: JumpContext, load: number, m: Operand): JumpTable | null {
  if (m.index < 0 || m.scaleLog2 !== 3 || m.segment !== SEGMENT_NONE) return null;
  const tables = m.base < 0 ? [m.disp >>> 0] : basesOf(context, load, m.base).map((base) => (base + m.disp) >>> 0);
  return readTables(context, load, m, tables.map((address) => ({ address, entryBytes: 8, base: 0 })));
}

/** The sum, at run[add], of an address, mostly the table's own, and an offset loaded from the table into another register. */
function findRelative(context: JumpContext, add: number, offset: number, base: number): JumpTable | null {
  const { run } = context;
  const load = lastWrite(run, add - 1, offset);
  if (load < 0 || run[load].row.mnemonic !== "movsxd" || run[load].operands[1].kind !== OPERAND_MEM) return null;
  const m = run[load].operands[1];
  if (m.index < 0 || m.scaleLog2 !== 2 || m.base < 0) return null;
  const place = (table: number, b: number): TablePlace => ({ address: (table + m.disp) >>> 0, entryBytes: 4, base: b });
  const tables = basesOf(context, load, m.base);
  if (m.base === base) return readTables(context, load, m, tables.map((b) => place(b, b)));
  const { code } = context, labels = basesOf(context, add, base).filter((b) => code.mayBeInstruction?.(b) !== false);
  return readTables(context, load, m, labels.flatMap((b) => tables.map((table) => place(table, b))));
}

/** Addresses that a register may hold before run[before]: the lea in this run, or all in the region. */
function basesOf({ run, leas }: JumpContext, before: number, reg: number): readonly number[] {
  const i = lastWrite(run, before - 1, reg);
  if (i < 0) return leas.get(reg) ?? [];
  const address = leaAddress(run[i]);
  return address < 0 ? [] : [address];
}

/** The constant address that a lea computes, or -1. */
export function leaAddress(insn: Instruction): number {
  if (insn.row.mnemonic !== "lea") return -1;
  const m = insn.operands[1];
  return m.base < 0 && m.index < 0 ? m.disp >>> 0 : -1;
}

/** Index of the last instruction at or before `from` that writes a register as its first operand, or -1. */
function lastWrite(run: Instruction[], from: number, reg: number): number {
  for (let i = from; i >= 0; i--) {
    const o = run[i].operands[0];
    if (o !== undefined && o.kind === OPERAND_GPR && o.reg === reg && !isCompare(run[i])) return i;
  }
  return -1;
}

const isCompare = (insn: Instruction) => insn.row.mnemonic === "cmp" || insn.row.mnemonic === "test";

interface TablePlace {
  address: number;
  entryBytes: 4 | 8;
  /** What entries are added to. */
  base: number;
}

/** Reads the tables that the load may be from. The index tells the target only if there is just one. */
function readTables(context: JumpContext, load: number, m: Operand, places: TablePlace[]): JumpTable | null {
  const { run } = context;
  const count = boundOf(run, load, m.index, context.before),
    limit = widthBound([...context.before, ...run.slice(0, load)], m.index);
  const found = places.map((place) => readTable(context, place, count, limit)).filter((targets) => targets.length > 1);
  if (found.length === 0) return null;
  const loadPc = run[load].pc, isBounded = count !== null;
  if (found.length === 1) return { loadPc, indexReg: m.index, targets: found[0], isBounded };
  return { loadPc: -1, indexReg: m.index, targets: [...new Set(found.flat())].slice(0, MAX_UNINDEXED), isBounded };
}

function readTable(
  { code, run }: JumpContext,
  { address, entryBytes, base }: TablePlace,
  count: number | null,
  limit: number,
): number[] {
  const view = new DataView(code.u8.buffer, code.u8.byteOffset, code.u8.byteLength);
  const jumpPc = run[run.length - 1].pc;
  const targets: number[] = [];
  // Distances that are no table's any more look like anything; addresses look like addresses.
  const mayBeFar = entryBytes === 8 && limit < MAX_ENTRIES;
  let far = 0, last = 0;
  for (let i = 0; i < (count ?? limit); i++) {
    const at = address + i * entryBytes;
    if (at < GUEST_BIAS || at - GUEST_BIAS + entryBytes > code.u8.length) break;
    if (!code.isReadOnly(at, at + entryBytes)) break;
    // Without a bound, a table ends where the next thing begins, and where entries make no sense.
    if (count === null && i > 0 && code.isReferenced?.(at)) break;
    if (entryBytes === 8 && view.getUint32(at - GUEST_BIAS + 4, true) !== 0) break;
    const entry = entryBytes === 8
      ? view.getUint32(at - GUEST_BIAS, true)
      : (base + view.getInt32(at - GUEST_BIAS, true)) >>> 0;
    if (code.mayBeInstruction?.(entry) === false) break;
    // Compilers put code that is seldom run far away from its function: such an entry alone is not the end of the table.
    const distance = Math.abs(entry - jumpPc);
    if (count !== null || distance <= MAX_DISTANCE) last = targets.push(entry);
    else if (mayBeFar && distance <= MAX_FAR_DISTANCE && far++ < MAX_FAR) targets.push(FAR);
    else break;
  }
  targets.length = last;
  const near = targets.find((target) => target !== FAR);
  return near === undefined ? [] : targets.map((target) => target === FAR ? near : target);
}

/** What an index of one byte can be at most: the number of entries that a table without a bound may have. `way` leads to its use. */
function widthBound(way: Instruction[], index: number): number {
  for (let reg = index, at = way.length; (at = lastWrite(way, at - 1, reg)) >= 0;) {
    const { row: { mnemonic }, operands: [, s] } = way[at];
    if (mnemonic === "movzx" && s.bytes === 1) return 256;
    if (!COPIES.has(mnemonic) || s.kind !== OPERAND_GPR) break;
    reg = s.reg;
  }
  return MAX_ENTRIES;
}

/** Number of entries from a bounds check (cmp with ja or jae) or a mask, or null if none is found. */
function boundOf(run: Instruction[], load: number, index: number, before: Instruction[]): number | null {
  const aliases = new Set([index]);
  /** Where the index was loaded from, if the check is made there: cmp [m],N; ja; mov idx,[m]. */
  let source: Operand | null = null;
  for (let i = load - 1; i >= 0; i--) {
    source ??= loadedFrom(run[i], aliases);
    const bound = maskBound(run[i], aliases);
    if (bound !== null) return bound;
  }
  const branch = before.at(-1);
  if (branch === undefined) return null;
  const taken = branch.operands[0].immLo >>> 0 === run[0].pc;
  // The condition under which control gets here, as a code: ja (7) not taken is jbe (6), and so on.
  const condition = taken ? branch.row.condition : branch.row.condition ^ 1;
  for (let i = before.length - 2; i >= 0; i--) {
    const insn = before[i];
    const [d, s] = insn.operands;
    if (insn.row.mnemonic === "cmp" && s.kind === OPERAND_IMM && isChecked(d, aliases, source)) {
      if (condition === 6 && s.immLo >= 0 && s.immLo < MAX_ENTRIES) return s.immLo + 1;
      if (condition === 2 && s.immLo > 0 && s.immLo <= MAX_ENTRIES) return s.immLo;
      return null;
    }
    source ??= loadedFrom(insn, aliases);
    const bound = maskBound(insn, aliases);
    if (bound !== null) return bound;
  }
  return null;
}

/** Memory operand of a load into one of the registers, or null. */
function loadedFrom(insn: Instruction, aliases: ReadonlySet<number>): Operand | null {
  const { mnemonic } = insn.row;
  if (mnemonic !== "mov" && mnemonic !== "movzx") return null;
  const [d, s] = insn.operands;
  return d.kind === OPERAND_GPR && aliases.has(d.reg) && s.kind === OPERAND_MEM ? s : null;
}

/** True if an operand of a comparison is the index, or the memory it is loaded from. */
function isChecked(o: Operand, aliases: ReadonlySet<number>, source: Operand | null): boolean {
  if (o.kind === OPERAND_GPR) return aliases.has(o.reg);
  return o.kind === OPERAND_MEM && source !== null && o.base === source.base && o.index === source.index &&
    o.disp === source.disp && o.bytes === source.bytes;
}

/** Follows copies of the index backwards; a bound if the instruction masks it. */
function maskBound(insn: Instruction, aliases: Set<number>): number | null {
  const [d, s] = insn.operands;
  if (d?.kind !== OPERAND_GPR || !aliases.has(d.reg) || isCompare(insn)) return null;
  if (insn.row.mnemonic === "and" && s.kind === OPERAND_IMM && s.immLo >= 0 && s.immLo < MAX_ENTRIES) {
    return s.immLo + 1;
  }
  // What the register had before is something else, but the check may have been on the register the index was copied from.
  const isCopy = COPIES.has(insn.row.mnemonic) && s.kind === OPERAND_GPR;
  if (!isCopy || s.reg !== d.reg) aliases.delete(d.reg);
  if (isCopy) aliases.add(s.reg);
  return null;
}
