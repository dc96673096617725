/** What is stored for the sake of faults, which tell the registers from the state block and the straight code before them. */
import { isFresh, mayNotStore } from "./block_ends.ts";
import { END_REENTER } from "./cfg.ts";
import {
  faultingBlocks,
  GENERAL_SET,
  isInside,
  memoryUse,
  RBP_SET,
  RSP_SET,
  UNKNOWN_DISTANCE,
} from "./exact_registers.ts";
import { scratchBytes, scratchWords } from "./scratch.ts";
import type { FaultFlow } from "./var_flow.ts";
import type { VarSolver } from "./var_solver.ts";

/** Rounds of storing rsp where ways with different distances meet. */
const FAULT_ROUNDS = 4;

/** Stores at the ends of blocks what a fault further on could not tell otherwise (exact_registers.ts). */
export function storeForFaults(flow: VarSolver): void {
  const { fn, cfg: { order } } = flow;
  const faulting = faultingBlocks(fn, order);
  if (!isAny(order, faulting)) return;
  if (fn.exactFaults) return storeAllForFaults(flow, faulting);
  const shown = shownAt(flow, faulting);
  const early = flow.early.low;
  let isMore = false;
  for (let i = 0; i < order.length; i++) {
    const b = order[i], { kind, succ } = fn.blocks[b];
    if (mayNotStore(kind)) continue;
    const before = early[b];
    for (let k = 0; k < succ.length; k++) {
      const s = succ[k];
      if (flow.framePointer[b] && shown[s] & RBP_SET) early[b] |= RBP_SET;
      if (faulting[s] && flow.waysInto(s) > 1 && isInside(fn, fn.blocks[s])) {
        early[b] |= flow.dirtyOut.low[b] & GENERAL_SET;
      }
    }
    if (early[b] !== before) isMore = true;
  }
  if (isMore) flow.solveDirty();
  // Each store makes distances known, and perhaps others that meet them unknown.
  for (let round = 0; round < FAULT_ROUNDS; round++) {
    const distance = stackDistances(flow);
    let any = false;
    for (let i = 0; i < order.length; i++) {
      const b = order[i];
      if (distance[b] === UNKNOWN_DISTANCE && shown[b] & RSP_SET && storeRspBefore(flow, b)) any = true;
    }
    if (!any) return;
    flow.solveDirty();
  }
}

/** Stores rsp at the ends of the blocks that lead to one, where it may be; false if there is none. */
function storeRspBefore(flow: VarSolver, b: number): boolean {
  const { fn } = flow, { from, end, list } = flow.preds;
  let any = false;
  for (let k = from[b]; k < end[b]; k++) {
    const p = list[k], store = flow.dirtyOut.low[p] & RSP_SET;
    if (store === 0 || mayNotStore(fn.blocks[p].kind) || isFresh(fn, p, b)) continue;
    flow.early.low[p] |= store;
    any = true;
  }
  return any;
}

/** Stores everything where a fault further on could not tell it otherwise. */
function storeAllForFaults(flow: VarSolver, faulting: Uint8Array): void {
  const { fn, cfg: { order } } = flow;
  const ahead = faultsAhead(flow, faulting);
  // 1 where memory was loaded from since everything was stored.
  const loaded = scratchBytes(fn.blocks.length);
  for (const b of order) {
    const { kind, succ } = fn.blocks[b], { loads, stores } = memoryUse(fn, fn.blocks[b]);
    const p = flow.preds.list[flow.preds.from[b]];
    if (flow.waysInto(b) === 1 && !isFresh(fn, p, b)) loaded[b] = loaded[p];
    if (loads) loaded[b] = 1;
    if (mayNotStore(kind) || !succ.some((s) => ahead[s])) continue;
    if (!(stores && loaded[b]) && !succ.some((s) => ahead[s] && flow.waysInto(s) > 1)) continue;
    flow.early.low[b] |= flow.dirtyOut.low[b];
    flow.early.high[b] |= flow.dirtyOut.high[b];
    loaded[b] = 0;
  }
  flow.solveDirty();
}

/** 1 for blocks from whose start on a fault may come before registers are loaded afresh. */
function faultsAhead(flow: VarSolver, faulting: Uint8Array): Uint8Array {
  const { fn, cfg: { order } } = flow, ahead = faulting.slice(0, fn.blocks.length);
  for (let changed = true; changed;) {
    changed = false;
    for (let i = order.length - 1; i >= 0; i--) {
      const b = order[i];
      if (ahead[b] || !fn.blocks[b].succ.some((s) => ahead[s] && !isFresh(fn, b, s))) continue;
      ahead[b] = 1;
      changed = true;
    }
  }
  return ahead;
}

/** rsp and rbp, at the starts of blocks from which on a fault may come before they are changed or stored. */
function shownAt(flow: VarSolver, faulting: Uint8Array): Int32Array {
  const { order, loopHeader } = flow.cfg, { from, end, list } = flow.ways, fresh = flow.fresh;
  const set = flow.set.low, moves = flow.rspMoves;
  const shown = scratchWords(flow.fn.blocks.length);
  for (let changed = true; changed;) {
    changed = false;
    for (let i = order.length - 1; i >= 0; i--) {
      const b = order[i];
      let at = RSP_SET | RBP_SET;
      if (faulting[b] === 0) {
        let due = 0;
        for (let k = from[b]; k < end[b]; k++) if (fresh[k] === 0) due |= shown[list[k]];
        at = due & ~set[b];
        // Moved by a constant, rsp is known if it was.
        if (due & RSP_SET && moves[b] !== UNKNOWN_DISTANCE) at |= RSP_SET;
      }
      if (at === shown[b]) continue;
      shown[b] = at;
      if (loopHeader[b] !== 0) changed = true;
    }
  }
  return shown;
}

/** Distance of rsp from the stored one at the starts of blocks. */
function stackDistances(flow: VarSolver): Int32Array {
  const { order, rank } = flow.cfg, { from, end, list } = flow.ways, fresh = flow.fresh;
  const early = flow.early.low, moves = flow.rspMoves, n = flow.fn.blocks.length;
  const distance = scratchWords(n), seen = scratchBytes(n);
  seen[order[0]] = 1;
  for (let changed = true; changed;) {
    changed = false;
    for (let i = 0; i < order.length; i++) {
      const b = order[i];
      if (seen[b] === 0) continue;
      const move = moves[b];
      const known = distance[b] !== UNKNOWN_DISTANCE && move !== UNKNOWN_DISTANCE;
      const out = early[b] & RSP_SET ? 0 : known ? distance[b] + move : UNKNOWN_DISTANCE;
      for (let k = from[b]; k < end[b]; k++) {
        const s = list[k], comes = fresh[k] !== 0 ? 0 : out;
        const now = seen[s] === 0 || distance[s] === comes ? comes : UNKNOWN_DISTANCE;
        if (seen[s] !== 0 && now === distance[s]) continue;
        seen[s] = 1;
        distance[s] = now;
        if (rank[s] <= i) changed = true;
      }
    }
  }
  return distance;
}

/** The block that alone leads to flow one, whose end it goes on from, or -1. */
function soleWayTo(flow: VarSolver, b: number): number {
  const { fn } = flow, p = flow.preds.list[flow.preds.from[b]];
  if (flow.waysInto(b) !== 1 || isFresh(fn, p, b) || fn.blocks[p].kind === END_REENTER) return -1;
  // The replay knows no calls and returns.
  if (fn.blocks[p].returnPc !== 0) return -1;
  return fn.blocks[p].resumePc >= 0 || fn.blocks[p].pc >= 0 ? p : -1;
}

export function faultFlow(flow: VarSolver): FaultFlow {
  const stale = flow.dirtyIn, rspDistance = stackDistances(flow);
  const count = flow.fn.blocks.length, parent = scratchWords(count, -1);
  for (let b = 0; b < count; b++) if ((stale.low[b] | stale.high[b]) !== 0) parent[b] = soleWayTo(flow, b);
  return { stale, rspDistance, parent };
}

/** True if one of these blocks is marked. */
function isAny(order: Int32Array, marks: Uint8Array): boolean {
  for (let i = 0; i < order.length; i++) if (marks[order[i]] !== 0) return true;
  return false;
}
