/** The shape of a region's control flow: reverse postorder, dominators, which blocks need a label. */
import { type IrFunction } from "../ir/function.ts";
import { END_SELECT, makeReducible } from "./irreducible.ts";
import { scratchBytes, scratchWords } from "./scratch.ts";
import { END_SWITCH_SHARED } from "./shared_switch.ts";

/**
 * An end of blocks made in reentry.ts: to succ[0], or on the way to the block whose number the function was called with: succ[i]
 * leads to the numbers from pcs[i] on, up to `index` at most. pcs[0] is the number of the gate's own loop.
 */
export const END_REENTER = 66;

/**
 * An end of blocks made in reentry.ts, which have nothing else: to succ[0], loading what it needs. Calls and system calls come
 * back there, and gates lead there.
 */
export const END_LANDING = 67;

export interface Cfg {
  /** Reachable blocks in reverse postorder. */
  order: Int32Array;
  /** Position in `order`, -1 when unreachable. */
  rank: Int32Array;
  /** Immediate dominator (a block number); the entry's is itself. */
  idom: Int32Array;
  /** Children in the dominator tree, against reverse postorder: the first of a block, and the next after each; -1 ends. */
  lastChild: Int32Array;
  previousChild: Int32Array;
  /** 1 when a back edge leads here. */
  loopHeader: Uint8Array;
  /** 1 where a loop asks for fuel: at its head, or behind the switch or gate that it has for a head. */
  fuel: Uint8Array;
  /** 1 when two or more forward edges lead here: needs a wasm block to branch out of. */
  merge: Uint8Array;
}

/** True if a dominates b. */
export function dominates(cfg: Cfg, a: number, b: number): boolean {
  while (cfg.rank[b] > cfg.rank[a]) b = cfg.idom[b];
  return a === b;
}

/** Analyses the region, in scratch memory; rewrites it first if it has loops with several entries. */
export function analyseCfg(fn: IrFunction): Cfg {
  const cfg = analyse(fn);
  if (isReducible(fn, cfg)) return cfg;
  makeReducible(fn, cfg);
  return analyse(fn);
}

/** True if every retreating edge leads to a block that dominates its source. */
function isReducible(fn: IrFunction, cfg: Cfg): boolean {
  const { order, rank } = cfg;
  for (let i = 0; i < order.length; i++) {
    const b = order[i], { succ } = fn.blocks[b];
    for (let k = 0; k < succ.length; k++) if (rank[succ[k]] <= i && !dominates(cfg, succ[k], b)) return false;
  }
  return true;
}

function analyse(fn: IrFunction): Cfg {
  const n = fn.blocks.length;
  const order = reversePostorder(fn);
  const rank = scratchWords(n, -1);
  for (let i = 0; i < order.length; i++) rank[order[i]] = i;
  const idom = dominators(fn, order, rank);
  const lastChild = scratchWords(n, -1), previousChild = scratchWords(n, -1);
  for (let i = 1; i < order.length; i++) {
    const b = order[i], parent = idom[b];
    previousChild[b] = lastChild[parent];
    lastChild[parent] = b;
  }
  const cfg: Cfg = {
    order,
    rank,
    idom,
    lastChild,
    previousChild,
    loopHeader: scratchBytes(n),
    fuel: scratchBytes(n),
    merge: scratchBytes(n),
  };
  const forwardEdges = scratchWords(n);
  for (let i = 0; i < order.length; i++) {
    const b = order[i], { succ } = fn.blocks[b];
    // Two edges to one block from a single branch are one edge for dominance, but both need the label.
    for (let k = 0; k < succ.length; k++) {
      const s = succ[k];
      if (rank[s] > i) forwardEdges[s]++;
      else if (cfg.loopHeader[s] === 0 && dominates(cfg, s, b)) cfg.loopHeader[s] = 1;
    }
  }
  for (let i = 0; i < order.length; i++) {
    const b = order[i], block = fn.blocks[b];
    if (forwardEdges[b] > 1) cfg.merge[b] = 1;
    if (cfg.loopHeader[b] === 0) continue;
    // A gate is the head in place of the block behind it.
    const head = block.kind === END_REENTER ? block.succ[0] : b;
    askForFuel(fn, head, cfg.fuel);
  }
  return cfg;
}

/** At the head of a loop, or behind it: at all blocks with an address that switches lead to from there. */
function askForFuel(fn: IrFunction, head: number, fuel: Uint8Array): void {
  const { kind, pc, succ } = fn.blocks[head];
  if (pc >= 0) fuel[head] = 1;
  else if (kind === END_SELECT || kind === END_SWITCH_SHARED) {
    for (const s of succ) if (fuel[s] === 0) askForFuel(fn, s, fuel);
  }
}

function reversePostorder(fn: IrFunction): Int32Array {
  const n = fn.blocks.length;
  const seen = scratchBytes(n), order = scratchWords(n), stack = scratchWords(n);
  // Successors of a block that have been gone to.
  const gone = scratchWords(n);
  let first = n, depth = 1;
  seen[0] = 1;
  stack[0] = 0;
  while (depth > 0) {
    const b = stack[depth - 1];
    const { succ } = fn.blocks[b];
    // Last successor first: the first one (a branch's taken side) then comes right after its block.
    const k = succ.length - 1 - gone[b];
    if (k < 0) {
      order[--first] = b;
      depth--;
      continue;
    }
    gone[b]++;
    const s = succ[k];
    if (seen[s] === 0) {
      seen[s] = 1;
      stack[depth++] = s;
    }
  }
  return order.subarray(first, n);
}

/** Cooper, Harvey, Kennedy: "A Simple, Fast Dominance Algorithm" (2001). */
function dominators(fn: IrFunction, order: Int32Array, rank: Int32Array): Int32Array {
  const n = fn.blocks.length;
  // Predecessors of block b are preds[from[b]] to preds[from[b + 1]].
  const from = scratchWords(n + 2);
  for (let i = 0; i < order.length; i++) {
    const { succ } = fn.blocks[order[i]];
    for (let k = 0; k < succ.length; k++) from[succ[k] + 2]++;
  }
  for (let b = 2; b < n + 2; b++) from[b] += from[b - 1];
  const preds = scratchWords(from[n + 1]);
  for (let i = 0; i < order.length; i++) {
    const b = order[i], { succ } = fn.blocks[b];
    for (let k = 0; k < succ.length; k++) preds[from[succ[k] + 1]++] = b;
  }
  const idom = scratchWords(n, -1);
  idom[order[0]] = order[0];
  let hasBackEdges = false;
  for (let changed = true; changed;) {
    changed = false;
    for (let i = 1; i < order.length; i++) {
      const b = order[i];
      let d = -1;
      for (let k = from[b]; k < from[b + 1]; k++) {
        const p = preds[k];
        if (idom[p] < 0) {
          // An edge back, which may count in the next round.
          hasBackEdges = true;
          continue;
        }
        d = d < 0 ? p : meet(rank, idom, p, d);
      }
      if (idom[b] !== d) {
        idom[b] = d;
        changed = true;
      }
    }
    if (!hasBackEdges) break;
  }
  return idom;
}

/** The closest block that dominates both. */
function meet(rank: Int32Array, idom: Int32Array, a: number, b: number): number {
  while (a !== b) {
    while (rank[a] > rank[b]) a = idom[a];
    while (rank[b] > rank[a]) b = idom[b];
  }
  return a;
}
