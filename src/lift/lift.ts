import { AddressMap } from "../discover/address_map.ts";
import type { JumpTable, Region } from "../discover/region.ts";
import { IrFunction } from "../ir/function.ts";
import { type CpuLevel, DEFAULT_CPU_LEVEL } from "../machine/cpu_level.ts";
import { STOP_SEGV, STOP_UNDEFINED } from "../machine/state.ts";
import { V3_FEATURES } from "../x86/features.ts";
import type { Instruction } from "../x86/instruction.ts";
import { flagsLiveBefore } from "../discover/flag_liveness.ts";
import { type CodeGuard, guardFunction, newGuard } from "./code_guard.ts";
import { LIFTS } from "./families.ts";
import { type Lift, Lifter } from "./lifter.ts";
import { OwnStores } from "./own_stores.ts";
import { checkProbe } from "./probes.ts";
import { upperHalvesUsed } from "./vex.ts";

/**
 * Told of instructions that raise #UD in the guest while a region is lifted: without a lifter, or (`ofHigherLevel`) of a
 * processor that the guest is not shown. Programs have such code for processors that have it, and ask CPUID before they run it.
 */
export type UnsupportedSink = (insn: Instruction, ofHigherLevel: boolean) => void;

/** By level and mnemonic. */
const KNOWN: Record<CpuLevel, (Lift | undefined)[]> = { "x86-64-v2": [], "x86-64-v3": [] };

function isAbove({ row }: Instruction, level: CpuLevel): boolean {
  return level === "x86-64-v2" && V3_FEATURES.has(row.feature);
}

function liftOf(insn: Instruction, level: CpuLevel): Lift | undefined {
  const known = KNOWN[level], { row } = insn;
  if (known[row.id] !== undefined) return known[row.id];
  return known[row.id] = LIFTS.get(isAbove(insn, level) ? row.otherwise ?? "" : row.mnemonic);
}

/**
 * Lifts a region to IR as a processor of this level runs it: one IR block per region block (in the same order, so entry first),
 * plus inner blocks and exit stubs. `guard` is for code that the program may write (code_guard.ts),
 * `mode` what its code takes into account (machine/code_mode.ts).
 */
export function liftRegion(
  region: Region,
  level: CpuLevel = DEFAULT_CPU_LEVEL,
  onUnsupported: UnsupportedSink = () => {},
  guard: CodeGuard | null = null,
  mode = 0,
): IrFunction {
  const fn = new IrFunction(region.entryPc);
  fn.mode = mode;
  fn.keepsFlags = region.keepsFlags ?? false;
  fn.upperHalves = (region.upperHalves ?? 0) | upperHalvesOf(region);
  if (guard !== null) fn.guard = newGuard();
  const blocks = liftBlocks(fn, region, level, onUnsupported, guard);
  fn.sideEntries = region.sideEntries.map((pc) => blocks.get(pc));
  if (guard !== null) guardFunction(fn, guard);
  return fn;
}

/** Registers (bit r: ymm r) whose upper halves the region uses. */
export function upperHalvesOf({ blocks }: Region): number {
  let used = 0;
  for (const { instructions } of blocks) for (const insn of instructions) used |= upperHalvesUsed(insn);
  return used;
}

let live = new Uint8Array(256);

/** An array of so many bytes or more, the same each time. */
function liveAfter(length: number): Uint8Array {
  if (live.length < length) live = new Uint8Array(2 * length);
  return live;
}

const NO_LOADS: ReadonlyMap<number, JumpTable[]> = new Map();

/** Switch tables by the addresses of the loads from them. */
function tableLoadsOf({ jumpTables }: Region): ReadonlyMap<number, JumpTable[]> {
  if (jumpTables.size === 0) return NO_LOADS;
  const loads = new Map<number, JumpTable[]>();
  for (const table of jumpTables.values()) {
    const known = loads.get(table.loadPc);
    if (known === undefined) loads.set(table.loadPc, [table]);
    else known.push(table);
  }
  return loads;
}

function noteTable(l: Lifter, tables: readonly JumpTable[] = []): void {
  for (const { indexReg } of tables) l.noteTableIndex(indexReg);
}

const blockAt = new AddressMap();

/** Adds a region's blocks to a function, the entry first; gives their numbers by address, until it is called again. */
export function liftBlocks(
  fn: IrFunction,
  region: Region,
  level: CpuLevel,
  onUnsupported: UnsupportedSink,
  guard: CodeGuard | null = null,
): AddressMap {
  const blocks = blockAt;
  blocks.clear();
  for (const b of region.blocks) blocks.set(b.pc, fn.newBlock(b.pc));
  const l = new Lifter(fn, blocks), tableLoads = tableLoadsOf(region);
  l.jumpTables = region.jumpTables;
  l.likelyTargets = region.likelyTargets;
  l.deadEnds = region.deadEnds;
  l.upperHalves = fn.upperHalves;
  l.guard = guard;
  const own = l.ownStores = guard === null ? null : new OwnStores(fn, guard.ranges);
  for (const b of region.blocks) {
    // Flags live after each instruction, walking backwards once.
    const live = liveAfter(b.instructions.length + 1);
    live[b.instructions.length] = b.flagsLiveOut;
    for (let i = b.instructions.length - 1; i >= 0; i--) live[i] = flagsLiveBefore(b.instructions[i], live[i + 1]);
    l.begin(blocks.get(b.pc));
    own?.beginRegionBlock(b.instructions);
    let at = b.pc;
    for (let i = 0; i < b.instructions.length; i++) {
      const insn = b.instructions[i];
      l.insn = insn;
      l.pc = insn.pc;
      l.flagsLiveAfter = live[i + 1];
      if (tableLoads.size > 0) noteTable(l, tableLoads.get(insn.pc));
      const lift = liftOf(insn, level);
      if (lift === undefined) {
        onUnsupported(insn, isAbove(insn, level));
        l.endTrap(STOP_UNDEFINED, insn.pc);
        break;
      }
      const from = fn.count;
      checkProbe(l);
      lift(l);
      at = insn.nextPc;
      if (l.ended) break;
      if (own !== null) l.leaveIfWrittenTo(own, from);
      else if (fn.exactFaults) l.splitAfterStores();
    }
    if (l.ended) continue;
    l.flagsLiveAfter = b.flagsLiveOut;
    if (b.failure !== null) l.endTrap(b.failure.kind === "truncated" ? STOP_SEGV : STOP_UNDEFINED, b.failure.pc);
    else l.endJump(l.blockFor(at));
  }
  return blocks;
}
