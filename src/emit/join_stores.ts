/** What is stored before ways meet, where that saves more stores and loads than it costs. */
import { FLAG_VARS, isFresh, mayNotStore } from "./block_ends.ts";
import { END_JUMP_ARM } from "./irreducible.ts";
import { END_JUMP_SWITCHED } from "./shared_switch.ts";
import { VarSets } from "./var_sets.ts";
import type { VarSolver } from "./var_solver.ts";

/** So many ways into a block are many. */
const MANY_WAYS = 3;

/** Along how many ways each variable of a half is changed. */
const CHANGES = new Int32Array(32);

/** Rounds of moving stores before joins: each may make new differences further on; the first ones count. */
const JOIN_ROUNDS = 3;

/**
 * What is dirty before a loop and not written in it is stored before it: else the loop's way out for lack of fuel and all
 * exits behind it would each have to. True if there are loops.
 */
export function storeBeforeLoops(flow: VarSolver, read: VarSets): boolean {
  const { fn, cfg } = flow, { from, end, list } = flow.preds;
  let any = false;
  for (let i = 0; i < cfg.order.length; i++) {
    const head = cfg.order[i];
    if (cfg.loopHeader[head] === 0) continue;
    const low = flow.setInLoop.low[head], high = flow.setInLoop.high[head];
    for (let k = from[head]; k < end[head]; k++) {
      const p = list[k];
      if (cfg.rank[p] >= cfg.rank[head] || mayNotStore(fn.blocks[p].kind)) continue;
      flow.early.low[p] |= flow.dirtyOut.low[p] & ~low & (~FLAG_VARS | read.low[head]);
      flow.early.high[p] |= flow.dirtyOut.high[p] & ~high;
      any = true;
    }
  }
  return any;
}

/**
 * Where many ways meet, as before an interpreter's switch, what is dirty along one of them would be stored by every exit behind.
 * It is stored at the ends of the ways instead, if less than half of them change it, or nobody reads it any more: a variable that only
 * waits to be stored takes part in all that V8 moves about there. True if there are such blocks.
 */
export function storeWhereManyMeet(flow: VarSolver, read: VarSets, stored: VarSets): boolean {
  const { cfg: { order } } = flow, { from, end, list } = flow.preds, early = flow.early;
  const joins: number[] = [];
  for (let i = 0; i < order.length; i++) if (flow.waysInto(order[i]) >= MANY_WAYS) joins.push(order[i]);
  if (joins.length === 0) return false;
  // What each way changes is dirty along it when all of them store everything.
  const count = flow.fn.blocks.length, kept = new VarSets(count), chosen = new VarSets(count);
  kept.low.set(early.low.subarray(0, count));
  kept.high.set(early.high.subarray(0, count));
  for (const join of joins) {
    for (let k = from[join]; k < end[join]; k++) {
      if (mayStoreBefore(flow, list[k], join)) early.low[list[k]] = early.high[list[k]] = -1;
    }
  }
  flow.solveDirty();
  for (const join of joins) {
    chooseStores(
      flow,
      join,
      flow.dirtyIn.low,
      flow.set.low,
      ~read.low[join],
      stored.low[join] & ~FLAG_VARS,
      chosen.low,
    );
    if (!flow.hasVectors) continue;
    chooseStores(flow, join, flow.dirtyIn.high, flow.set.high, ~read.high[join], stored.high[join], chosen.high);
  }
  for (let b = 0; b < count; b++) {
    early.low[b] = kept.low[b] | chosen.low[b];
    early.high[b] = kept.high[b] | chosen.high[b];
  }
  return true;
}

/** In a loop without calls only a switch is worth a store each time round. */
function mayStoreBefore(flow: VarSolver, b: number, join: number): boolean {
  const { kind } = flow.fn.blocks[b];
  if (mayNotStore(kind) || isFresh(flow.fn, b, join)) return false;
  return flow.looping[b] === 0 || kind === END_JUMP_SWITCHED || kind === END_JUMP_ARM;
}

/** One half of the variables: those of `wanted` that are `unread`, or changed along less than half of the ways into a block. */
function chooseStores(
  flow: VarSolver,
  join: number,
  dirtyIn: Int32Array,
  set: Int32Array,
  unread: number,
  wanted: number,
  chosen: Int32Array,
): void {
  const { from, end, list } = flow.preds;
  CHANGES.fill(0);
  for (let k = from[join]; k < end[join]; k++) {
    const b = list[k];
    if (!mayStoreBefore(flow, b, join)) continue;
    for (let bits = (dirtyIn[b] | set[b]) & wanted & ~unread; bits !== 0; bits &= bits - 1) {
      CHANGES[31 - Math.clz32(bits & -bits)]++;
    }
  }
  let store = unread;
  for (let v = 0; v < 32; v++) if (2 * CHANGES[v] < flow.waysInto(join)) store |= 1 << v;
  for (let k = from[join]; k < end[join]; k++) {
    const b = list[k];
    if (mayStoreBefore(flow, b, join)) chosen[b] |= store & wanted & (dirtyIn[b] | set[b]);
  }
}

/**
 * A variable that is dirty along one way into a block and clean along another would have to be loaded on the clean way, only
 * for exits to store it again. Where nothing reads it any more it is stored at the end of the dirty way instead; not in
 * loops, which would do so each time round.
 */
export function storeBeforeJoins(flow: VarSolver, read: VarSets, stored: VarSets): void {
  for (let round = 0; round < JOIN_ROUNDS; round++) {
    let any = false;
    const { order } = flow.cfg;
    for (let i = 0; i < order.length; i++) {
      if (flow.waysInto(order[i]) > 1 && storeBefore(flow, order[i], read, stored)) any = true;
    }
    if (!any) return;
    flow.solveDirty();
  }
}

function storeBefore(flow: VarSolver, join: number, read: VarSets, stored: VarSets): boolean {
  const { blocks } = flow.fn, { from, end, list } = flow.preds, ways = flow.ways;
  const out = flow.dirtyOut;
  let low = -1, high = -1; // dirty along all ways
  for (let k = from[join]; k < end[join]; k++) {
    const p = list[k], fresh = isFresh(flow.fn, p, join);
    low &= fresh ? 0 : out.low[p];
    high &= fresh ? 0 : out.high[p];
  }
  let any = false;
  for (let k = from[join]; k < end[join]; k++) {
    const p = list[k];
    if ((out.low[p] | out.high[p]) === 0 || flow.looping[p] || mayNotStore(blocks[p].kind)) continue;
    let keep = low, keepHigh = high, needed = 0, neededHigh = 0;
    for (let way = ways.from[p]; way < ways.end[p]; way++) {
      const s = ways.list[way];
      keep |= read.low[s];
      keepHigh |= read.high[s];
      needed |= stored.low[s];
      neededHigh |= stored.high[s];
    }
    const store = out.low[p] & ~keep & needed, storeHigh = out.high[p] & ~keepHigh & neededHigh;
    if ((store | storeHigh) === 0) continue;
    flow.early.low[p] |= store;
    flow.early.high[p] |= storeHigh;
    any = true;
  }
  return any;
}
