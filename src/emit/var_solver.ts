/** The equations of var_flow.ts over a region's blocks, and what they are about. */
import type { IrFunction } from "../ir/function.ts";
import { comesBack, FLAG_VARS, isExit, isFresh, matters } from "./block_ends.ts";
import { type Cfg, END_LANDING } from "./cfg.ts";
import { stackMoves } from "./exact_registers.ts";
import { type BlockLists, LoopWalk, predecessors } from "./loops.ts";
import { RESULT_SET } from "./region_signature.ts";
import { scratchBytes, scratchWords } from "./scratch.ts";
import { summarise, VarSets } from "./var_sets.ts";

export class VarSolver {
  readonly set: VarSets; // written in the block
  readonly use: VarSets; // read before any write in the block
  readonly dirtyIn: VarSets;
  readonly dirtyOut: VarSets;
  readonly early: VarSets;
  readonly parked: VarSets;
  /** Nothing, in any block. */
  readonly none: VarSets;
  readonly preds: BlockLists;
  /** Edges from each block, those to blocks that start with nothing in locals, too: these are `fresh`. */
  readonly ways: BlockLists;
  readonly fresh: Uint8Array;
  /** Along each edge, the variables that are in locals behind it if they are before it, or that a call has given. */
  readonly carried: VarSets;
  /** What blocks do to rsp, and 1 for those that make rbp a frame pointer. */
  readonly rspMoves: Int32Array;
  readonly framePointer: Uint8Array;
  /** 1 for blocks in loops without calls. */
  readonly looping: Uint8Array;
  /** What is written in the loops of heads. */
  readonly setInLoop: VarSets;
  /** Some vector register is a variable. Else all sets of those from 32 on are empty. */
  readonly hasVectors: boolean;

  constructor(readonly fn: IrFunction, readonly cfg: Cfg) {
    const n = fn.blocks.length, { order } = cfg;
    const make = () => new VarSets(n);
    [this.set, this.use, this.dirtyIn, this.dirtyOut] = [make(), make(), make(), make()];
    [this.early, this.parked, this.setInLoop, this.none] = [make(), make(), make(), make()];
    this.preds = predecessors(fn, cfg);
    this.looping = scratchBytes(n);
    this.rspMoves = scratchWords(n);
    this.framePointer = scratchBytes(n);
    let vectors = 0, edges = 0;
    for (let b = 0; b < n; b++) stackMoves(fn, b, this.rspMoves, this.framePointer);
    for (let i = 0; i < order.length; i++) {
      const b = order[i];
      summarise(fn, b, this.set, this.use);
      vectors |= this.set.high[b] | this.use.high[b];
      edges += fn.blocks[b].succ.length;
    }
    this.hasVectors = vectors !== 0;
    this.ways = { from: scratchWords(n), end: scratchWords(n), list: scratchWords(edges) };
    this.fresh = scratchBytes(edges);
    this.carried = new VarSets(edges);
    this.#findWays();
  }

  #findWays(): void {
    const { fn, cfg: { order }, carried } = this, { from, end, list } = this.ways;
    for (let i = 0, at = 0; i < order.length; i++) {
      const b = order[i], { succ } = fn.blocks[b];
      from[b] = at;
      for (let k = 0; k < succ.length; k++, at++) {
        list[at] = succ[k];
        const isIn = !isFresh(fn, b, succ[k]);
        this.fresh[at] = isIn ? 0 : 1;
        carried.low[at] = isIn ? -1 : fn.blocks[b].kind === END_LANDING ? RESULT_SET : 0;
        carried.high[at] = isIn ? -1 : 0;
      }
      end[b] = at;
    }
  }

  findLoops(): void {
    const { fn, cfg: { order, loopHeader } } = this;
    let walk: LoopWalk | null = null;
    for (let i = 0; i < order.length; i++) {
      const head = order[i];
      if (loopHeader[head] === 0) continue;
      walk ??= new LoopWalk(fn, this.cfg, this.preds);
      const count = walk.walk(head), { blocks } = walk;
      let low = 0, high = 0, leaves = false;
      for (let k = 0; k < count; k++) {
        low |= this.set.low[blocks[k]];
        high |= this.set.high[blocks[k]];
        leaves ||= comesBack(fn.blocks[blocks[k]].kind);
      }
      this.setInLoop.low[head] = low;
      this.setInLoop.high[head] = high;
      if (leaves) continue;
      for (let k = 0; k < count; k++) this.looping[blocks[k]] = 1;
    }
  }

  solveDirty(): void {
    const set = this.set, early = this.early, into = this.dirtyIn, out = this.dirtyOut;
    this.#solveDirtyHalf(set.low, early.low, into.low, out.low);
    if (this.hasVectors) this.#solveDirtyHalf(set.high, early.high, into.high, out.high);
  }

  /** Edges forward are done with in the round that they change in: only others make one more. */
  #solveDirtyHalf(set: Int32Array, early: Int32Array, into: Int32Array, out: Int32Array): void {
    const { order, rank } = this.cfg, { from, end, list } = this.ways, fresh = this.fresh;
    into.fill(0, 0, this.fn.blocks.length);
    for (let changed = true; changed;) {
      changed = false;
      for (let i = 0; i < order.length; i++) {
        const b = order[i];
        const dirty = out[b] = (into[b] | set[b]) & ~early[b];
        if (dirty === 0) continue;
        for (let k = from[b]; k < end[b]; k++) {
          if (fresh[k] !== 0) continue;
          const s = list[k];
          if ((dirty & ~into[s]) === 0) continue;
          into[s] |= dirty;
          if (rank[s] <= i) changed = true;
        }
      }
    }
  }

  /**
   * Backward: variables to which, from the start of a block on, something happens before they are written: at the start of a
   * block (`atStart`) or at its end. Nothing is carried across calls but what they give back, and to a block not what it loads
   * itself (`late`).
   */
  solveAhead(atEnd: VarSets, atStart: VarSets, late = this.none): VarSets {
    const { set, parked, carried } = this, into = new VarSets(this.fn.blocks.length);
    this.#solveAheadHalf(atEnd.low, atStart.low, set.low, parked.low, late.low, carried.low, into.low);
    if (this.hasVectors) {
      this.#solveAheadHalf(atEnd.high, atStart.high, set.high, parked.high, late.high, carried.high, into.high);
    }
    return into;
  }

  #solveAheadHalf(
    atEnd: Int32Array,
    atStart: Int32Array,
    set: Int32Array,
    parked: Int32Array,
    late: Int32Array,
    carried: Int32Array,
    into: Int32Array,
  ): void {
    const { order, loopHeader } = this.cfg, { from, end, list } = this.ways;
    for (let changed = true; changed;) {
      changed = false;
      for (let i = order.length - 1; i >= 0; i--) {
        const b = order[i];
        let ahead = 0;
        for (let k = from[b]; k < end[b]; k++) ahead |= into[list[k]] & carried[k];
        ahead = (atStart[b] | (((ahead & ~parked[b]) | atEnd[b]) & ~set[b])) & ~late[b];
        if (ahead === into[b]) continue;
        into[b] = ahead;
        // Others than edges back have not been looked at in this round.
        if (loopHeader[b] !== 0) changed = true;
      }
    }
  }

  waysInto(b: number): number {
    return this.preds.end[b] - this.preds.from[b];
  }

  /** All variables that exits would store, were they dirty. */
  atExits(): VarSets {
    const sets = new VarSets(this.fn.blocks.length);
    for (const b of this.cfg.order) {
      if (!isExit(this.fn.blocks[b])) continue;
      sets.low[b] = matters(this.fn, this.fn.blocks[b].kind);
      sets.high[b] = -1;
    }
    return sets;
  }

  /**
   * All variables but flags that are stored where a task stops for lack of fuel, were they dirty: those that are read, or stored at
   * the end of a block (`atEnd`), before they are written again. Who looks at faults wants the others, too.
   */
  atFuel(atEnd: VarSets): VarSets {
    const { fn, cfg: { order, fuel } } = this, sets = new VarSets(fn.blocks.length);
    if (!order.some((b) => fuel[b] !== 0)) return sets;
    const needed = fn.exactFaults ? null : this.solveAhead(atEnd, this.use);
    for (const b of order) {
      if (fuel[b] === 0) continue;
      sets.low[b] = ~FLAG_VARS & (needed === null ? -1 : needed.low[b]);
      sets.high[b] = needed === null ? -1 : needed.high[b];
    }
    return sets;
  }
}
