/**
 * Which state variables a region keeps in locals where: solved once over the blocks of a region.
 *
 * `dirty` (forward, may): the local may differ from its home in the state block, so an exit must store it.
 * `live` (backward): the local's value matters: it is read, or may be stored by an exit that finds it dirty. What is live at the
 * entry or after a call is loaded there. A call or syscall is an exit and a fresh start at once: everything dirty is stored
 * before it, everything live is loaded after it.
 * `early`: stored at the end of a block already, where that saves more stores and loads than it costs.
 *
 * Sets are pairs of 32-bit masks: low for variables 0..31 (general registers, flags), high for 32..63 (xmm,
 * upper halves of ymm).
 */
import type { IrFunction } from "../ir/function.ts";
import { HELPERS } from "../ir/helpers.ts";
import { OP } from "../ir/ops.ts";
import { comesBack, FLAG_VARS, isExit, isFresh, matters, mayNotStore } from "./block_ends.ts";
import { type Cfg, END_REENTER } from "./cfg.ts";
import {
  faultingBlocks,
  GENERAL_SET,
  isInside,
  memoryUse,
  RBP_SET,
  RSP_SET,
  stackMoves,
  UNKNOWN_DISTANCE,
} from "./exact_registers.ts";
import { END_JUMP_ARM } from "./irreducible.ts";
import { type BlockLists, LoopWalk, predecessors } from "./loops.ts";
import { scratchBytes, scratchWords } from "./scratch.ts";
import { END_JUMP_SWITCHED } from "./shared_switch.ts";

/** A set of variables for each block. */
export class VarSets {
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** In scratch memory: for one region. */
  constructor(blocks: number) {
    this.low = scratchWords(blocks);
    this.high = scratchWords(blocks);
  }
}

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
  /** Stored where the block is left at its start, for lack of fuel. */
  fuel: VarSets;
  /** Stored where the block leaves the region. */
  spill: VarSets;
  /** Stored at the end of the block, before control goes on inside the region. */
  early: VarSets;
  /** Live at its start. */
  liveIn: VarSets;
  /** What the state block tells of the registers. */
  faults: FaultFlow;
  /** How far a block moves rsp down at most, by a constant: about the size of the frame. */
  frameBytes: number;
  /** Variables that need a local at all. */
  used: number;
  usedHigh: number;
}

/** So many ways into a block are many. */
const MANY_WAYS = 3;

/** Along how many ways each variable of a half is changed. */
const CHANGES = new Int32Array(32);

/** Rounds of moving stores before joins: each may make new differences further on; the first ones count. */
const JOIN_ROUNDS = 3;

/** Rounds of storing rsp where ways with different distances meet. */
const FAULT_ROUNDS = 4;

/** Solves the flow over the reachable blocks. */
export function solveVarFlow(fn: IrFunction, cfg: Cfg): VarFlow {
  return new Solver(fn, cfg).solve();
}

class Solver {
  readonly #set: VarSets; // written in the block
  readonly #use: VarSets; // read before any write in the block
  readonly #dirtyIn: VarSets;
  readonly #dirtyOut: VarSets;
  readonly #early: VarSets;
  readonly #spill: VarSets;
  readonly #fuel: VarSets;
  readonly #preds: BlockLists;
  /** Edges from each block, those to blocks that start with nothing in locals, too: these are `fresh`. */
  readonly #ways: BlockLists;
  readonly #fresh: Uint8Array;
  /** What blocks do to rsp, and 1 for those that make rbp a frame pointer. */
  readonly #rspMoves: Int32Array;
  readonly #framePointer: Uint8Array;
  /** 1 for blocks in loops without calls. */
  readonly #looping: Uint8Array;
  /** What is written in the loops of heads. */
  readonly #setInLoop: VarSets;
  /** Some vector register is a variable. Else all sets of those from 32 on are empty. */
  readonly #hasVectors: boolean;

  constructor(readonly fn: IrFunction, readonly cfg: Cfg) {
    const n = fn.blocks.length, { order } = cfg;
    const make = () => new VarSets(n);
    [this.#set, this.#use, this.#dirtyIn, this.#dirtyOut] = [make(), make(), make(), make()];
    [this.#early, this.#spill, this.#fuel, this.#setInLoop] = [make(), make(), make(), make()];
    this.#preds = predecessors(fn, cfg);
    this.#looping = scratchBytes(n);
    this.#rspMoves = scratchWords(n);
    this.#framePointer = scratchBytes(n);
    let vectors = 0, edges = 0;
    for (let b = 0; b < n; b++) stackMoves(fn, b, this.#rspMoves, this.#framePointer);
    for (let i = 0; i < order.length; i++) {
      const b = order[i];
      summarise(fn, b, this.#set, this.#use);
      vectors |= this.#set.high[b] | this.#use.high[b];
      edges += fn.blocks[b].succ.length;
    }
    this.#hasVectors = vectors !== 0;
    this.#ways = { from: scratchWords(n), end: scratchWords(n), list: scratchWords(edges) };
    this.#fresh = scratchBytes(edges);
    this.#findWays();
  }

  #findWays(): void {
    const { fn, cfg: { order } } = this, { from, end, list } = this.#ways;
    for (let i = 0, at = 0; i < order.length; i++) {
      const b = order[i], { succ } = fn.blocks[b];
      from[b] = at;
      for (let k = 0; k < succ.length; k++, at++) {
        list[at] = succ[k];
        this.#fresh[at] = isFresh(fn, b, succ[k]) ? 1 : 0;
      }
      end[b] = at;
    }
  }

  solve(): VarFlow {
    const { fn, cfg } = this;
    const none = new VarSets(fn.blocks.length);
    this.#findLoops();
    this.#solveDirty();
    const read = this.#solveAhead(none, this.#use);
    if (this.#storeBeforeLoops(read)) this.#solveDirty();
    const stored = this.#solveAhead(this.#atExits(), this.#atFuel());
    if (this.#storeWhereManyMeet(read, stored)) this.#solveDirty();
    this.#storeForFaults();
    this.#storeBeforeJoins(read, stored);
    this.#storeOnce();
    for (const b of cfg.order) {
      if (cfg.fuel[b]) {
        // Who goes on here later reads the flags that are read here.
        this.#fuel.low[b] = this.#dirtyIn.low[b] & (~FLAG_VARS | read.low[b]);
        this.#fuel.high[b] = this.#dirtyIn.high[b];
      }
      if (!isExit(fn.blocks[b])) continue;
      this.#spill.low[b] = this.#dirtyOut.low[b] & matters(fn, fn.blocks[b].kind);
      this.#spill.high[b] = this.#dirtyOut.high[b];
    }
    const atEnd = new VarSets(fn.blocks.length), atStart = new VarSets(fn.blocks.length);
    let used = 0, usedHigh = 0;
    for (const b of cfg.order) {
      atEnd.low[b] = this.#spill.low[b] | this.#early.low[b];
      atEnd.high[b] = this.#spill.high[b] | this.#early.high[b];
      atStart.low[b] = this.#use.low[b] | this.#fuel.low[b];
      atStart.high[b] = this.#use.high[b] | this.#fuel.high[b];
    }
    const liveIn = this.#solveAhead(atEnd, atStart);
    for (const b of cfg.order) {
      used |= this.#set.low[b] | liveIn.low[b];
      usedHigh |= this.#set.high[b] | liveIn.high[b];
    }
    return {
      fuel: this.#fuel,
      spill: this.#spill,
      early: this.#early,
      liveIn,
      faults: this.#faultFlow(),
      frameBytes: this.#frameBytes(),
      used,
      usedHigh,
    };
  }

  #frameBytes(): number {
    let most = 0;
    for (let b = 0; b < this.fn.blocks.length; b++) {
      const rsp = this.#rspMoves[b];
      if (rsp !== UNKNOWN_DISTANCE && -rsp > most) most = -rsp;
    }
    return most;
  }

  #faultFlow(): FaultFlow {
    const stale = this.#dirtyIn, rspDistance = this.#stackDistances();
    const count = this.fn.blocks.length, parent = scratchWords(count, -1);
    for (let b = 0; b < count; b++) if ((stale.low[b] | stale.high[b]) !== 0) parent[b] = this.#soleWayTo(b);
    return { stale, rspDistance, parent };
  }

  #solveDirty(): void {
    const set = this.#set, early = this.#early, into = this.#dirtyIn, out = this.#dirtyOut;
    this.#solveDirtyHalf(set.low, early.low, into.low, out.low);
    if (this.#hasVectors) this.#solveDirtyHalf(set.high, early.high, into.high, out.high);
  }

  /** Edges forward are done with in the round that they change in: only others make one more. */
  #solveDirtyHalf(set: Int32Array, early: Int32Array, into: Int32Array, out: Int32Array): void {
    const { order, rank } = this.cfg, { from, end, list } = this.#ways, fresh = this.#fresh;
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
   * block (`atStart`) or at its end. Nothing is carried across calls.
   */
  #solveAhead(atEnd: VarSets, atStart: VarSets): VarSets {
    const set = this.#set, into = new VarSets(this.fn.blocks.length);
    this.#solveAheadHalf(atEnd.low, atStart.low, set.low, into.low);
    if (this.#hasVectors) this.#solveAheadHalf(atEnd.high, atStart.high, set.high, into.high);
    return into;
  }

  #solveAheadHalf(atEnd: Int32Array, atStart: Int32Array, set: Int32Array, into: Int32Array): void {
    const { order, loopHeader } = this.cfg, { from, end, list } = this.#ways, fresh = this.#fresh;
    for (let changed = true; changed;) {
      changed = false;
      for (let i = order.length - 1; i >= 0; i--) {
        const b = order[i];
        let ahead = atEnd[b];
        for (let k = from[b]; k < end[b]; k++) if (fresh[k] === 0) ahead |= into[list[k]];
        ahead = atStart[b] | (ahead & ~set[b]);
        if (ahead === into[b]) continue;
        into[b] = ahead;
        // Others than edges back have not been looked at in this round.
        if (loopHeader[b] !== 0) changed = true;
      }
    }
  }

  /** Stores at the ends of blocks what a fault further on could not tell otherwise (exact_registers.ts). */
  #storeForFaults(): void {
    const { fn, cfg: { order } } = this;
    const faulting = faultingBlocks(fn, order);
    if (!isAny(order, faulting)) return;
    if (fn.exactFaults) return this.#storeAllForFaults(faulting);
    const shown = this.#shownAt(faulting);
    const early = this.#early.low;
    let isMore = false;
    for (let i = 0; i < order.length; i++) {
      const b = order[i], { kind, succ } = fn.blocks[b];
      if (mayNotStore(kind)) continue;
      const before = early[b];
      for (let k = 0; k < succ.length; k++) {
        const s = succ[k];
        if (this.#framePointer[b] && shown[s] & RBP_SET) early[b] |= RBP_SET;
        if (faulting[s] && this.#waysInto(s) > 1 && isInside(fn, fn.blocks[s])) {
          early[b] |= this.#dirtyOut.low[b] & GENERAL_SET;
        }
      }
      if (early[b] !== before) isMore = true;
    }
    if (isMore) this.#solveDirty();
    // Each store makes distances known, and perhaps others that meet them unknown.
    for (let round = 0; round < FAULT_ROUNDS; round++) {
      const distance = this.#stackDistances();
      let any = false;
      for (let i = 0; i < order.length; i++) {
        const b = order[i];
        if (distance[b] === UNKNOWN_DISTANCE && shown[b] & RSP_SET && this.#storeRspBefore(b)) any = true;
      }
      if (!any) return;
      this.#solveDirty();
    }
  }

  /** Stores rsp at the ends of the blocks that lead to one, where it may be; false if there is none. */
  #storeRspBefore(b: number): boolean {
    const { fn } = this, { from, end, list } = this.#preds;
    let any = false;
    for (let k = from[b]; k < end[b]; k++) {
      const p = list[k], store = this.#dirtyOut.low[p] & RSP_SET;
      if (store === 0 || mayNotStore(fn.blocks[p].kind) || isFresh(fn, p, b)) continue;
      this.#early.low[p] |= store;
      any = true;
    }
    return any;
  }

  #waysInto(b: number): number {
    return this.#preds.end[b] - this.#preds.from[b];
  }

  /** Stores everything where a fault further on could not tell it otherwise. */
  #storeAllForFaults(faulting: Uint8Array): void {
    const { fn, cfg: { order } } = this;
    const ahead = this.#faultsAhead(faulting);
    // 1 where memory was loaded from since everything was stored.
    const loaded = scratchBytes(fn.blocks.length);
    for (const b of order) {
      const { kind, succ } = fn.blocks[b], { loads, stores } = memoryUse(fn, fn.blocks[b]);
      const p = this.#preds.list[this.#preds.from[b]];
      if (this.#waysInto(b) === 1 && !isFresh(fn, p, b)) loaded[b] = loaded[p];
      if (loads) loaded[b] = 1;
      if (mayNotStore(kind) || !succ.some((s) => ahead[s])) continue;
      if (!(stores && loaded[b]) && !succ.some((s) => ahead[s] && this.#waysInto(s) > 1)) continue;
      this.#early.low[b] |= this.#dirtyOut.low[b];
      this.#early.high[b] |= this.#dirtyOut.high[b];
      loaded[b] = 0;
    }
    this.#solveDirty();
  }

  /** 1 for blocks from whose start on a fault may come before registers are loaded afresh. */
  #faultsAhead(faulting: Uint8Array): Uint8Array {
    const { fn, cfg: { order } } = this, ahead = faulting.slice(0, fn.blocks.length);
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
  #shownAt(faulting: Uint8Array): Int32Array {
    const { order, loopHeader } = this.cfg, { from, end, list } = this.#ways, fresh = this.#fresh;
    const set = this.#set.low, moves = this.#rspMoves;
    const shown = scratchWords(this.fn.blocks.length);
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
  #stackDistances(): Int32Array {
    const { order, rank } = this.cfg, { from, end, list } = this.#ways, fresh = this.#fresh;
    const early = this.#early.low, moves = this.#rspMoves, n = this.fn.blocks.length;
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

  /** The block that alone leads to this one, whose end it goes on from, or -1. */
  #soleWayTo(b: number): number {
    const { fn } = this, p = this.#preds.list[this.#preds.from[b]];
    if (this.#waysInto(b) !== 1 || isFresh(fn, p, b) || fn.blocks[p].kind === END_REENTER) return -1;
    // The replay knows no calls and returns.
    if (fn.blocks[p].returnPc !== 0) return -1;
    return fn.blocks[p].resumePc >= 0 || fn.blocks[p].pc >= 0 ? p : -1;
  }

  #findLoops(): void {
    const { fn, cfg: { order, loopHeader } } = this;
    let walk: LoopWalk | null = null;
    for (let i = 0; i < order.length; i++) {
      const head = order[i];
      if (loopHeader[head] === 0) continue;
      walk ??= new LoopWalk(fn, this.cfg, this.#preds);
      const count = walk.walk(head), { blocks } = walk;
      let low = 0, high = 0, leaves = false;
      for (let k = 0; k < count; k++) {
        low |= this.#set.low[blocks[k]];
        high |= this.#set.high[blocks[k]];
        leaves ||= comesBack(fn.blocks[blocks[k]].kind);
      }
      this.#setInLoop.low[head] = low;
      this.#setInLoop.high[head] = high;
      if (leaves) continue;
      for (let k = 0; k < count; k++) this.#looping[blocks[k]] = 1;
    }
  }

  /**
   * What is dirty before a loop and not written in it is stored before it: else the loop's way out for lack of fuel and all
   * exits behind it would each have to. True if there are loops.
   */
  #storeBeforeLoops(read: VarSets): boolean {
    const { fn, cfg } = this, { from, end, list } = this.#preds;
    let any = false;
    for (let i = 0; i < cfg.order.length; i++) {
      const head = cfg.order[i];
      if (cfg.loopHeader[head] === 0) continue;
      const low = this.#setInLoop.low[head], high = this.#setInLoop.high[head];
      for (let k = from[head]; k < end[head]; k++) {
        const p = list[k];
        if (cfg.rank[p] >= cfg.rank[head] || mayNotStore(fn.blocks[p].kind)) continue;
        this.#early.low[p] |= this.#dirtyOut.low[p] & ~low & (~FLAG_VARS | read.low[head]);
        this.#early.high[p] |= this.#dirtyOut.high[p] & ~high;
        any = true;
      }
    }
    return any;
  }

  /**
   * Where many ways meet, as before an interpreter's switch, what is dirty along one of them would be stored by every exit behind.
   * It is stored at the ends of the ways instead, if the fewer of them change it or nobody reads it any more: a variable that only
   * waits to be stored takes part in all that V8 moves about there. True if there are such blocks.
   */
  #storeWhereManyMeet(read: VarSets, stored: VarSets): boolean {
    const { cfg: { order } } = this, { from, end, list } = this.#preds, early = this.#early;
    let any = false;
    for (let i = 0; i < order.length && !any; i++) any = this.#waysInto(order[i]) >= MANY_WAYS;
    if (!any) return false;
    // What each way changes is dirty along it when all of them store everything.
    const count = this.fn.blocks.length, kept = new VarSets(count), chosen = new VarSets(count);
    kept.low.set(early.low.subarray(0, count));
    kept.high.set(early.high.subarray(0, count));
    for (let i = 0; i < order.length; i++) {
      const join = order[i];
      if (this.#waysInto(join) < MANY_WAYS) continue;
      for (let k = from[join]; k < end[join]; k++) {
        if (this.#mayStoreBefore(list[k], join)) early.low[list[k]] = early.high[list[k]] = -1;
      }
    }
    this.#solveDirty();
    for (let i = 0; i < order.length; i++) {
      const join = order[i];
      if (this.#waysInto(join) < MANY_WAYS) continue;
      this.#chooseStores(
        join,
        this.#dirtyIn.low,
        this.#set.low,
        ~read.low[join],
        stored.low[join] & ~FLAG_VARS,
        chosen.low,
      );
      if (!this.#hasVectors) continue;
      this.#chooseStores(join, this.#dirtyIn.high, this.#set.high, ~read.high[join], stored.high[join], chosen.high);
    }
    for (let b = 0; b < count; b++) {
      early.low[b] = kept.low[b] | chosen.low[b];
      early.high[b] = kept.high[b] | chosen.high[b];
    }
    return true;
  }

  /** In a loop without calls only a switch is worth a store each time round. */
  #mayStoreBefore(b: number, join: number): boolean {
    const { kind } = this.fn.blocks[b];
    if (mayNotStore(kind) || isFresh(this.fn, b, join)) return false;
    return this.#looping[b] === 0 || kind === END_JUMP_SWITCHED || kind === END_JUMP_ARM;
  }

  /** One half of the variables: those of `wanted` that are `unread`, or changed along less than half of the ways into a block. */
  #chooseStores(
    join: number,
    dirtyIn: Int32Array,
    set: Int32Array,
    unread: number,
    wanted: number,
    chosen: Int32Array,
  ): void {
    const { from, end, list } = this.#preds;
    CHANGES.fill(0);
    for (let k = from[join]; k < end[join]; k++) {
      const b = list[k];
      if (!this.#mayStoreBefore(b, join)) continue;
      for (let bits = (dirtyIn[b] | set[b]) & wanted & ~unread; bits !== 0; bits &= bits - 1) {
        CHANGES[31 - Math.clz32(bits & -bits)]++;
      }
    }
    let store = unread;
    for (let v = 0; v < 32; v++) if (2 * CHANGES[v] < this.#waysInto(join)) store |= 1 << v;
    for (let k = from[join]; k < end[join]; k++) {
      const b = list[k];
      if (this.#mayStoreBefore(b, join)) chosen[b] |= store & wanted & (dirtyIn[b] | set[b]);
    }
  }

  /**
   * A variable that is dirty along one way into a block and clean along another would have to be loaded on the clean way, only
   * for exits to store it again. Where nothing reads it any more it is stored at the end of the dirty way instead; not in
   * loops, which would do so each time round.
   */
  #storeBeforeJoins(read: VarSets, stored: VarSets): void {
    for (let round = 0; round < JOIN_ROUNDS; round++) {
      let any = false;
      const { order } = this.cfg;
      for (let i = 0; i < order.length; i++) {
        if (this.#waysInto(order[i]) > 1 && this.#storeBefore(order[i], read, stored)) any = true;
      }
      if (!any) return;
      this.#solveDirty();
    }
  }

  #storeBefore(join: number, read: VarSets, stored: VarSets): boolean {
    const { blocks } = this.fn, { from, end, list } = this.#preds, ways = this.#ways;
    const out = this.#dirtyOut;
    let low = -1, high = -1; // dirty along all ways
    for (let k = from[join]; k < end[join]; k++) {
      const p = list[k], fresh = isFresh(this.fn, p, join);
      low &= fresh ? 0 : out.low[p];
      high &= fresh ? 0 : out.high[p];
    }
    let any = false;
    for (let k = from[join]; k < end[join]; k++) {
      const p = list[k];
      if ((out.low[p] | out.high[p]) === 0 || this.#looping[p] || mayNotStore(blocks[p].kind)) continue;
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
      this.#early.low[p] |= store;
      this.#early.high[p] |= storeHigh;
      any = true;
    }
    return any;
  }

  /** What is stored already is not stored again. */
  #storeOnce(): void {
    for (const b of this.cfg.order) {
      this.#early.low[b] &= this.#dirtyIn.low[b] | this.#set.low[b];
      this.#early.high[b] &= this.#dirtyIn.high[b] | this.#set.high[b];
    }
  }

  /** All variables that exits would store, were they dirty. */
  #atExits(): VarSets {
    const sets = new VarSets(this.fn.blocks.length);
    for (const b of this.cfg.order) {
      if (!isExit(this.fn.blocks[b])) continue;
      sets.low[b] = matters(this.fn, this.fn.blocks[b].kind);
      sets.high[b] = -1;
    }
    return sets;
  }

  #atFuel(): VarSets {
    const sets = new VarSets(this.fn.blocks.length);
    for (const b of this.cfg.order) {
      if (!this.cfg.fuel[b]) continue;
      sets.low[b] = ~FLAG_VARS;
      sets.high[b] = -1;
    }
    return sets;
  }
}

/** True if one of these blocks is marked. */
function isAny(order: Int32Array, marks: Uint8Array): boolean {
  for (let i = 0; i < order.length; i++) if (marks[order[i]] !== 0) return true;
  return false;
}

function summarise(fn: IrFunction, b: number, set: VarSets, use: VarSets): void {
  const { op: ops, a } = fn, { first, end } = fn.blocks[b];
  let s = 0, sHigh = 0, u = 0, uHigh = 0;
  for (let i = first; i < end; i++) {
    const op = ops[i];
    if (op === OP.getvar) {
      const v = a[i];
      if (v < 32) u |= ~s & (1 << v);
      else uHigh |= ~sHigh & (1 << (v - 32));
    } else if (op === OP.setvar) {
      const v = a[i];
      if (v < 32) s |= 1 << v;
      else sHigh |= 1 << (v - 32);
    } else if (op === OP.helper) {
      const { reads, writes } = HELPERS[a[i]];
      for (const v of reads) {
        if (v < 32) u |= ~s & (1 << v);
        else uHigh |= ~sHigh & (1 << (v - 32));
      }
      for (const v of writes) {
        if (v < 32) s |= 1 << v;
        else sHigh |= 1 << (v - 32);
      }
    }
  }
  set.low[b] = s;
  set.high[b] = sHigh;
  use.low[b] = u;
  use.high[b] = uHigh;
}
