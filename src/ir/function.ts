/**
 * One region as IR: blocks of operations in columns (op, a, b, c, pc), a value being the index of its operation. A value is
 * used only inside the block that defines it; what crosses blocks is in state variables. Columns instead of objects, because
 * a translation makes millions of operations.
 */
import { MODE_CHECKED } from "../machine/code_mode.ts";
import { OP, OP_RESULT } from "./ops.ts";
import { VAR_TYPE } from "./variables.ts";

/** How a block ends. */
export const END_JUMP = 1; // to succ[0]
export const END_BRANCH = 2; // value (i32) != 0: succ[0], else succ[1]
/**
 * value (i32) is a pc; pcs[k] is the pc of succ[k]. Goes to a succ[k] with pcs[k] = value; with none, leaves the region for
 * that pc. `index` is a value (i32) likely to be such a k, or -1 if there is none to go by.
 */
export const END_SWITCH_PC = 3;
export const END_CALL = 4; // call the region at `target` (return address already pushed); back at `returnPc`: succ[0]
export const END_CALL_INDIRECT = 5; // as END_CALL, target pc is value (i32), probably `likely`; then succ[1], if there is one
export const END_RETURN = 6; // leave the region, next pc is value (i32)
export const END_EXIT = 7; // go on at the region of `target`
export const END_EXIT_INDIRECT = 8; // go on at the region of value (i32), probably `likely`
export const END_SYSCALL = 9; // rip = target; call the kernel; then succ[0] (whose pc is target)
export const END_TRAP = 10; // stop with reason `trap` (STOP_...), rip = target
/** value (i32) is the next pc: goes on at succ[0] if it is `returnPc`, else leaves the region for it. See lift/inline.ts. */
export const END_RETURN_INSIDE = 11;

/** Of a block without an end yet. */
const NONE: number[] = [];

/** A class, so that engines know all blocks for the same kind of object. */
export class IrBlock {
  /** Guest address of the first instruction; -1 for blocks inside an instruction. */
  pc: number;
  /** Guest address up to which the instructions before are done when the block begins: blocks inside one begin behind it. */
  resumePc: number;
  /** Operations [first, end). */
  first = 0;
  end = 0;
  kind = 0;
  value = -1;
  target = 0;
  returnPc = 0;
  trap = 0;
  /** A value that the target of an indirect call or jump probably has, or 0. */
  likely = 0;
  index = -1;
  pcs: number[] = NONE;
  succ: number[] = NONE;
  /** It belongs to a function that was taken in, which has a region of its own where a stopped task goes on. */
  inlined = false;

  constructor(pc: number) {
    this.pc = this.resumePc = pc;
  }

  /**
   * Leads to another block wherever it has led to one. In place: V8 takes an array that map() made for one of another kind, and
   * compiles what looks at blocks anew for it.
   */
  redirect(from: number, to: number): void {
    const { succ } = this;
    for (let i = 0; i < succ.length; i++) if (succ[i] === from) succ[i] = to;
  }
}

interface Columns {
  op: Uint16Array;
  a: Int32Array;
  b: Int32Array;
  c: Int32Array;
  pc: Int32Array;
}

/** Those of functions that nobody needs any more: to make them takes longer than to fill them for a small function. */
const spare: Columns[] = [];

function columns(length: number): Columns {
  const int32 = () => new Int32Array(length);
  return { op: new Uint16Array(length), a: int32(), b: int32(), c: int32(), pc: int32() };
}

export class IrFunction {
  op: Uint16Array;
  a: Int32Array;
  b: Int32Array;
  c: Int32Array;
  /** Guest address of the instruction an operation belongs to. */
  pc: Int32Array;
  count = 0;
  /** blocks[0] is the entry. */
  readonly blocks: IrBlock[] = [];
  /** Flags are kept across calls and returns. */
  keepsFlags = false;
  /** Further blocks at which the function can be entered, besides block 0. */
  sideEntries: number[] = [];
  /** Where calls return to that were taken in, and in which a task may stop. */
  readonly returnSites: { pc: number; block: number }[] = [];
  /** What its code takes into account besides the instructions (machine/code_mode.ts). */
  mode = 0;
  /** The number of its guard, or 0 (lift/code_guard.ts). */
  guard = 0;
  /** Registers (bit r: ymm r) whose upper halves are variables. */
  upperHalves = 0;
  /** 16-byte constants of v128_const and i8x16_shuffle, by index. */
  readonly pool: Uint8Array[] = [];
  #poolIndex: Map<string, number> | null = null;

  constructor(readonly entryPc: number) {
    ({ op: this.op, a: this.a, b: this.b, c: this.c, pc: this.pc } = spare.pop() ?? columns(256));
  }

  /** Gives the columns to the next function: nobody may use this one any more. */
  recycle(): void {
    spare.push({ op: this.op, a: this.a, b: this.b, c: this.c, pc: this.pc });
    this.op = NO_OPS;
    this.a =
      this.b =
      this.c =
      this.pc =
        NO_WORDS;
  }

  add(op: number, a: number, b: number, c: number, pc: number): number {
    const i = this.count;
    if (i === this.op.length) this.#grow();
    this.op[i] = op;
    this.a[i] = a;
    this.b[i] = b;
    this.c[i] = c;
    this.pc[i] = pc;
    this.count = i + 1;
    return i;
  }

  newBlock(pc: number): number {
    this.blocks.push(new IrBlock(pc));
    return this.blocks.length - 1;
  }

  /** The same for all blocks. */
  redirect(from: number, to: number): void {
    for (let b = 0; b < this.blocks.length; b++) this.blocks[b].redirect(from, to);
  }

  /**
   * All registers can be told at faults: code made at run time, to which no ABI applies, may read any in its handlers, and code
   * whose accesses are checked goes on behind them.
   */
  get exactFaults(): boolean {
    return this.keepsFlags || (this.mode & MODE_CHECKED) !== 0;
  }

  /** Index of a 16-byte constant in the pool, added once. */
  constant(bytes: Uint8Array): number {
    const key = bytes.join();
    const index = this.#poolIndex ??= new Map();
    let i = index.get(key);
    if (i === undefined) {
      i = this.pool.push(bytes.slice()) - 1;
      index.set(key, i);
    }
    return i;
  }

  /** TYPE_ of a value. */
  typeOf(value: number): number {
    const op = this.op[value];
    return op === OP.getvar ? VAR_TYPE[this.a[value]] : OP_RESULT[op];
  }

  #grow(): void {
    const { op, a, b, c, pc } = this, grown = columns(op.length * 2);
    grown.op.set(op);
    grown.a.set(a);
    grown.b.set(b);
    grown.c.set(c);
    grown.pc.set(pc);
    ({ op: this.op, a: this.a, b: this.b, c: this.c, pc: this.pc } = grown);
  }
}

const NO_OPS = new Uint16Array(0), NO_WORDS = new Int32Array(0);
