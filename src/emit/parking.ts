/**
 * What an interpreter's switch does not carry. Its handlers read a few registers themselves (of the 16 of CPython's evaluation
 * loop seven), but each may be followed by any other, so that all that one of them reads is live in all. A variable that few of
 * the ways read before they come to the switch again is in the state block alone there: it is stored where it was changed
 * since, and loaded by those ways. It takes no part in what V8 moves about at the switch, and the other handlers' calls neither
 * store nor load it.
 */
import { END_SWITCH_PC } from "../ir/function.ts";
import { FLAG_VARS, isFresh, mayNotStore } from "./block_ends.ts";
import { END_REENTER } from "./cfg.ts";
import { RSP_SET } from "./exact_registers.ts";
import { END_SELECT } from "./irreducible.ts";
import { END_SWITCH_SHARED } from "./shared_switch.ts";
import type { VarSolver } from "./var_solver.ts";

/** Switches that lead to fewer blocks carry everything. */
const MIN_TARGETS = 16;

/** Few ways: less than this part of them. */
const FEW = 0.25;

/** Chooses what is parked, and stores it on the ways to the switches. True if there are any. */
export function parkAtSwitches(flow: VarSolver): boolean {
  const { fn, cfg: { order }, early, parked } = flow;
  const switches: number[] = [];
  for (let i = 0; i < order.length; i++) {
    const b = order[i], { kind, succ } = fn.blocks[b];
    // In a loop without calls everything stays in locals.
    if ((kind !== END_SWITCH_PC && kind !== END_SWITCH_SHARED) || flow.looping[b] !== 0) continue;
    if (succ.length < MIN_TARGETS || new Set(succ).size < MIN_TARGETS) continue;
    switches.push(b);
    parked.low[b] = parked.high[b] = -1;
  }
  if (switches.length === 0) return false;
  // Were everything parked, that is read which the ways read themselves.
  const read = flow.solveAhead(flow.none, flow.use);
  for (const b of switches) {
    const targets = new Set(fn.blocks[b].succ);
    parked.low[b] = readByFew(read.low, targets) & ~RSP_SET & ~FLAG_VARS;
    parked.high[b] = readByFew(read.high, targets);
    for (const p of waysTo(flow, b)) {
      early.low[p] |= parked.low[b];
      early.high[p] |= parked.high[b];
    }
  }
  flow.solveDirty();
  for (const b of switches) {
    parked.low[b] &= ~flow.dirtyOut.low[b];
    parked.high[b] &= ~flow.dirtyOut.high[b];
  }
  return true;
}

/** Of one half of the variables, those that few of the blocks have in their sets. */
function readByFew(sets: Int32Array, blocks: ReadonlySet<number>): number {
  let few = 0;
  for (let v = 0; v < 32; v++) {
    let count = 0;
    for (const b of blocks) count += sets[b] >>> v & 1;
    if (count < FEW * blocks.size) few |= 1 << v;
  }
  return few;
}

/** Blocks at whose ends can be stored what a switch would find dirty: through gates and selections, those that lead to it. */
function waysTo({ fn, preds: { from, end, list } }: VarSolver, to: number): Set<number> {
  const found = new Set<number>(), seen = new Set([to]), work = [to];
  if (fn.blocks[to].kind === END_SWITCH_PC) return new Set([to]);
  while (work.length > 0) {
    const b = work.pop()!;
    for (let k = from[b]; k < end[b]; k++) {
      const p = list[k], { kind } = fn.blocks[p];
      if (isFresh(fn, p, b) || seen.has(p)) continue;
      seen.add(p);
      if (kind === END_REENTER || kind === END_SELECT) work.push(p);
      else if (!mayNotStore(kind)) found.add(p);
    }
  }
  return found;
}
