/**
 * Loads that wait. What may be read after a call would be loaded right behind it, for all ways on from there. A variable that only
 * some of the ways read is loaded by these: at the start of the first block from which on every way reads it, where it is not in
 * its local on every way there, and its home is up to date.
 */
import { scratchWords } from "./scratch.ts";
import { VarSets } from "./var_sets.ts";
import type { VarSolver } from "./var_solver.ts";

/** Variables that blocks load at their start, so that nobody needs to bring them. */
export function lateLoads(flow: VarSolver, read: VarSets): VarSets {
  const late = new VarSets(flow.fn.blocks.length);
  const { use, set, parked, carried } = flow;
  half(flow, use.low, set.low, parked.low, carried.low, late.low);
  if (flow.hasVectors) half(flow, use.high, set.high, parked.high, carried.high, late.high);
  for (const b of flow.cfg.order) {
    // On a way that never ends everything is wanted.
    late.low[b] &= read.low[b] & ~flow.dirtyIn.low[b];
    late.high[b] &= read.high[b] & ~flow.dirtyIn.high[b];
  }
  return late;
}

/** One half of the variables, were they clean. */
function half(
  flow: VarSolver,
  use: Int32Array,
  set: Int32Array,
  parked: Int32Array,
  carried: Int32Array,
  late: Int32Array,
): void {
  const { order, loopHeader } = flow.cfg;
  const wanted = wantedOnAllWays(flow, use, set, parked), here = inLocals(flow, wanted, set, parked, carried);
  for (let i = 1; i < order.length; i++) {
    const b = order[i];
    // A loop's head would load again each time round.
    if (loopHeader[b] === 0 && flow.looping[b] === 0) late[b] = wanted[b] & ~here[b];
  }
}

/** At the starts of blocks: what every way on reads before it is written and before locals are left. */
function wantedOnAllWays(flow: VarSolver, use: Int32Array, set: Int32Array, parked: Int32Array): Int32Array {
  const { order } = flow.cfg, { from, end, list } = flow.ways, { fresh } = flow;
  const wanted = scratchWords(flow.fn.blocks.length, -1);
  for (let changed = true; changed;) {
    changed = false;
    for (let i = order.length - 1; i >= 0; i--) {
      const b = order[i];
      let ahead = from[b] === end[b] ? 0 : -1;
      for (let k = from[b]; k < end[b]; k++) ahead &= fresh[k] !== 0 ? 0 : wanted[list[k]];
      ahead = use[b] | (ahead & ~parked[b] & ~set[b]);
      if (ahead === wanted[b]) continue;
      wanted[b] = ahead;
      changed = true;
    }
  }
  return wanted;
}

/** At the starts of blocks: what is in its local on all ways, if each block has what is wanted from there on. */
function inLocals(
  flow: VarSolver,
  wanted: Int32Array,
  set: Int32Array,
  parked: Int32Array,
  carried: Int32Array,
): Int32Array {
  const { order } = flow.cfg, { from, end, list } = flow.ways, { fresh } = flow;
  const into = scratchWords(flow.fn.blocks.length, -1);
  into[order[0]] = 0;
  for (let changed = true; changed;) {
    changed = false;
    for (let i = 0; i < order.length; i++) {
      const b = order[i], out = into[b] | wanted[b] | set[b];
      for (let k = from[b]; k < end[b]; k++) {
        const s = list[k], comes = fresh[k] === 0 ? out & ~parked[b] : wanted[s] | carried[k];
        if ((into[s] & ~comes) === 0) continue;
        into[s] &= comes;
        changed = true;
      }
    }
  }
  return into;
}
