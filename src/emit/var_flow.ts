/**
 * Which state variables a region keeps in locals where: solved once over the blocks of a region.
 *
 * `dirty` (forward, may): the local may differ from its home in the state block, so an exit must store it.
 * `live` (backward): the local's value matters: it is read, or may be stored by an exit that finds it dirty. What is live at the
 * entry or after a call is loaded there. A call or syscall is an exit and a fresh start at once: everything dirty is stored
 * before it, everything live is loaded after it, but rax, which regions give back.
 * `early`: stored at the end of a block already, where that saves more stores and loads than it costs.
 * `parked`: what an interpreter's switch does not carry in locals (parking.ts).
 */
import type { IrFunction } from "../ir/function.ts";
import { FLAG_VARS, isExit, matters } from "./block_ends.ts";
import type { Cfg } from "./cfg.ts";
import { UNKNOWN_DISTANCE } from "./exact_registers.ts";
import { faultFlow, storeForFaults } from "./fault_stores.ts";
import { storeBeforeJoins, storeBeforeLoops, storeWhereManyMeet } from "./join_stores.ts";
import { lateLoads } from "./late_loads.ts";
import { parkAtSwitches } from "./parking.ts";
import { VarSets } from "./var_sets.ts";
import { VarSolver } from "./var_solver.ts";

/** At the starts of blocks, for faults in them. */
export interface FaultFlow {
  /** Variables whose home may be out of date. */
  stale: VarSets;
  /** What rsp is more than its home; UNKNOWN_DISTANCE if that is no constant. */
  rspDistance: Int32Array;
  /** The block that alone leads here and goes on in this one without leaving locals, or -1. */
  parent: Int32Array;
}

export interface VarFlow {
  /** Written in the block. */
  set: VarSets;
  /** Stored where the block is left at its start, for lack of fuel. */
  fuel: VarSets;
  /** Stored where the block leaves the region. */
  spill: VarSets;
  /** Stored at the end of the block, before control goes on inside the region. */
  early: VarSets;
  /** In locals at its start. */
  liveIn: VarSets;
  /** Loaded at its start. */
  late: VarSets;
  /** Of switches: in the state block alone from there on, so that the ways from there load what they need. */
  parked: VarSets;
  /** What the state block tells of the registers. */
  faults: FaultFlow;
  /** How far a block moves rsp down at most, by a constant: about the size of the frame. */
  frameBytes: number;
  /** Variables that need a local at all. */
  used: number;
  usedHigh: number;
}

/** Solves the flow over the reachable blocks. */
export function solveVarFlow(fn: IrFunction, cfg: Cfg): VarFlow {
  const flow = new VarSolver(fn, cfg);
  const { set, use, early, dirtyIn, dirtyOut, parked } = flow;
  flow.findLoops();
  flow.solveDirty();
  if (parkAtSwitches(flow)) flow.solveDirty();
  const read = flow.solveAhead(flow.none, use);
  if (storeBeforeLoops(flow, read)) flow.solveDirty();
  const atExits = flow.atExits(), stored = flow.solveAhead(atExits, flow.atFuel(atExits));
  if (storeWhereManyMeet(flow, read, stored)) flow.solveDirty();
  storeForFaults(flow);
  storeBeforeJoins(flow, read, stored);
  const fuel = new VarSets(fn.blocks.length), spill = new VarSets(fn.blocks.length);
  for (const b of cfg.order) {
    // What is stored already is not stored again.
    early.low[b] &= dirtyIn.low[b] | set.low[b];
    early.high[b] &= dirtyIn.high[b] | set.high[b];
    if (!isExit(fn.blocks[b])) continue;
    spill.low[b] = dirtyOut.low[b] & matters(fn, fn.blocks[b].kind);
    spill.high[b] = dirtyOut.high[b];
  }
  const atEnd = new VarSets(fn.blocks.length), atStart = new VarSets(fn.blocks.length);
  for (const b of cfg.order) {
    atEnd.low[b] = spill.low[b] | early.low[b];
    atEnd.high[b] = spill.high[b] | early.high[b];
  }
  const atFuel = flow.atFuel(atEnd);
  let used = 0, usedHigh = 0;
  for (const b of cfg.order) {
    if (cfg.fuel[b]) {
      // Who goes on here later reads the flags that are read here.
      fuel.low[b] = dirtyIn.low[b] & (atFuel.low[b] | (FLAG_VARS & read.low[b]));
      fuel.high[b] = dirtyIn.high[b] & atFuel.high[b];
    }
    atStart.low[b] = use.low[b] | fuel.low[b];
    atStart.high[b] = use.high[b] | fuel.high[b];
  }
  const late = lateLoads(flow, read), liveIn = flow.solveAhead(atEnd, atStart, late);
  for (const b of cfg.order) {
    used |= set.low[b] | liveIn.low[b] | late.low[b];
    usedHigh |= set.high[b] | liveIn.high[b] | late.high[b];
  }
  return {
    set,
    fuel,
    spill,
    early,
    liveIn,
    late,
    parked,
    faults: faultFlow(flow),
    frameBytes: frameBytes(flow),
    used,
    usedHigh,
  };
}

function frameBytes({ fn, rspMoves }: VarSolver): number {
  let most = 0;
  for (let b = 0; b < fn.blocks.length; b++) {
    const rsp = rspMoves[b];
    if (rsp !== UNKNOWN_DISTANCE && -rsp > most) most = -rsp;
  }
  return most;
}
