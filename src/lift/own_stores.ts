/**
 * Which stores of code that the program may write are to be compared with where that code lies (code_guard.ts). Such code mostly
 * stores through a few registers: the first store through one is compared for all that its block does near it.
 */
import type { IrFunction } from "../ir/function.ts";
import { KIND_STORE, OP, OP_KIND } from "../ir/ops.ts";
import { VAR_GPR } from "../ir/variables.ts";
import type { CodeRange } from "../machine/code_range.ts";
import { GUEST_BIAS, RSP } from "../machine/state.ts";
import { type Instruction, OPERAND_MEM, SEGMENT_NONE } from "../x86/instruction.ts";

/** Longest store that is told of by its address. */
const STORE_BYTES = 16;

/** Displacements that are compared together with others. */
const NEAR = 1 << 12;

const GPRS = 16, WORD = 8;

/** A store hits the code if its pointer (i32 value, or -1: a constant) is less than `reach` bytes above `first`, modulo 2^32. */
export interface StoreTest {
  pointer: number;
  first: number;
  reach: number;
}

export class OwnStores {
  /** Guest addresses of the code: where it begins, and how long it is with what may lie in it. */
  readonly #start: number;
  readonly #length: number;
  /** By register, what the instructions of the region's block have as displacements: lowest and highest. */
  readonly #nearLow = new Int32Array(GPRS);
  readonly #nearHigh = new Int32Array(GPRS);
  /** By register, as it was when the block began, what has been compared: displacements from low to high, none if that is lower. */
  readonly #low = new Int32Array(GPRS);
  readonly #high = new Int32Array(GPRS);

  constructor(readonly fn: IrFunction, code: readonly CodeRange[]) {
    this.#start = Math.min(...code.map((r) => r.start));
    this.#length = Math.max(...code.map((r) => r.start + r.bytes.length)) - this.#start;
  }

  /** A block of the region begins: looks at what it may store to. */
  beginRegionBlock(instructions: readonly Instruction[]): void {
    this.#nearLow.fill(0);
    this.#nearHigh.fill(0);
    for (const insn of instructions) {
      if (insn.row.mnemonic === "push") this.#nearLow[RSP] -= WORD;
      for (const o of insn.operands) {
        if (o.kind !== OPERAND_MEM || o.base < 0 || o.index >= 0 || o.segment !== SEGMENT_NONE) continue;
        if (o.disp < -NEAR || o.disp > NEAR) continue;
        this.#nearLow[o.base] = Math.min(this.#nearLow[o.base], o.disp);
        this.#nearHigh[o.base] = Math.max(this.#nearHigh[o.base], o.disp);
      }
    }
  }

  /** Registers may be others than were compared. */
  forget(): void {
    this.#low.fill(0);
    this.#high.fill(-1);
  }

  /** The test of a store to a linear address (i32 value); null if it is known to miss the code. */
  test(linear: number): StoreTest | null {
    const { op, a, b } = this.fn, isSum = op[linear] === OP.i32_add && op[b[linear]] === OP.i32_const;
    const isConstant = op[linear] === OP.i32_const;
    const pointer = isSum ? a[linear] : isConstant ? -1 : linear;
    const k = ((isSum ? a[b[linear]] : isConstant ? a[linear] : 0) + GUEST_BIAS) | 0;
    if (pointer < 0) {
      const test = this.#window(pointer, k, k);
      return -test.first >>> 0 < test.reach ? test : null;
    }
    const r = this.#registerOf(pointer);
    if (r < 0 || k < -NEAR || k > NEAR) return this.#window(pointer, k, k);
    if (k >= this.#low[r] && k <= this.#high[r]) return null;
    this.#low[r] = Math.min(k, this.#nearLow[r]);
    this.#high[r] = Math.max(k, this.#nearHigh[r]);
    return this.#window(pointer, this.#low[r], this.#high[r]);
  }

  /** The test for all displacements from low to high. */
  #window(pointer: number, low: number, high: number): StoreTest {
    // A store may begin before the code.
    return {
      pointer,
      first: this.#start - (STORE_BYTES - 1) - high,
      reach: this.#length + STORE_BYTES - 1 + high - low,
    };
  }

  /** The register whose low half a value is, as the block began with it; or -1. */
  #registerOf(value: number): number {
    const { op, a } = this.fn;
    if (op[value] !== OP.i32_wrap_i64 || op[a[value]] !== OP.getvar) return -1;
    const r = a[a[value]] - VAR_GPR;
    return r >= 0 && r < GPRS ? r : -1;
  }

  /**
   * The block ends, and another begins that can only be reached from it: what was compared goes by registers' values there.
   * `current` are the variables' values (-1: as they were).
   */
  carryOver(current: ArrayLike<number>): void {
    const { op, a, b } = this.fn;
    for (let r = 0; r < GPRS; r++) {
      const v = current[VAR_GPR + r];
      if (v < 0 || this.#high[r] < this.#low[r] || isRegister(v, r)) continue;
      const by = op[v] === OP.i64_add && op[b[v]] === OP.i64_const && isRegister(a[v], r) ? a[b[v]] : NaN;
      if (Math.abs(by) <= NEAR) {
        this.#low[r] -= by;
        this.#high[r] -= by;
      } else {
        this.#low[r] = 0;
        this.#high[r] = -1;
      }
    }

    function isRegister(value: number, r: number): boolean {
      return op[value] === OP.getvar && a[value] === VAR_GPR + r;
    }
  }
}

/** How many operations from `from` on store to guest memory. */
export function countStores({ op, a, count }: IrFunction, from: number): number {
  let stores = 0;
  // What is at address 0 is the state block's.
  for (let i = from; i < count; i++) {
    if (OP_KIND[op[i]] === KIND_STORE && !(op[a[i]] === OP.i32_const && a[a[i]] === 0)) stores++;
  }
  return stores;
}
