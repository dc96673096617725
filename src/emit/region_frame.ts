/**
 * The wasm function that a region becomes: its locals, its labels, what is still to be done, and the small pieces of code of
 * which all parts of the emitter are made.
 */
import { END_CALL, END_CALL_INDIRECT, type IrFunction } from "../ir/function.ts";
import { OP, TYPE_I32, TYPE_I64, TYPE_V128 } from "../ir/ops.ts";
import { VAR_COUNT, VAR_HOME, VAR_TYPE } from "../ir/variables.ts";
import { STACK_UNIT, STATE_FUEL } from "../machine/state.ts";
import { ByteArena } from "./arena.ts";
import { WasmBytes } from "./bytes.ts";
import { type Cfg } from "./cfg.ts";
import { TYPE_CODES, W_BR, W_I32_CONST, W_LOCAL_GET, W_LOCAL_SET, W_RETURN } from "./opcodes.ts";
import type { ModulePlan, TrapMap } from "./region_code.ts";
import { TrapRecorder } from "./trap_recorder.ts";
import { ValueEmitter } from "./values.ts";
import { type VarFlow } from "./var_flow.ts";

/** Most that a guest's frame counts: less than the depth that a run starts with. */
const MAX_GUEST_COST = 4096;

/** Local 0 is the parameter. */
export const LOCAL_DEPTH = 0;

/** Work items: a kind and up to two block numbers. */
export const WORK_TREE = 0, WORK_WITHIN = 1, WORK_BLOCK = 2, WORK_END_LABEL = 3, WORK_EDGE = 4, WORK_CHECK = 5;
export const WORK_MISS = 6, WORK_GATE_TEST = 7, WORK_GATE_ARM = 8, WORK_GATE_PASS = 9, WORK_CALL_THROUGH = 10;

export class RegionFrame {
  readonly out: WasmBytes = new WasmBytes();
  readonly traps: TrapRecorder;
  readonly values: ValueEmitter;
  fn!: IrFunction;
  cfg!: Cfg;
  flow!: VarFlow;
  /** Wasm labels, innermost last: the block they lead to, or -1 for an `if`. */
  labels: number[] = [];
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
  /** The list of the locals. */
  readonly #head = new WasmBytes();
  readonly #varLocal = new Int32Array(VAR_COUNT);
  /** Types of locals 1.. */
  #localTypes: number[] = [];
  #nextPcLocal = -1;
  #slotLocal = -1;
  #selectorLocal = -1;
  #tableIndexLocal = -1;
  readonly #freeTemps: number[][] = [[], [], [], [], [], []];
  readonly #usedTemps: number[][] = [[], [], [], [], [], []];

  constructor(readonly plan: ModulePlan) {
    this.traps = new TrapRecorder(this.out);
    this.values = new ValueEmitter(this.out, plan, this.traps, (type) => this.#temp(type));
  }

  /** `hostCost` is what the function's locals are known to take of the host's stack, in units of depth. */
  begin(fn: IrFunction, cfg: Cfg, flow: VarFlow, hostCost: number): void {
    this.out.reset();
    this.fn = fn;
    this.cfg = cfg;
    this.flow = flow;
    this.labels = [];
    this.#localTypes = [];
    for (const pool of [...this.#freeTemps, ...this.#usedTemps]) pool.length = 0;
    this.#nextPcLocal =
      this.#slotLocal =
      this.#selectorLocal =
      this.#tableIndexLocal =
        -1;
    this.fuelLocal = this.reenterLocal = -1;
    for (let v = 0; v < VAR_COUNT; v++) {
      this.#varLocal[v] = inSet(v, flow.used, flow.usedHigh) ? this.newLocal(VAR_TYPE[v]) : -1;
    }
    this.calls = cfg.order.some((b) => fn.blocks[b].kind === END_CALL || fn.blocks[b].kind === END_CALL_INDIRECT);
    this.values.begin(fn, this.#varLocal);
    this.traps.begin(fn, flow);
    const guestCost = Math.min(flow.frameBytes / STACK_UNIT + 0.5, MAX_GUEST_COST);
    this.frameCost = Math.max(this.hostCost(), hostCost, Math.ceil(guestCost));
  }

  /** What the frame takes of the host's stack with the locals that there are now, in units of depth. */
  hostCost(): number {
    const vectors = this.#localTypes.reduce((n, type) => n + +(type === TYPE_V128), 0);
    return 6 + ((this.#localTypes.length + vectors) >> 1);
  }

  /** The function's body, and its places for faults. */
  take(): { body: Uint8Array; traps: TrapMap } {
    const head = this.#head;
    head.reset();
    const runs: [number, number][] = [];
    for (const type of this.#localTypes) {
      const last = runs.at(-1);
      if (last !== undefined && last[1] === type) last[0]++;
      else runs.push([1, type]);
    }
    head.u32(runs.length);
    for (const [count, type] of runs) {
      head.u32(count);
      head.byte(TYPE_CODES[type]);
    }
    const body = this.#bodies.reserve(head.length + this.out.length);
    body.set(head.view());
    body.set(this.out.view(), head.length);
    return { body, traps: this.traps.take(head.length) };
  }

  /** Locals beside the parameter are numbered from 1. */
  newLocal(type: number): number {
    return this.#localTypes.push(type);
  }

  /** A local for a value of the current block; free again in the next one. */
  #temp(type: number): number {
    const local = this.#freeTemps[type].pop() ?? this.newLocal(type);
    this.#usedTemps[type].push(local);
    return local;
  }

  releaseTemps(): void {
    for (let t = TYPE_I32; t <= TYPE_V128; t++) {
      const used = this.#usedTemps[t];
      while (used.length > 0) this.#freeTemps[t].push(used.pop()!);
    }
  }

  get(local: number): void {
    this.out.byte(W_LOCAL_GET);
    this.out.u32(local);
  }

  set(local: number): void {
    this.out.byte(W_LOCAL_SET);
    this.out.u32(local);
  }

  const(value: number): void {
    this.out.byte(W_I32_CONST);
    this.out.s32(value);
  }

  return(): void {
    this.out.byte(W_RETURN);
  }

  /** Stores an i32 constant (a pc: the upper half of rip is always zero) at an offset of the state block. */
  storeState(offset: number, value: number): void {
    this.const(0);
    this.const(value);
    this.memory(OP.i32_store, offset);
  }

  /** A load or store, with its address (and value) on the stack. */
  memory(op: number, offset: number): void {
    this.values.memoryOp(op, offset);
  }

  /** Stores variables into the state block. */
  storeVars(set: number, setHigh: number): void {
    for (let v = 0; v < VAR_COUNT; v++) {
      if (!inSet(v, set, setHigh)) continue;
      this.const(0);
      this.get(this.#varLocal[v]);
      this.memory(STORE_OF_TYPE[VAR_TYPE[v]], VAR_HOME[v]);
    }
  }

  /** Loads variables from it. */
  loadVars(set: number, setHigh: number): void {
    for (let v = 0; v < VAR_COUNT; v++) {
      if (!inSet(v, set, setHigh)) continue;
      this.const(0);
      this.memory(LOAD_OF_TYPE[VAR_TYPE[v]], VAR_HOME[v]);
      this.set(this.#varLocal[v]);
    }
  }

  /** Stores what is to be stored where a block leaves the region. */
  spill(b: number): void {
    this.storeVars(this.flow.spill.low[b], this.flow.spill.high[b]);
  }

  /** Loads what the successor needs after everything was stored (call, syscall). */
  reload(to: number): void {
    this.loadVars(this.flow.liveIn.low[to], this.flow.liveIn.high[to]);
  }

  /** Puts an item on the work list, which is done from its end. */
  push(kind: number, a = 0, b = 0): void {
    this.work.push(kind, a, b);
  }

  /** How many labels further out that of a block is. */
  label(block: number): number {
    return this.labels.length - 1 - this.labels.lastIndexOf(block);
  }

  /** Goes along an edge: a branch to a label, the target's code in place, or out of the region. Never falls through. */
  edge(from: number, to: number): void {
    if (!this.isPlainBr(from, to)) return this.push(WORK_TREE, to);
    this.out.byte(W_BR);
    this.out.u32(this.label(to));
  }

  /** True when going along an edge is nothing but one br. */
  isPlainBr(from: number, to: number): boolean {
    const { rank, merge } = this.cfg;
    return rank[to] <= rank[from] || merge[to] === 1;
  }

  /** Which entry of a loop with several is meant. */
  selector(): number {
    return this.#selectorLocal < 0 ? this.#selectorLocal = this.newLocal(TYPE_I32) : this.#selectorLocal;
  }

  /** Index into the table of a switch that several jumps share. */
  tableIndex(): number {
    return this.#tableIndexLocal < 0 ? this.#tableIndexLocal = this.newLocal(TYPE_I32) : this.#tableIndexLocal;
  }

  /** The guest pc to go on at. */
  nextPc(): number {
    return this.#nextPcLocal < 0 ? this.#nextPcLocal = this.newLocal(TYPE_I32) : this.#nextPcLocal;
  }

  /** A slot of the table. */
  slot(): number {
    return this.#slotLocal < 0 ? this.#slotLocal = this.newLocal(TYPE_I32) : this.#slotLocal;
  }

  /** Fuel is counted in a local. */
  loadFuel(): void {
    this.fuelLocal = this.newLocal(TYPE_I32);
    this.const(0);
    this.memory(OP.i32_load, STATE_FUEL);
    this.set(this.fuelLocal);
  }
}

function inSet(v: number, set: number, setHigh: number): boolean {
  return v < 32 ? (set & (1 << v)) !== 0 : (setHigh & (1 << (v - 32))) !== 0;
}

const LOAD_OF_TYPE: Record<number, number> = {
  [TYPE_I32]: OP.i32_load,
  [TYPE_I64]: OP.i64_load,
  [TYPE_V128]: OP.v128_load,
};
const STORE_OF_TYPE: Record<number, number> = {
  [TYPE_I32]: OP.i32_store,
  [TYPE_I64]: OP.i64_store,
  [TYPE_V128]: OP.v128_store,
};
