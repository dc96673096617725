/**
 * Where the code of a block's operations stands: a value used once is written where it is used, as part of an expression, when
 * nothing between its definition and that place can change what it reads; others get a local. Decided backwards over the block in
 * one pass.
 */
import type { IrBlock, IrFunction } from "../ir/function.ts";
import { HELPERS } from "../ir/helpers.ts";
import {
  KIND_CALL,
  KIND_EFFECT,
  KIND_LOAD,
  KIND_SETVAR,
  KIND_STORE,
  KIND_TRAP,
  OP,
  OP_KIND,
  OP_VALUES,
} from "../ir/ops.ts";
import { VAR_COUNT } from "../ir/variables.ts";
import type { RegionLocals } from "./region_locals.ts";

/** What becomes of an operation's value. A setvar that is MODE_INLINE has nothing to do. */
export const MODE_DEAD = 0, MODE_INLINE = 1, MODE_LOCAL = 2;

/** Kinds of operations that may trap, or do more than give a value. */
const HAS_EFFECT: readonly boolean[] = Array.from(
  { length: KIND_EFFECT + 1 },
  (_, kind) => [KIND_LOAD, KIND_STORE, KIND_TRAP, KIND_CALL, KIND_EFFECT].includes(kind),
);

export class ValuePlan {
  #fn!: IrFunction;
  /** Per operation, grown as needed: what becomes of its value, and in which local it is (-1: none yet). */
  mode: Uint8Array = new Uint8Array(0);
  local: Int32Array = new Int32Array(0);
  /** Uses, and the last position of one. */
  #uses = new Int32Array(0);
  #lastUse = new Int32Array(0);
  readonly #nextSet = new Int32Array(VAR_COUNT);
  /** Per variable, in the current block: times written, and whether a helper reads or writes its home. */
  readonly #setCount = new Int32Array(VAR_COUNT);
  readonly #inHelper = new Uint8Array(VAR_COUNT);
  readonly #lastRead = new Int32Array(VAR_COUNT);
  /** Position of the last operation of the block that may trap, or that does more than give a value. */
  #lastEffect = -1;

  constructor(readonly locals: RegionLocals) {}

  begin(fn: IrFunction): void {
    this.#fn = fn;
    if (this.#uses.length < fn.count) {
      const n = Math.max(fn.count, this.#uses.length * 2);
      this.#uses = new Int32Array(n);
      this.#lastUse = new Int32Array(n);
      this.mode = new Uint8Array(n);
      this.local = new Int32Array(n);
    }
    this.#uses.fill(0, 0, fn.count);
    this.#lastUse.fill(-1, 0, fn.count);
    this.mode.fill(MODE_DEAD, 0, fn.count);
  }

  /** For each operation of the block. `storesBeforeEnd`: what may trap is done before its end. */
  plan(block: IrBlock, storesBeforeEnd: boolean): void {
    const fn = this.#fn;
    const { first, end } = block;
    const uses = this.#uses, lastUse = this.#lastUse, mode = this.mode;
    const nextSet = this.#nextSet.fill(0x7fffffff);
    this.#setCount.fill(0);
    this.#inHelper.fill(0);
    this.#lastEffect = -1;
    let nextBarrier = storesBeforeEnd ? end - 1 : 0x7fffffff;
    // Where the next operation stands that may trap: the order of faults counts where handlers recover from each.
    let nextTrap = 0x7fffffff;
    for (const v of [block.value, block.index]) {
      if (v >= 0) {
        uses[v]++;
        lastUse[v] = end;
      }
    }
    for (let i = end - 1; i >= first; i--) {
      const op = fn.op[i];
      const kind = OP_KIND[op];
      // Where this operation's code will stand.
      let position = i;
      switch (kind) {
        case KIND_SETVAR:
          nextSet[fn.a[i]] = i;
          this.#setCount[fn.a[i]]++;
          break;
        case KIND_STORE:
        case KIND_EFFECT:
          nextBarrier = i;
          break;
        case KIND_CALL:
          nextBarrier = i;
          for (const v of HELPERS[fn.a[i]].writes) nextSet[v] = i;
          for (const v of HELPERS[fn.a[i]].writes) this.#inHelper[v] = 1;
          for (const v of HELPERS[fn.a[i]].reads) this.#inHelper[v] = 1;
          mode[i] = uses[i] > 0 ? MODE_LOCAL : MODE_DEAD;
          break;
        case KIND_LOAD:
        case KIND_TRAP:
          if (uses[i] > 0) { // else kept for its trap
            mode[i] = uses[i] === 1 && nextBarrier >= lastUse[i] && nextTrap > lastUse[i] ? MODE_INLINE : MODE_LOCAL;
            if (mode[i] === MODE_INLINE) position = lastUse[i];
          }
          if (fn.exactFaults) nextTrap = position;
          break;
        default:
          if (uses[i] === 0) continue;
          if (op === OP.getvar) mode[i] = nextSet[fn.a[i]] >= lastUse[i] ? MODE_INLINE : MODE_LOCAL;
          else mode[i] = uses[i] === 1 ? MODE_INLINE : MODE_LOCAL;
          if (mode[i] === MODE_INLINE) position = lastUse[i];
      }
      if (HAS_EFFECT[kind] && position > this.#lastEffect) this.#lastEffect = position;
      const values = OP_VALUES[op];
      if (values & 1) this.#use(fn.a[i], position);
      if (values & 2) this.#use(fn.b[i], position);
      if (values & 4) this.#use(fn.c[i], position);
    }
    this.#computeInPlace(block);
  }

  /** Nothing behind an operation that sets a variable may trap, set the variable again, or read it. */
  isLast(i: number, v: number): boolean {
    return i > this.#lastEffect && this.#setCount[v] === 1 && this.#lastRead[v] <= i;
  }

  /**
   * A value that ends up in a variable and is needed before that as well is computed right into the variable's local, if nobody
   * wants the old content after that point. The setvar itself then has nothing to do (marked inline).
   */
  #computeInPlace({ first, end }: IrBlock): void {
    const fn = this.#fn;
    const mode = this.mode, local = this.local, lastUse = this.#lastUse, lastRead = this.#lastRead.fill(-1);
    for (let i = first; i < end; i++) {
      const op = fn.op[i];
      local[i] = -1;
      if (op === OP.getvar) {
        const readAt = mode[i] === MODE_INLINE ? lastUse[i] : mode[i] === MODE_LOCAL ? i : -1;
        if (readAt > lastRead[fn.a[i]]) lastRead[fn.a[i]] = readAt;
      } else if (op === OP.setvar) {
        const v = fn.a[i], value = fn.b[i];
        if (value < first || mode[value] !== MODE_LOCAL || local[value] >= 0) continue;
        if (
          this.#setCount[v] !== 1 || this.#inHelper[v] || lastRead[v] > value || OP_KIND[fn.op[value]] === KIND_CALL
        ) continue;
        local[value] = this.locals.ofVar[v];
        mode[i] = MODE_INLINE;
      }
    }
  }

  #use(v: number, position: number): void {
    if (v < 0) return;
    this.#uses[v]++;
    if (position > this.#lastUse[v]) this.#lastUse[v] = position;
  }
}
