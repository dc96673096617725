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
  END_RETURN,
  END_SWITCH_PC,
  END_SYSCALL,
  type IrBlock,
  type IrFunction,
} from "../ir/function.ts";
import { HELPERS } from "../ir/helpers.ts";
import { OP } from "../ir/ops.ts";
import { VAR_FLAGS } from "../ir/variables.ts";
import type { Cfg } from "./cfg.ts";

export interface VarFlow {
  /** Per block: dirty at its start. */
  dirtyIn: Int32Array;
  dirtyInHigh: Int32Array;
  /** Stored where the block leaves the region. */
  spill: Int32Array;
  spillHigh: Int32Array;
  /** Stored at the end of the block, before control goes on inside the region. */
  early: Int32Array;
  earlyHigh: Int32Array;
  /** Live at its start. */
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
function isExit(block: IrBlock): boolean {
  return block.succ.length === 0 || startsFresh(block.kind) || block.kind === END_SWITCH_PC;
}

/** Variables whose value may matter where a block leaves the region: flags are undefined across calls and returns. */
function matters(kind: number): number {
  return kind === END_CALL || kind === END_CALL_INDIRECT || kind === END_RETURN ? ~FLAG_VARS : -1;
}

const FLAG_VARS = 63 << VAR_FLAGS;

/** Solves the flow over the reachable blocks. */
export function solveVarFlow(fn: IrFunction, cfg: Cfg): VarFlow {
  const { order } = cfg;
  const n = fn.blocks.length;
  const make = () => new Int32Array(n);
  const set = make(), setHigh = make(); // written in the block
  const use = make(), useHigh = make(); // read before any write in the block
  for (const b of order) summarise(fn, b, set, setHigh, use, useHigh);

  const dirtyIn = make(), dirtyInHigh = make(), dirtyOut = make(), dirtyOutHigh = make();
  const early = make(), earlyHigh = make();
  solveDirty();

  const liveIn = make(), liveInHigh = make(), spill = make(), spillHigh = make();
  for (const b of order) {
    const block = fn.blocks[b];
    spill[b] = dirtyOut[b] & matters(block.kind);
    spillHigh[b] = dirtyOutHigh[b];
  }
  for (let changed = true; changed;) {
    changed = false;
    for (let i = order.length - 1; i >= 0; i--) {
      const b = order[i];
      const block = fn.blocks[b];
      let out = early[b], outHigh = earlyHigh[b];
      if (isExit(block)) {
        out |= spill[b];
        outHigh |= spillHigh[b];
      }
      if (!startsFresh(block.kind)) {
        for (const s of block.succ) {
          out |= liveIn[s];
          outHigh |= liveInHigh[s];
        }
      }
      let live = use[b] | (out & ~set[b]), liveHigh = useHigh[b] | (outHigh & ~setHigh[b]);
      if (cfg.fuel[b]) {
        live |= dirtyIn[b];
        liveHigh |= dirtyInHigh[b];
      }
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
  return { dirtyIn, dirtyInHigh, spill, spillHigh, early, earlyHigh, liveIn, liveInHigh, used, usedHigh };

  function solveDirty(): void {
    dirtyIn.fill(0);
    dirtyInHigh.fill(0);
    for (let changed = true; changed;) {
      changed = false;
      for (const b of order) {
        const block = fn.blocks[b];
        const out = (dirtyIn[b] | set[b]) & ~early[b], outHigh = (dirtyInHigh[b] | setHigh[b]) & ~earlyHigh[b];
        dirtyOut[b] = out;
        dirtyOutHigh[b] = outHigh;
        if (startsFresh(block.kind)) continue;
        for (const s of block.succ) {
          if ((dirtyIn[s] | out) !== dirtyIn[s] || (dirtyInHigh[s] | outHigh) !== dirtyInHigh[s]) {
            dirtyIn[s] |= out;
            dirtyInHigh[s] |= outHigh;
            changed = true;
          }
        }
      }
    }
  }
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
