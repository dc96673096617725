import { GUEST_BIAS } from "../machine/state.ts";
import { decode, DECODED, decodeInto, isFailure } from "../x86/decode.ts";
import {
  type DecodeFailure,
  Instruction,
  type Operand,
  OPERAND_GPR,
  OPERAND_MEM,
  OPERAND_REL,
  SEGMENT_NONE,
} from "../x86/instruction.ts";
import {
  FLOW_BRANCH,
  FLOW_CALL,
  FLOW_CALL_INDIRECT,
  FLOW_JUMP,
  FLOW_JUMP_INDIRECT,
  FLOW_NEXT,
  FLOW_SYSCALL,
} from "../x86/row.ts";
import { AddressMap } from "./address_map.ts";
import { findJumpTable, leaAddress, MAX_UNINDEXED } from "./jump_tables.ts";
import type { JumpTable, Region, RegionBlock } from "./region.ts";
import { solveFlagLiveness } from "./region_flags.ts";

/** Guest code as it lies in memory. */
export interface CodeView {
  /** Linear memory: guest address g is byte g - GUEST_BIAS. */
  readonly u8: Uint8Array;
  /** True for an address known to begin a function: jumps there leave the region, and code does not run on into it. */
  isFunctionStart(pc: number): boolean;
  /** True for an address in code that is another region's already: jumps there leave. Default: false. */
  isElsewhere?(pc: number): boolean;
  /** True for an address to which no call in front of it returns: a function, part of another, padding. Default: functions. */
  isEdge?(pc: number): boolean;
  /** False where an address is known to be no instruction's: not executable, or in the middle of one. Default: true. */
  mayBeInstruction?(pc: number): boolean;
  /** True for addresses that some instruction names: a table before it ends there. Default: false. */
  isReferenced?(address: number): boolean;
  /** True if calls and returns may carry flags, which the System V ABI leaves undefined there. Default: false. */
  readonly keepsFlags?: boolean;
  /** True if jumps through tables without a bound are to leave the region. Default: false. */
  readonly skipsOpenTables?: boolean;
  /** True where memory may not change any more: jump tables and constants there can be read at translation time. */
  isReadOnly(start: number, end: number): boolean;
}

/**
 * TurboFan's time and memory grow faster than the size of a function, so a region ends here and the rest becomes regions of
 * its own.
 */
export const MAX_REGION_INSTRUCTIONS = 4000;

/**
 * Of the region that is being found: indices of what is decoded, addresses that begin blocks, and where the first run begins that
 * ends in a conditional branch there.
 */
const decodedAt = new AddressMap(), leaders = new AddressMap(), branchedFrom = new AddressMap();

/** Of regions that have none. */
const NO_TABLES: Map<number, JumpTable> = new Map(), NO_TARGETS: Map<number, number> = new Map();
const NO_DEAD_ENDS: Set<number> = new Set(), NO_LEAS: ReadonlyMap<number, number[]> = new Map();

/** As discoverRegion(), without what is known of flags: for those who want the instructions only. */
export function discoverCode(code: CodeView, entryPc: number): Region {
  return findBlocks(code, entryPc, MAX_REGION_INSTRUCTIONS, []);
}

/**
 * Finds the region of an entry: decodes everything reachable without following calls, from the entry and from other addresses
 * of the same function at which it may be entered.
 */
export function discoverRegion(
  code: CodeView,
  entryPc: number,
  limit: number = MAX_REGION_INSTRUCTIONS,
  sideEntries: readonly number[] = [],
): Region {
  const region = findBlocks(code, entryPc, limit, sideEntries);
  region.flagsLiveIn = solveFlagLiveness(region, code);
  return region;
}

function findBlocks(code: CodeView, entryPc: number, limit: number, sideEntries: readonly number[]): Region {
  decodedAt.clear();
  leaders.clear();
  /** All that is decoded, run by run; decodedAt has the indices. */
  const found: (Instruction | DecodeFailure)[] = [], starts: number[] = [];
  let jumpTables = NO_TABLES, likelyTargets = NO_TARGETS, deadEnds = NO_DEAD_ENDS;
  branchedFrom.clear();
  let leas: Map<number, number[]> | null = null;
  const work = [...sideEntries, entryPc];
  for (const pc of work) addLeader(pc);
  /** Indirect jumps whose table has not been found: what leads to it may not have been seen yet. */
  let unknownJumps: [run: Instruction[], before: Instruction[]][] = [];
  do {
    while (work.length > 0 && found.length < limit) walk(work.pop()!);
    unknownJumps = unknownJumps.filter(([run, before]) => !followTable(run, before));
  } while (work.length > 0 && found.length < limit);

  // Walks one straight run, noting leaders.
  function walk(start: number): void {
    let pc = start;
    const first = found.length;
    while (!decodedAt.has(pc)) {
      const insn = decodeAt(code, pc);
      decodedAt.set(pc, found.length);
      found.push(insn);
      if (isFailure(insn)) return;
      const next = insn.nextPc;
      switch (insn.row.flow) {
        case FLOW_NEXT:
          noteLea(insn);
          if (code.isFunctionStart(next) || code.isElsewhere?.(next)) return;
          break;
        case FLOW_BRANCH:
          noteBranch(insn.operands[0].immLo >>> 0, first);
          noteBranch(next, first);
          return;
        case FLOW_JUMP:
          lead(insn.operands[0].immLo >>> 0);
          return;
        case FLOW_JUMP_INDIRECT: {
          const run = found.slice(first) as Instruction[], before = runBefore(start);
          if (!followTable(run, before)) unknownJumps.push([run, before]);
          noteLikelyTarget(insn);
          return;
        }
        case FLOW_CALL:
        case FLOW_CALL_INDIRECT:
          noteLikelyTarget(insn);
          // A call that never returns may be the last thing in a function.
          if (code.isEdge?.(next) ?? code.isFunctionStart(next)) {
            if (deadEnds === NO_DEAD_ENDS) deadEnds = new Set();
            deadEnds.add(next);
          } else lead(next);
          return;
        case FLOW_SYSCALL:
          lead(next);
          return;
        default:
          return;
      }
      pc = next;
      if (found.length >= limit) return lead(pc);
    }
    // Ran into the middle of a run decoded before: that address begins a block.
    addLeader(pc);
  }

  function noteBranch(target: number, run: number): void {
    if (!branchedFrom.has(target)) branchedFrom.set(target, run);
    lead(target);
  }

  /** The first run that ends in a conditional branch to the start of another. */
  function runBefore(start: number): Instruction[] {
    const first = branchedFrom.get(start);
    if (first < 0) return [];
    let last = first;
    while ((found[last] as Instruction).row.flow === FLOW_NEXT) last++;
    return found.slice(first, last + 1) as Instruction[];
  }

  /** False if the indirect jump at the end of the run has no table that is known. */
  function followTable(run: Instruction[], before: Instruction[]): boolean {
    const table = findJumpTable({ code, run, before, leas: leas ?? NO_LEAS });
    if (table === null || (!table.isBounded && code.skipsOpenTables)) return false;
    if (jumpTables === NO_TABLES) jumpTables = new Map();
    jumpTables.set(run[run.length - 1].pc, table);
    for (const target of table.targets) lead(target);
    return true;
  }

  function noteLea(insn: Instruction): void {
    const address = leaAddress(insn);
    if (address < 0) return;
    const { reg } = insn.operands[0];
    leas ??= new Map();
    const known = leas.get(reg);
    if (known === undefined) leas.set(reg, [address]);
    else if (!known.includes(address) && known.length < 16) known.push(address);
  }

  function noteLikelyTarget({ pc, operands: [o] }: Instruction): void {
    if (!isFixedWord(o)) return;
    const target = wordAt(code.u8, (o.disp >>> 0) - GUEST_BIAS);
    if (!code.isFunctionStart(target)) return;
    if (likelyTargets === NO_TARGETS) likelyTargets = new Map();
    likelyTargets.set(pc, target);
  }

  function lead(pc: number): void {
    if (leaders.has(pc)) return;
    if (pc !== entryPc && (code.isFunctionStart(pc) || code.isElsewhere?.(pc))) return;
    addLeader(pc);
    if (!decodedAt.has(pc)) work.push(pc);
  }

  function addLeader(pc: number): void {
    if (leaders.has(pc)) return;
    leaders.set(pc, -1);
    starts.push(pc);
  }

  shareOpenTables(unknownJumps.map(([run]) => run[run.length - 1]), jumpTables);
  const blocks = collectBlocks(found, starts, entryPc);
  const sides = sideEntries.filter((pc) => decodedAt.has(pc) && pc !== entryPc);
  const region: Region = {
    entryPc,
    blocks,
    jumpTables,
    likelyTargets,
    deadEnds,
    flagsLiveIn: 0,
    sideEntries: sides,
  };
  if (code.keepsFlags) region.keepsFlags = true;
  return region;
}

/**
 * Computed gotos all go to the same labels. A compiler may load one of these early and jump to it from elsewhere, where no table
 * is to be seen.
 */
function shareOpenTables(jumps: readonly Instruction[], jumpTables: Map<number, JumpTable>): void {
  const targets = [...new Set([...jumpTables.values()].flatMap((table) => table.isBounded ? [] : table.targets))];
  if (targets.length === 0 || targets.length > MAX_UNINDEXED) return;
  for (const { pc, operands } of jumps) {
    if (jumpTables.has(pc) || operands[0].kind !== OPERAND_GPR) continue;
    jumpTables.set(pc, { loadPc: -1, indexReg: -1, targets, isBounded: false });
  }
}

/** True for an operand in memory whose address the instruction alone tells. */
function isFixedWord({ kind, base, index, segment }: Operand): boolean {
  return kind === OPERAND_MEM && base < 0 && index < 0 && segment === SEGMENT_NONE;
}

/** The lower half of a word of linear memory, 0 where there is none. */
export function wordAt(u8: Uint8Array, at: number): number {
  if (at < 0 || at + 4 > u8.length) return 0;
  return (u8[at] | u8[at + 1] << 8 | u8[at + 2] << 16 | u8[at + 3] << 24) >>> 0;
}

const lookedAt = new Instruction();

/** True if more than `count` instructions follow one another from an address on, all of its region. A quick look. */
export function runsLongerThan(code: CodeView, pc: number, count: number): boolean {
  const { u8 } = code;
  for (let n = 0; n < count; n++) {
    const offset = pc - GUEST_BIAS;
    if (offset < 0 || offset >= u8.length || decodeInto(lookedAt, u8, offset, u8.length, pc) !== DECODED) return false;
    const next = lookedAt.nextPc;
    switch (lookedAt.row.flow) {
      case FLOW_NEXT:
      case FLOW_BRANCH:
        if (code.isFunctionStart(next) || code.isElsewhere?.(next)) return false;
        break;
      case FLOW_CALL:
      case FLOW_CALL_INDIRECT:
        if ((code.isEdge?.(next) ?? false) || code.isFunctionStart(next) || code.isElsewhere?.(next)) return false;
        break;
      default:
        return false;
    }
    pc = next;
  }
  const offset = pc - GUEST_BIAS;
  return offset >= 0 && offset < u8.length && decodeInto(lookedAt, u8, offset, u8.length, pc) === DECODED;
}

/** The instruction at an address. */
export function decodeAt(code: CodeView, pc: number): Instruction | DecodeFailure {
  const offset = pc - GUEST_BIAS;
  if (offset < 0 || offset >= code.u8.length) return { kind: "truncated", pc, bytes: new Uint8Array(0) };
  return decode(code.u8, offset, code.u8.length, pc);
}

/** Cuts the decoded instructions into blocks at the leaders. The entry comes first, the rest in address order. */
function collectBlocks(
  found: readonly (Instruction | DecodeFailure)[],
  leading: number[],
  entryPc: number,
): RegionBlock[] {
  const starts = ascending(leading);
  const blocks = [collectBlock(found, entryPc)];
  for (let i = 0; i < starts.length; i++) {
    if (starts[i] !== entryPc && decodedAt.has(starts[i])) blocks.push(collectBlock(found, starts[i]));
  }
  return blocks;
}

/** Sorts a list, which is mostly short. */
function ascending(pcs: number[]): ArrayLike<number> {
  if (pcs.length > 24) return Float64Array.from(pcs).sort();
  for (let i = 1; i < pcs.length; i++) {
    const pc = pcs[i];
    let at = i;
    for (; at > 0 && pcs[at - 1] > pc; at--) pcs[at] = pcs[at - 1];
    pcs[at] = pc;
  }
  return pcs;
}

function collectBlock(found: readonly (Instruction | DecodeFailure)[], start: number): RegionBlock {
  const first = decodedAt.get(start);
  let failure: DecodeFailure | null = null;
  let end = first;
  // A block is a part of a run.
  for (let pc = start;;) {
    const insn = found[end];
    if (insn === undefined || insn.pc !== pc) break;
    if (isFailure(insn)) {
      failure = insn;
      break;
    }
    end++;
    if (insn.row.flow !== FLOW_NEXT) break;
    pc = insn.nextPc;
    if (leaders.has(pc)) break;
  }
  return { pc: start, instructions: found.slice(first, end) as Instruction[], failure, flagsLiveOut: 0 };
}

/** Direct call targets of a region: entries of other regions. */
export function callTargets(region: Region): number[] {
  const targets = new Set<number>();
  for (const b of region.blocks) {
    const last = b.instructions.at(-1);
    if (last !== undefined && last.row.flow === FLOW_CALL && last.operands[0].kind === OPERAND_REL) {
      targets.add(last.operands[0].immLo >>> 0);
    }
  }
  return [...targets];
}
