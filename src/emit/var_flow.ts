/**
 * Which state variables a region keeps in locals where: solved once over the blocks of a region.
 *
 * `dirty` (forward, may): the local may differ from its home in the state block, so an exit must store it.
 * `live` (backward): the local's value matters: it is read, or may be stored by an exit that finds it dirty. What is live at the
 * entry or after a call is loaded there. A call or syscall is an exit and a fresh start at once: everything dirty is stored
 * before it, everything live is loaded after it.
 *
 * Sets are pairs of 32-bit masks: low for variables 0..31 (general registers, flags), high for 32..47 (xmm).
 */
import {
  END_CALL,
  END_CALL_INDIRECT,
  END_SWITCH_PC,
  END_SYSCALL,
  type IrBlock,
  type IrFunction,
} from "../ir/function.ts";
import { HELPERS } from "../ir/helpers.ts";
import { OP } from "../ir/ops.ts";
import { type Cfg, dominates } from "./cfg.ts";

export interface VarFlow {
  /** Per block: dirty at its start and end, live at its start. */
  dirtyIn: Int32Array;
  dirtyInHigh: Int32Array;
  dirtyOut: Int32Array;
  dirtyOutHigh: Int32Array;
  liveIn: Int32Array;
  liveInHigh: Int32Array;
  /** Variables that need a local at all. */
  used: number;
  usedHigh: number;
}

/** True for ends after which the successor starts with nothing in locals. */
export function startsFresh(kind: number): boolean {
  return kind === END_CALL || kind === END_CALL_INDIRECT || kind === END_SYSCALL;
}

/** True for ends that leave the region (or may): dirty variables are stored there. */
export function isExit(block: IrBlock): boolean {
  return block.succ.length === 0 || startsFresh(block.kind) || block.kind === END_SWITCH_PC;
}

const EDGE_NEVER = 0, EDGE_MAYBE = 1, EDGE_ALWAYS = 2;

/** Whether the region may be left along an edge: for lack of fuel on a back edge, always on a cut (irreducible) one. */
function leavesOnEdge(fn: IrFunction, cfg: Cfg, from: number, to: number): number {
  if (cfg.rank[to] > cfg.rank[from]) return EDGE_NEVER;
  if (!dominates(cfg, to, from)) return EDGE_ALWAYS;
  return fn.blocks[to].pc >= 0 ? EDGE_MAYBE : EDGE_NEVER;
}

/** Solves the flow over the reachable blocks. */
export function solveVarFlow(fn: IrFunction, cfg: Cfg): VarFlow {
  const { order } = cfg;
  const n = fn.blocks.length;
  const set = new Int32Array(n), setHigh = new Int32Array(n); // written in the block
  const use = new Int32Array(n), useHigh = new Int32Array(n); // read before any write in the block
  for (const b of order) summarise(fn, b, set, setHigh, use, useHigh);

  const dirtyIn = new Int32Array(n), dirtyInHigh = new Int32Array(n);
  const dirtyOut = new Int32Array(n), dirtyOutHigh = new Int32Array(n);
  for (let changed = true; changed;) {
    changed = false;
    for (const b of order) {
      const block = fn.blocks[b];
      const out = dirtyIn[b] | set[b], outHigh = dirtyInHigh[b] | setHigh[b];
      dirtyOut[b] = out;
      dirtyOutHigh[b] = outHigh;
      if (startsFresh(block.kind)) continue;
      for (const s of block.succ) {
        if (leavesOnEdge(fn, cfg, b, s) === EDGE_ALWAYS) continue;
        if ((dirtyIn[s] | out) !== dirtyIn[s] || (dirtyInHigh[s] | outHigh) !== dirtyInHigh[s]) {
          dirtyIn[s] |= out;
          dirtyInHigh[s] |= outHigh;
          changed = true;
        }
      }
    }
  }

  const liveIn = new Int32Array(n), liveInHigh = new Int32Array(n);
  for (let changed = true; changed;) {
    changed = false;
    for (let i = order.length - 1; i >= 0; i--) {
      const b = order[i];
      const block = fn.blocks[b];
      let out = 0, outHigh = 0;
      if (isExit(block)) {
        out = dirtyOut[b];
        outHigh = dirtyOutHigh[b];
      }
      if (!startsFresh(block.kind)) {
        for (const s of block.succ) {
          const leaves = leavesOnEdge(fn, cfg, b, s);
          if (leaves !== EDGE_NEVER) {
            out |= dirtyOut[b];
            outHigh |= dirtyOutHigh[b];
          }
          if (leaves === EDGE_ALWAYS) continue;
          out |= liveIn[s];
          outHigh |= liveInHigh[s];
        }
      }
      const live = use[b] | (out & ~set[b]), liveHigh = useHigh[b] | (outHigh & ~setHigh[b]);
      if (live !== liveIn[b] || liveHigh !== liveInHigh[b]) {
        liveIn[b] = live;
        liveInHigh[b] = liveHigh;
        changed = true;
      }
    }
  }
  let used = 0, usedHigh = 0;
  for (const b of order) {
    used |= set[b] | use[b] | liveIn[b];
    usedHigh |= setHigh[b] | useHigh[b] | liveInHigh[b];
  }
  return { dirtyIn, dirtyInHigh, dirtyOut, dirtyOutHigh, liveIn, liveInHigh, used, usedHigh };
}

function summarise(
  fn: IrFunction,
  b: number,
  set: Int32Array,
  setHigh: Int32Array,
  use: Int32Array,
  useHigh: Int32Array,
): void {
  const { first, end } = fn.blocks[b];
  let s = 0, sHigh = 0, u = 0, uHigh = 0;
  const read = (v: number) => {
    if (v < 32) u |= ~s & (1 << v);
    else uHigh |= ~sHigh & (1 << (v - 32));
  };
  const write = (v: number) => {
    if (v < 32) s |= 1 << v;
    else sHigh |= 1 << (v - 32);
  };
  for (let i = first; i < end; i++) {
    const op = fn.op[i];
    if (op === OP.getvar) read(fn.a[i]);
    else if (op === OP.setvar) write(fn.a[i]);
    else if (op === OP.helper) {
      for (const v of HELPERS[fn.a[i]].reads) read(v);
      for (const v of HELPERS[fn.a[i]].writes) write(v);
    }
  }
  set[b] = s;
  setHigh[b] = sHigh;
  use[b] = u;
  useHigh[b] = uHigh;
}
