/**
 * The wasm function that a region becomes: its locals, its labels, what is still to be done, and the small pieces of code of
 * which all parts of the emitter are made.
 */
import {
  END_CALL,
  END_CALL_INDIRECT,
  END_EXIT,
  END_EXIT_INDIRECT,
  END_RETURN,
  END_SYSCALL,
  END_TRAP,
  type IrFunction,
} from "../ir/function.ts";
import { OP, TYPE_I32, TYPE_I64 } from "../ir/ops.ts";
import { VAR_TYPE } from "../ir/variables.ts";
import { STACK_UNIT, STATE_FUEL } from "../machine/state.ts";
import { ByteArena, WordArena } from "./arena.ts";
import { BranchHints } from "./branch_hints.ts";
import { WasmBytes } from "./bytes.ts";
import { type Cfg } from "./cfg.ts";
import {
  BLOCK_EMPTY,
  W_BR,
  W_DROP,
  W_END,
  W_I32_CONST,
  W_I64_CONST,
  W_IF,
  W_PREFIX_SIMD,
  W_RETURN,
} from "./opcodes.ts";
import { CALL_WORDS, type ModulePlan, type TrapMap } from "./region_code.ts";
import { RegionLocals } from "./region_locals.ts";
import { PASSED_SET, PASSED_VARS, RESULT_SET, RESULT_VAR } from "./region_signature.ts";
import { scratchWords } from "./scratch.ts";
import { TrapRecorder } from "./trap_recorder.ts";
import { ValueEmitter } from "./values.ts";
import { type VarFlow } from "./var_flow.ts";

/** Most that a guest's frame counts: less than the depth that a run starts with. */
const MAX_GUEST_COST = 4096;

/** Ends of blocks at which everything is stored first, and nothing is wanted from locals any more. */
const LEAVES_AT_ONCE = new Set([END_CALL, END_RETURN, END_EXIT, END_EXIT_INDIRECT, END_SYSCALL, END_TRAP]);

/** Work items: a kind and up to two block numbers. */
export const WORK_TREE = 0, WORK_WITHIN = 1, WORK_BLOCK = 2, WORK_END_LABEL = 3, WORK_EDGE = 4, WORK_CHECK = 5;
export const WORK_MISS = 6,
  WORK_GATE_TEST = 7,
  WORK_GATE_ARM = 8,
  WORK_GATE_PASS = 9,
  WORK_CALL_THROUGH = 10,
  WORK_UNPARK = 11;

export class RegionFrame {
  readonly out: WasmBytes = new WasmBytes();
  readonly traps: TrapRecorder;
  readonly hints: BranchHints;
  readonly values: ValueEmitter;
  readonly locals: RegionLocals = new RegionLocals();
  fn!: IrFunction;
  cfg!: Cfg;
  flow!: VarFlow;
  /** Wasm labels, innermost last: the block they lead to, or -1 for an `if`. */
  labels: number[] = [];
  /** Where in `labels` that of a block is. */
  #labelAt!: Int32Array;
  /** Threes of a kind and up to two numbers. */
  work: number[] = [];
  /** The region calls others: each call takes `frameCost` from the depth. */
  calls = false;
  frameCost = 0;
  /** Number of the block to go on at, where the region has loops. */
  reenterLocal = -1;
  fuelLocal = -1;
  /** Bodies that have been taken. */
  readonly #bodies = new ByteArena();
  /** As in RegionCode.openCalls, but that offsets count from the code. */
  readonly #openCalls: number[] = [];
  readonly #words = new WordArena();
  /** The list of the locals. */
  readonly #head = new WasmBytes();
  /** By block, the return address that is in its local at the block's end; 0 for none that is known. */
  #returnPcs!: Int32Array;
  /** Where the code ended that last went to the innermost label, forward: right before that label's end it is not needed. */
  #brEnd = -1;
  /** The block whose operations were emitted last. */
  #operationsOf = -1;
  #selectorLocal = -1;
  #tableIndexLocal = -1;

  constructor(readonly plan: ModulePlan) {
    this.traps = new TrapRecorder(this.out);
    this.hints = new BranchHints(this.out);
    this.values = new ValueEmitter(this.out, plan, this.traps, this.locals);
  }

  /** `hostCost` is what the function's locals are known to take of the host's stack, in units of depth. */
  begin(fn: IrFunction, cfg: Cfg, flow: VarFlow, hostCost: number): void {
    this.out.reset();
    this.#brEnd = this.#operationsOf = -1;
    this.fn = fn;
    this.cfg = cfg;
    this.flow = flow;
    this.labels = [];
    this.#labelAt = scratchWords(fn.blocks.length, -1);
    this.#selectorLocal = this.#tableIndexLocal = -1;
    this.fuelLocal = this.reenterLocal = -1;
    this.locals.begin(flow.used, flow.usedHigh);
    this.calls = cfg.order.some((b) => fn.blocks[b].kind === END_CALL || fn.blocks[b].kind === END_CALL_INDIRECT);
    this.values.begin(fn);
    this.#returnPcs = scratchWords(fn.blocks.length);
    this.traps.begin(fn, flow);
    this.hints.begin();
    this.#openCalls.length = 0;
    const guestCost = Math.min(flow.frameBytes / STACK_UNIT + 0.5, MAX_GUEST_COST);
    this.frameCost = Math.max(this.hostCost(), hostCost, Math.ceil(guestCost));
  }

  /** What the frame takes of the host's stack with the locals that there are now, in units of depth. */
  hostCost(): number {
    return 6 + (this.locals.words() >> 1);
  }

  /** The function's body, its places for faults, and which way its branches go. */
  take(): { body: Uint8Array; traps: TrapMap; hints: Uint8Array; openCalls: Int32Array } {
    const head = this.#head;
    head.reset();
    this.locals.write(head);
    const body = this.#bodies.reserve(head.length + this.out.length);
    body.set(head.view());
    body.set(this.out.view(), head.length);
    for (let i = 0; i < this.#openCalls.length; i += CALL_WORDS) this.#openCalls[i] += head.length;
    const openCalls = this.#words.keep(this.#openCalls);
    return { body, traps: this.traps.take(head.length), hints: this.hints.take(head.length), openCalls };
  }

  /** A byte in place of the index of a function that is not known yet. */
  openCall(pc: number): void {
    this.#openCalls.push(this.out.length, pc);
    this.out.byte(0);
  }

  get(local: number): void {
    this.values.getLocal(local);
  }

  set(local: number): void {
    this.values.setLocal(local);
  }

  const(value: number): void {
    this.out.byte(W_I32_CONST);
    this.out.s32(value);
  }

  /** An `if` that goes on somewhere else than what is common. */
  ifUnlikely(): void {
    this.hints.next(false);
    this.out.byte(W_IF);
    this.out.byte(BLOCK_EMPTY);
  }

  /** Leaves for the pc on the stack; everything is stored. */
  return(): void {
    this.pushResult();
    this.out.byte(W_RETURN);
  }

  /** Pushes what a region gives besides the next pc; everything is stored. */
  pushResult(): void {
    this.values.pushHome(RESULT_VAR);
  }

  /** Leaves since something stopped; nobody looks at what is given back. */
  stop(): void {
    this.const(0);
    this.out.byte(W_I64_CONST);
    this.out.s64(0, 0);
    this.out.byte(W_RETURN);
  }

  /** Returns to the pc on the stack, at the end of a block. */
  returnFrom(b: number): void {
    this.#pushVar(b, RESULT_VAR);
    this.out.byte(W_RETURN);
  }

  /** Stores an i32 constant (a pc: the upper half of rip is always zero) at an offset of the state block. */
  storeState(offset: number, value: number): void {
    this.const(0);
    this.const(value);
    this.memory(OP.i32_store, offset);
  }

  /** A block's operations are there: notes which return address is in its local from now on. */
  noteReturnPc(b: number): void {
    const { merge, loopHeader, idom } = this.cfg;
    if (this.values.hasReturnPc) this.#returnPcs[b] = this.fn.blocks[b].returnPc;
    // Else as it was in the only block that leads here.
    else this.#returnPcs[b] = merge[b] || loopHeader[b] ? 0 : this.#returnPcs[idom[b]];
  }

  /** Pushes the address that the call at the end of a block is to come back to. */
  returnPc(b: number): void {
    const { returnPc } = this.fn.blocks[b];
    if (this.#returnPcs[b] === returnPc) this.get(this.locals.named("return"));
    else this.const(returnPc);
  }

  /** A load or store, with its address (and value) on the stack. */
  memory(op: number, offset: number): void {
    this.values.memoryOp(op, offset);
  }

  /** Stores variables into the state block. */
  storeVars(set: number, setHigh: number): void {
    for (let left = set; left !== 0; left &= left - 1) this.values.storeVar(lowestBit(left));
    for (let left = setHigh; left !== 0; left &= left - 1) this.values.storeVar(32 + lowestBit(left));
  }

  /** Loads variables from it. */
  loadVars(set: number, setHigh: number): void {
    for (let left = set; left !== 0; left &= left - 1) this.values.loadVar(lowestBit(left));
    for (let left = setHigh; left !== 0; left &= left - 1) this.values.loadVar(32 + lowestBit(left));
  }

  /** Makes the locals of variables zero. */
  clearVars(set: number, setHigh: number): void {
    for (let left = set; left !== 0; left &= left - 1) this.#clearVar(lowestBit(left));
    for (let left = setHigh; left !== 0; left &= left - 1) this.#clearVar(32 + lowestBit(left));
  }

  #clearVar(v: number): void {
    const { out } = this;
    switch (VAR_TYPE[v]) {
      case TYPE_I32:
        this.const(0);
        break;
      case TYPE_I64:
        out.byte(W_I64_CONST);
        out.s64(0, 0);
        break;
      default:
        this.const(0);
        out.byte(W_PREFIX_SIMD);
        out.u32(OP.i32x4_splat - 0x100);
    }
    this.set(this.locals.ofVar[v]);
  }

  /** Emits a block's operations, but for the values that its end uses. */
  operations(b: number): void {
    const { fn: { blocks }, flow: { early, spill } } = this, block = blocks[b];
    const storesBeforeEnd = (early.low[b] | early.high[b]) !== 0 || block.kind === END_RETURN;
    const leaves = LEAVES_AT_ONCE.has(block.kind) || (block.kind === END_CALL_INDIRECT && block.succ.length === 1);
    const handedOver = block.kind === END_RETURN ? RESULT_SET : PASSED_SET;
    this.values.block(block, storesBeforeEnd, leaves ? spill.low[b] & ~handedOver : 0, leaves ? spill.high[b] : 0);
    this.#operationsOf = b;
  }

  /** Stores what is to be stored where a block leaves the region, and is not yet. */
  spill(b: number): void {
    const { values, flow: { spill } } = this;
    if (b !== this.#operationsOf) return this.storeVars(spill.low[b], spill.high[b]);
    this.storeVars(spill.low[b] & ~values.storedLow, spill.high[b] & ~values.storedHigh);
  }

  /** Loads what the successor needs after everything was stored (call, syscall). */
  reload(to: number): void {
    this.loadVars(this.flow.liveIn.low[to], this.flow.liveIn.high[to]);
  }

  /** The same where the region is entered, with what it has been given. */
  loadAtEntry(to: number): void {
    this.loadVars(this.flow.liveIn.low[to] & ~PASSED_SET, this.flow.liveIn.high[to]);
  }

  /** Pushes what a region is given besides the depth, where a block leaves this one: everything is stored. */
  pass(b: number): void {
    for (const v of PASSED_VARS) this.#pushVar(b, v);
  }

  /** The same for a region that loads everything, since it is entered by a number. */
  passNothing(): void {
    for (let i = 0; i < PASSED_VARS.length; i++) {
      this.out.byte(W_I64_CONST);
      this.out.s64(0, 0);
    }
  }

  /** Pushes a register at the end of a block, when everything is stored. */
  #pushVar(b: number, v: number): void {
    const { set, liveIn, late } = this.flow;
    if (((set.low[b] | liveIn.low[b] | late.low[b]) & 1 << v) !== 0) this.get(this.locals.ofVar[v]);
    else this.values.pushHome(v);
  }

  /** Takes what a call has given, from the stack into its local if it is wanted there: goes on at a block. */
  takeResult(to: number): void {
    if ((this.flow.liveIn.low[to] & RESULT_SET) !== 0) this.set(this.locals.ofVar[RESULT_VAR]);
    else this.out.byte(W_DROP);
  }

  /** Loads what the successor of a call needs besides that. */
  reloadAfterCall(to: number): void {
    this.loadVars(this.flow.liveIn.low[to] & ~RESULT_SET, this.flow.liveIn.high[to]);
  }

  /** Puts an item on the work list, which is done from its end. */
  push(kind: number, a = 0, b = 0): void {
    this.work.push(kind, a, b);
  }

  /** How many labels further out that of a block is. */
  label(block: number): number {
    return this.labels.length - 1 - this.#labelAt[block];
  }

  /** Begins a block or loop to whose label one branches for that block. */
  pushLabel(block: number): void {
    this.#labelAt[block] = this.labels.push(block) - 1;
  }

  /** Goes along an edge: a branch to a label, the target's code in place, or out of the region. Never falls through. */
  edge(from: number, to: number): void {
    if (!this.isPlainBr(from, to)) return this.push(WORK_TREE, to);
    const label = this.label(to), { rank } = this.cfg;
    this.out.byte(W_BR);
    this.out.u32(label);
    if (label === 0 && rank[to] > rank[from]) this.#brEnd = this.out.length;
  }

  /** Ends the innermost block, loop or `if`. */
  endLabel(): void {
    const { out } = this;
    if (out.length === this.#brEnd) out.length -= 2;
    this.labels.pop();
    out.byte(W_END);
  }

  /** True when going along an edge is nothing but one br. */
  isPlainBr(from: number, to: number): boolean {
    const { rank, merge } = this.cfg;
    return rank[to] <= rank[from] || merge[to] === 1;
  }

  /** Which entry of a loop with several is meant. */
  selector(): number {
    return this.#selectorLocal < 0 ? this.#selectorLocal = this.locals.add(TYPE_I32) : this.#selectorLocal;
  }

  /** Index into the table of a switch that several jumps share. */
  tableIndex(): number {
    return this.#tableIndexLocal < 0 ? this.#tableIndexLocal = this.locals.add(TYPE_I32) : this.#tableIndexLocal;
  }

  /** The guest pc to go on at. */
  nextPc(): number {
    return this.locals.named("next");
  }

  /** A slot of the table. */
  slot(): number {
    return this.locals.named("slot");
  }

  /** Fuel is counted in a local. */
  loadFuel(): void {
    this.fuelLocal = this.locals.named("fuel");
    this.const(0);
    this.memory(OP.i32_load, STATE_FUEL);
    this.set(this.fuelLocal);
  }
}

/** Number of the lowest bit of a set that is not empty. */
function lowestBit(set: number): number {
  return 31 - Math.clz32(set & -set);
}
