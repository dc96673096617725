/**
 * One region as a wasm function (depth: i32) -> i32 next pc.
 *
 * `depth` is what is left of the host's stack and of the guest's, in units of 16 bytes: each call passes less, and a region
 * entered with less than nothing returns its own pc, so that everything unwinds to the dispatcher, which enters it again with a
 * fresh stack. With REENTER_DEPTH less than that it is entered at the block of a number (reentry.ts).
 *
 * A region returns the guest pc to go on at. Its caller compares that with the return address it expects and, on a mismatch,
 * returns it in turn: longjmp, stack switches, stops (pc 0) all unwind by themselves.
 *
 * Control flow is structured along the dominator tree (Ramsey, "Beyond Relooper", ICFP 2022), with an explicit work list
 * instead of recursion: dominator trees of straight code with many calls are deep.
 */
import { bug } from "../errors.ts";
import {
  END_BRANCH,
  END_CALL,
  END_CALL_INDIRECT,
  END_EXIT,
  END_EXIT_INDIRECT,
  END_JUMP,
  END_RETURN,
  END_RETURN_INSIDE,
  END_SWITCH_PC,
  END_SYSCALL,
  END_TRAP,
  type IrBlock,
  type IrFunction,
} from "../ir/function.ts";
import { OP, TYPE_I32, TYPE_I64, TYPE_V128 } from "../ir/ops.ts";
import { VAR_COUNT, VAR_HOME, VAR_TYPE } from "../ir/variables.ts";
import {
  FAULT_FETCH,
  FAULT_USER,
  REENTER_DEPTH,
  STACK_UNIT,
  STATE_FAULT_ERROR,
  STATE_FUEL,
  STATE_REENTER,
  STATE_RIP,
  STATE_STOP,
  STATE_STOP_INFO,
  STOP_NOT_FUSED,
  STOP_SEGV,
} from "../machine/state.ts";
import { WasmBytes } from "./bytes.ts";
import { type Cfg, END_LANDING, END_REENTER } from "./cfg.ts";
import { END_JUMP_SELECTED, END_SELECT } from "./irreducible.ts";
import {
  BLOCK_EMPTY,
  TYPE_CODES,
  W_BLOCK,
  W_BR,
  W_BR_IF,
  W_BR_TABLE,
  W_CALL,
  W_CALL_INDIRECT,
  W_ELSE,
  W_END,
  W_GLOBAL_GET,
  W_I32_CONST,
  W_IF,
  W_LOCAL_GET,
  W_LOCAL_SET,
  W_LOCAL_TEE,
  W_LOOP,
  W_RETURN,
  W_RETURN_CALL,
  W_RETURN_CALL_INDIRECT,
  W_UNREACHABLE,
} from "./opcodes.ts";
import { analyseReentry, type ResumePoint } from "./reentry.ts";
import type { ModulePlan, RegionCode, RegionTarget } from "./region_code.ts";
import { END_JUMP_SWITCHED, END_SWITCH_SHARED, shareSwitches } from "./shared_switch.ts";
import { TrapRecorder } from "./trap_recorder.ts";
import { RELAXED_MADD } from "./function_ops.ts";
import { ValueEmitter } from "./values.ts";
import { solveVarFlow, type VarFlow } from "./var_flow.ts";

/** Most that a guest's frame counts: less than the depth that a run starts with. */
const MAX_GUEST_COST = 4096;

/** Gates with more ways than this have a br_table, others a chain of tests. */
const MAX_TESTS = 6;

/** Local 0 is the parameter. */
const LOCAL_DEPTH = 0;

/** Work items: a kind and up to two block numbers. */
const WORK_TREE = 0, WORK_WITHIN = 1, WORK_BLOCK = 2, WORK_END_LABEL = 3, WORK_EDGE = 4, WORK_CHECK = 5, WORK_MISS = 6;
const WORK_GATE_TEST = 7, WORK_GATE_ARM = 8, WORK_GATE_PASS = 9, WORK_CALL_THROUGH = 10;

export class RegionEmitter {
  readonly out: WasmBytes = new WasmBytes();
  readonly #traps: TrapRecorder;
  readonly #values: ValueEmitter;
  #fn!: IrFunction;
  #cfg!: Cfg;
  #flow!: VarFlow;
  /** Types of locals 1.. */
  #localTypes: number[] = [];
  readonly #varLocal = new Int32Array(VAR_COUNT);
  /** Wasm labels, innermost last: the block they lead to, or -1 for an `if`. */
  #labels: number[] = [];
  #work: number[] = [];
  #nextPcLocal = -1;
  #slotLocal = -1;
  #fuelLocal = -1;
  /** Number of the block to go on at, where the region has loops. */
  #reenterLocal = -1;
  #numbers!: Int32Array;
  #sideEntries: { pc: number; number: number }[] = [];
  #resumePoints: ResumePoint[] = [];
  #selectorLocal = -1;
  /** Index into the table of a switch that several jumps share. */
  #tableIndexLocal = -1;
  #calls = false;
  /** The region has fused products. */
  #fused = false;
  /** What a call of this region takes from `depth`. */
  #frameCost = 0;
  #freeTemps: number[][] = [[], [], [], [], [], []];
  #usedTemps: number[][] = [[], [], [], [], [], []];

  constructor(readonly plan: ModulePlan) {
    this.#traps = new TrapRecorder(this.out);
    this.#values = new ValueEmitter(this.out, plan, this.#traps, (type) => this.#temp(type));
  }

  emit(fn: IrFunction): RegionCode {
    const { out } = this;
    out.reset();
    this.#fn = fn;
    shareSwitches(fn);
    const { cfg, numbers, sideNumbers, resumePoints } = analyseReentry(fn, this.plan.resumable);
    this.#cfg = cfg;
    this.#numbers = numbers;
    this.#sideEntries = fn.sideEntries.map((b, i) => ({ pc: fn.blocks[b].pc, number: sideNumbers[i] }));
    this.#resumePoints = resumePoints;
    this.#flow = solveVarFlow(fn, this.#cfg);
    this.#localTypes = [];
    this.#labels = [];
    for (const pool of [...this.#freeTemps, ...this.#usedTemps]) pool.length = 0;
    this.#nextPcLocal =
      this.#slotLocal =
      this.#fuelLocal =
      this.#reenterLocal =
      this.#selectorLocal =
      this.#tableIndexLocal =
        -1;
    this.#calls = false;
    this.#fused = usesFused(fn);
    for (let v = 0; v < VAR_COUNT; v++) {
      this.#varLocal[v] = inSet(v, this.#flow.used, this.#flow.usedHigh) ? this.#newLocal(VAR_TYPE[v]) : -1;
    }
    for (const b of this.#cfg.order) {
      const { kind } = fn.blocks[b];
      if (kind === END_CALL || kind === END_CALL_INDIRECT) this.#calls = true;
    }
    this.#values.begin(fn, this.#varLocal);
    this.#traps.begin(fn, this.#flow);
    const guestCost = Math.min(this.#flow.frameBytes / STACK_UNIT + 0.5, MAX_GUEST_COST);
    this.#frameCost = Math.max(6 + (this.#localTypes.length >> 1), Math.ceil(guestCost));
    this.#prologue();
    if (this.#calls) {
      // Calls that come back elsewhere than expected branch out of this block.
      out.byte(W_BLOCK);
      out.byte(BLOCK_EMPTY);
      this.#labels.push(-1);
    }
    this.#structure();
    out.byte(W_UNREACHABLE);
    if (this.#calls) {
      out.byte(W_END);
      this.#get(this.#nextPc());
    }
    out.byte(W_END);
    return this.#finish();
  }

  // ---- locals --------------------------------------------------------------------------------------------------------

  #newLocal(type: number): number {
    return this.#localTypes.push(type);
  }

  /** A local for a value of the current block; free again in the next one. */
  #temp(type: number): number {
    const local = this.#freeTemps[type].pop() ?? this.#newLocal(type);
    this.#usedTemps[type].push(local);
    return local;
  }

  #releaseTemps(): void {
    for (let t = TYPE_I32; t <= TYPE_V128; t++) {
      const used = this.#usedTemps[t];
      while (used.length > 0) this.#freeTemps[t].push(used.pop()!);
    }
  }

  // ---- pieces of code ------------------------------------------------------------------------------------------------

  #get(local: number): void {
    this.out.byte(W_LOCAL_GET);
    this.out.u32(local);
  }

  #set(local: number): void {
    this.out.byte(W_LOCAL_SET);
    this.out.u32(local);
  }

  #const(value: number): void {
    this.out.byte(W_I32_CONST);
    this.out.s32(value);
  }

  #return(): void {
    this.out.byte(W_RETURN);
  }

  /** Stores an i32 constant (a pc: the upper half of rip is always zero) at an offset of the state block. */
  #storeState(offset: number, value: number): void {
    this.#const(0);
    this.#const(value);
    this.#memory(OP.i32_store, offset);
  }

  #memory(op: number, offset: number): void {
    this.#values.memoryOp(op, offset);
  }

  #storeVars(set: number, setHigh: number): void {
    for (let v = 0; v < VAR_COUNT; v++) {
      if (!inSet(v, set, setHigh)) continue;
      this.#const(0);
      this.#get(this.#varLocal[v]);
      this.#memory(STORE_OF_TYPE[VAR_TYPE[v]], VAR_HOME[v]);
    }
  }

  #loadVars(set: number, setHigh: number): void {
    for (let v = 0; v < VAR_COUNT; v++) {
      if (!inSet(v, set, setHigh)) continue;
      this.#const(0);
      this.#memory(LOAD_OF_TYPE[VAR_TYPE[v]], VAR_HOME[v]);
      this.#set(this.#varLocal[v]);
    }
  }

  #spill(b: number): void {
    this.#storeVars(this.#flow.spill.low[b], this.#flow.spill.high[b]);
  }

  /** Fused products are for hosts that round them once; on others the interpreter does what this region would. */
  #leaveUnlessFused(): void {
    const { out } = this;
    out.byte(W_GLOBAL_GET);
    out.u32(this.plan.fused());
    out.byte(OP.i32_eqz);
    out.byte(W_IF);
    out.byte(BLOCK_EMPTY);
    this.#storeState(STATE_RIP, this.#fn.entryPc);
    this.#storeState(STATE_STOP, STOP_NOT_FUSED);
    this.#const(0);
    this.#return();
    out.byte(W_END);
  }

  #prologue(): void {
    const { out } = this;
    if (this.#fused) this.#leaveUnlessFused();
    if (this.#fn.blocks[0].kind === END_REENTER) {
      if (this.#numbers.some((number) => number > 0)) this.#loadFuel();
      this.#reenterLocal = this.#newLocal(TYPE_I32);
      return;
    }
    if (this.#calls) {
      this.#ifLittleDepth();
      this.#returnEntry();
      out.byte(W_END);
    }
    this.#loadVars(this.#flow.liveIn.low[0], this.#flow.liveIn.high[0]);
  }

  /** Takes this frame's cost from the depth; `if` it is not there. */
  #ifLittleDepth(): void {
    const { out } = this;
    this.#get(LOCAL_DEPTH);
    if (this.#calls) {
      this.#const(this.#frameCost);
      out.byte(OP.i32_sub);
      out.byte(W_LOCAL_TEE);
      out.u32(LOCAL_DEPTH);
    }
    this.#const(0);
    out.byte(OP.i32_lt_s);
    out.byte(W_IF);
    out.byte(BLOCK_EMPTY);
  }

  #returnEntry(): void {
    this.#const(this.#fn.entryPc);
    this.#return();
  }

  #loadFuel(): void {
    this.#fuelLocal = this.#newLocal(TYPE_I32);
    this.#const(0);
    this.#memory(OP.i32_load, STATE_FUEL);
    this.#set(this.#fuelLocal);
  }

  // ---- control flow --------------------------------------------------------------------------------------------------

  #push(kind: number, a = 0, b = 0): void {
    this.#work.push(kind, a, b);
  }

  #structure(): void {
    const { out } = this;
    this.#push(WORK_TREE, 0);
    while (this.#work.length > 0) {
      const b = this.#work.pop()!, a = this.#work.pop()!, kind = this.#work.pop()!;
      switch (kind) {
        case WORK_TREE:
          if (this.#cfg.loopHeader[a]) {
            out.byte(W_LOOP);
            out.byte(BLOCK_EMPTY);
            this.#labels.push(a);
            this.#push(WORK_END_LABEL);
          }
          if (this.#cfg.fuel[a]) this.#fuelCheck(a);
          this.#push(WORK_WITHIN, a);
          break;
        case WORK_WITHIN: {
          const merges = this.#cfg.children[a].filter((c) => this.#cfg.merge[c]);
          for (let i = merges.length - 1; i >= 0; i--) {
            out.byte(W_BLOCK);
            out.byte(BLOCK_EMPTY);
            this.#labels.push(merges[i]);
            this.#push(WORK_TREE, merges[i]);
            this.#push(WORK_END_LABEL);
          }
          this.#push(WORK_BLOCK, a);
          break;
        }
        case WORK_BLOCK:
          this.#block(a);
          break;
        case WORK_END_LABEL:
          this.#labels.pop();
          out.byte(W_END);
          break;
        case WORK_EDGE:
          this.#edge(a, b);
          break;
        case WORK_CHECK:
          this.#checkArm(a, b);
          break;
        case WORK_GATE_TEST:
          this.#get(this.#reenterLocal);
          this.#const(a);
          out.byte(OP.i32_ge_s);
          out.byte(W_IF);
          out.byte(BLOCK_EMPTY);
          this.#labels.push(-1);
          break;
        case WORK_GATE_ARM:
          this.#gateArm(a, b);
          break;
        case WORK_GATE_PASS:
          if (a === 0) this.#reload(this.#fn.blocks[a].succ[0]);
          this.#edge(a, this.#fn.blocks[a].succ[0]);
          break;
        case WORK_CALL_THROUGH:
          this.#callThrough(a);
          break;
        case WORK_MISS:
          // Not a target we know: the dispatcher looks it up.
          this.#spill(a);
          this.#get(b);
          this.#return();
          break;
      }
    }
  }

  #label(block: number): number {
    return this.#labels.length - 1 - this.#labels.lastIndexOf(block);
  }

  /** Goes along an edge: a branch to a label, the target's code in place, or out of the region. Never falls through. */
  #edge(from: number, to: number): void {
    const { out } = this;
    const { rank } = this.#cfg;
    if (rank[to] > rank[from]) {
      if (!this.#cfg.merge[to]) return this.#push(WORK_TREE, to);
      out.byte(W_BR);
      out.u32(this.#label(to));
      return;
    }
    out.byte(W_BR);
    out.u32(this.#label(to));
  }

  /**
   * At the head of a loop: without fuel, the kernel may take over here; if it does not, the loop goes on in this function called
   * anew.
   */
  #fuelCheck(header: number): void {
    const { out } = this;
    this.#get(this.#fuelLocal);
    this.#const(1);
    out.byte(OP.i32_sub);
    out.byte(W_LOCAL_TEE);
    out.u32(this.#fuelLocal);
    this.#const(0);
    out.byte(OP.i32_lt_s);
    out.byte(W_IF);
    out.byte(BLOCK_EMPTY);
    this.#storeVars(this.#flow.fuel.low[header], this.#flow.fuel.high[header]);
    this.#storeState(STATE_RIP, this.#fn.blocks[header].pc);
    this.#stopIfWanted();
    this.#storeState(STATE_REENTER, this.#numbers[header]);
    this.#get(LOCAL_DEPTH);
    this.#const(REENTER_DEPTH - (this.#calls ? this.#frameCost : 0));
    out.byte(OP.i32_sub);
    this.#tailCallTo(this.#fn.entryPc);
    out.byte(W_END);
  }

  /** Asks the kernel for fuel, and leaves if it takes over. */
  #stopIfWanted(): void {
    const { out } = this;
    out.byte(W_CALL);
    out.u32(this.plan.fuel);
    out.byte(W_IF);
    out.byte(BLOCK_EMPTY);
    this.#const(0);
    this.#return();
    out.byte(W_END);
  }

  /** Tests from the last arm to the first: numbers ascend, and the first arm's are what is left. */
  #gate(b: number, block: IrBlock): void {
    const { out } = this;
    if (b === 0) this.#ifReentered();
    else {
      this.#get(this.#reenterLocal);
      out.byte(W_IF);
      out.byte(BLOCK_EMPTY);
    }
    this.#labels.push(-1);
    this.#push(WORK_GATE_PASS, b);
    this.#push(WORK_END_LABEL);
    if (block.succ.length > MAX_TESTS) return this.#gateTable(b, block);
    this.#push(WORK_GATE_ARM, b, 1);
    for (let i = 2; i < block.succ.length; i++) {
      this.#push(WORK_END_LABEL);
      this.#push(WORK_GATE_ARM, b, i);
      this.#push(WORK_GATE_TEST, block.pcs[i]);
    }
  }

  /** Without a number, a depth below zero is just too little. */
  #ifReentered(): void {
    const { out } = this;
    this.#ifLittleDepth();
    out.byte(W_CALL);
    out.u32(this.plan.reenter());
    out.byte(W_LOCAL_TEE);
    out.u32(this.#reenterLocal);
    out.byte(OP.i32_eqz);
    out.byte(W_IF);
    out.byte(BLOCK_EMPTY);
    this.#returnEntry();
    out.byte(W_END);
    this.#get(LOCAL_DEPTH);
    this.#const(REENTER_DEPTH);
    out.byte(OP.i32_add);
    this.#set(LOCAL_DEPTH);
  }

  /** The same by a br_table: numbers of an arm are a run. */
  #gateTable(b: number, { succ, pcs, index: last }: IrBlock): void {
    const { out } = this;
    for (let i = 1; i < succ.length; i++) {
      out.byte(W_BLOCK);
      out.byte(BLOCK_EMPTY);
      this.#labels.push(-1);
    }
    this.#get(this.#reenterLocal);
    this.#const(pcs[1]);
    out.byte(OP.i32_sub);
    out.byte(W_BR_TABLE);
    out.u32(last - pcs[1]);
    for (let number = pcs[1], arm = 1; number <= last; number++) {
      if (pcs[arm + 1] === number) arm++;
      out.u32(arm - 1);
    }
    for (let i = succ.length - 1; i >= 1; i--) {
      this.#push(WORK_GATE_ARM, b, i);
      this.#push(WORK_END_LABEL);
    }
  }

  /** Arrives at the head of a loop, or goes on to the gate before it if the number is one inside. */
  #gateArm(b: number, i: number): void {
    const { out } = this;
    const { succ, pcs } = this.#fn.blocks[b];
    const isGate = this.#fn.blocks[succ[i]].kind === END_REENTER;
    if (isGate) {
      this.#get(this.#reenterLocal);
      this.#const(pcs[i]);
      out.byte(OP.i32_eq);
      out.byte(W_IF);
      out.byte(BLOCK_EMPTY);
    }
    this.#const(0);
    this.#set(this.#reenterLocal);
    this.#reload(succ[i]);
    if (isGate) out.byte(W_END);
    this.#edge(b, succ[i]);
  }

  /** A block's operations and its end. */
  #block(b: number): void {
    const block = this.#fn.blocks[b];
    this.#releaseTemps();
    const early = this.#flow.early.low[b], earlyHigh = this.#flow.early.high[b];
    this.#traps.beginBlock(b);
    this.#values.block(block, (early | earlyHigh) !== 0 || block.kind === END_RETURN);
    this.#storeVars(early, earlyHigh);
    switch (block.kind) {
      case END_JUMP:
        return this.#edge(b, block.succ[0]);
      case END_JUMP_SELECTED:
        this.#const(block.index);
        this.#set(this.#selector());
        return this.#edge(b, block.succ[0]);
      case END_REENTER:
        return this.#gate(b, block);
      case END_LANDING:
        this.#reload(block.succ[0]);
        return this.#edge(b, block.succ[0]);
      case END_SELECT:
        return this.#select(b, block);
      case END_BRANCH:
        return this.#branch(b, block);
      case END_SWITCH_PC:
        return this.#switch(b, block);
      case END_JUMP_SWITCHED:
        this.#values.value(block.value);
        this.#set(this.#nextPc());
        this.#values.value(block.index);
        this.#set(this.#tableIndex());
        return this.#edge(b, block.succ[0]);
      case END_SWITCH_SHARED:
        return this.#switchOn(b, block, () => this.#get(this.#tableIndex()));
      case END_CALL:
      case END_CALL_INDIRECT:
        return this.#call(b, block);
      case END_SYSCALL:
        return this.#syscall(b, block);
      case END_RETURN:
        this.#spill(b);
        this.#values.value(block.value);
        return this.#return();
      case END_RETURN_INSIDE:
        return this.#returnInside(b, block);
      case END_EXIT:
        return this.#exit(b, block.target);
      case END_EXIT_INDIRECT:
        return this.#exitIndirect(b, block);
      case END_TRAP:
        this.#spill(b);
        this.#storeState(STATE_RIP, block.target);
        this.#storeState(STATE_STOP, block.trap);
        this.#storeState(STATE_STOP_INFO, block.target);
        if (block.trap === STOP_SEGV) this.#storeState(STATE_FAULT_ERROR, FAULT_USER | FAULT_FETCH);
        this.#const(0);
        return this.#return();
    }
    throw new Error(`block ${b} of region 0x${this.#fn.entryPc.toString(16)} has no end`);
  }

  /** True when going along an edge is nothing but one br. */
  #isPlainBr(from: number, to: number): boolean {
    const { rank, merge } = this.#cfg;
    if (rank[to] > rank[from]) return merge[to] === 1;
    return true;
  }

  #branch(b: number, block: IrBlock): void {
    const { out } = this;
    const [then, otherwise] = block.succ;
    this.#values.value(block.value);
    if (this.#isPlainBr(b, then)) {
      out.byte(W_BR_IF);
      out.u32(this.#label(then));
      return this.#edge(b, otherwise);
    }
    if (this.#isPlainBr(b, otherwise)) {
      out.byte(OP.i32_eqz);
      out.byte(W_BR_IF);
      out.u32(this.#label(otherwise));
      return this.#edge(b, then);
    }
    // No path falls through, so no else is needed.
    out.byte(W_IF);
    out.byte(BLOCK_EMPTY);
    this.#labels.push(-1);
    this.#push(WORK_EDGE, b, otherwise);
    this.#push(WORK_END_LABEL);
    this.#push(WORK_EDGE, b, then);
  }

  /** Goes on behind the call that was taken in, unless its return address has been changed. */
  #returnInside(b: number, { value, returnPc, succ }: IrBlock): void {
    const { out } = this, next = this.#nextPc();
    this.#values.value(value);
    out.byte(W_LOCAL_TEE);
    out.u32(next);
    this.#const(returnPc);
    out.byte(OP.i32_ne);
    out.byte(W_IF);
    out.byte(BLOCK_EMPTY);
    this.#spill(b);
    this.#get(next);
    this.#return();
    out.byte(W_END);
    this.#edge(b, succ[0]);
  }

  #switch(b: number, block: IrBlock): void {
    this.#values.value(block.value);
    this.#set(this.#nextPc());
    this.#switchOn(b, block, block.index < 0 ? null : () => this.#values.value(block.index));
  }

  /** br_table on the index, then the real target is compared; without an index, or beyond it, a chain of comparisons. */
  #switchOn(b: number, block: IrBlock, pushIndex: (() => void) | null): void {
    const { out } = this;
    const pcLocal = this.#nextPc();
    const targets = [...new Set(block.succ)];
    const pcOf = new Map(block.succ.map((s, k) => [s, block.pcs[k]]));
    // block $miss  block $t0  block $t1 ...  br_table  end ... each: if pc != K br $miss, edge.
    for (let i = targets.length; i >= 0; i--) {
      out.byte(W_BLOCK);
      out.byte(BLOCK_EMPTY);
    }
    if (pushIndex !== null) {
      pushIndex();
      out.byte(W_BR_TABLE);
      out.u32(block.succ.length);
      for (const s of block.succ) out.u32(targets.indexOf(s));
      out.u32(targets.length);
    } else {
      targets.forEach((t, i) => {
        this.#get(pcLocal);
        this.#const(pcOf.get(t)!);
        out.byte(OP.i32_eq);
        out.byte(W_BR_IF);
        out.u32(i);
      });
      out.byte(W_BR);
      out.u32(targets.length);
    }
    // The innermost block is targets[0]; each is closed, checked and followed. The work list runs them in order.
    for (let i = 0; i <= targets.length; i++) this.#labels.push(-1);
    this.#switchArms(b, targets, targets.map((t) => pcOf.get(t)!), pcLocal);
  }

  // Arms are emitted as nested blocks close; an arm may inline whole subtrees, so it goes through the work list in pieces.
  #switchArms(b: number, targets: number[], pcs: number[], pcLocal: number): void {
    // After the last arm: the miss exit.
    this.#push(WORK_MISS, b, pcLocal);
    this.#push(WORK_END_LABEL);
    for (let i = targets.length - 1; i >= 0; i--) {
      this.#push(WORK_EDGE, b, targets[i]);
      this.#push(WORK_CHECK, pcs[i], pcLocal | ((targets.length - 1 - i) << 16));
      this.#push(WORK_END_LABEL);
    }
  }

  /** Leaves a switch arm for the miss exit unless the target address is the one expected. */
  #checkArm(pc: number, packed: number): void {
    const { out } = this;
    this.#get(packed & 0xffff);
    this.#const(pc);
    out.byte(OP.i32_ne);
    out.byte(W_BR_IF);
    out.u32(packed >> 16);
  }

  /** The head of a loop with several entries: a br_table whose arms follow as nested blocks close. */
  #select(b: number, { succ }: IrBlock): void {
    const { out } = this;
    for (let i = 0; i < succ.length; i++) {
      out.byte(W_BLOCK);
      out.byte(BLOCK_EMPTY);
      this.#labels.push(-1);
    }
    this.#get(this.#selector());
    out.byte(W_BR_TABLE);
    out.u32(succ.length - 1);
    for (let i = 0; i < succ.length; i++) out.u32(i);
    for (let i = succ.length - 1; i >= 0; i--) {
      this.#push(WORK_EDGE, b, succ[i]);
      this.#push(WORK_END_LABEL);
    }
  }

  #selector(): number {
    return this.#selectorLocal < 0 ? this.#selectorLocal = this.#newLocal(TYPE_I32) : this.#selectorLocal;
  }

  #tableIndex(): number {
    return this.#tableIndexLocal < 0 ? this.#tableIndexLocal = this.#newLocal(TYPE_I32) : this.#tableIndexLocal;
  }

  #nextPc(): number {
    return this.#nextPcLocal < 0 ? this.#nextPcLocal = this.#newLocal(TYPE_I32) : this.#nextPcLocal;
  }

  #slot(): number {
    return this.#slotLocal < 0 ? this.#slotLocal = this.#newLocal(TYPE_I32) : this.#slotLocal;
  }

  #call(b: number, block: IrBlock): void {
    const { plan } = this;
    const next = this.#nextPc();
    if (block.kind === END_CALL) {
      this.#spill(b);
      const target = plan.target(block.target);
      if (target.kind === "none") {
        this.#const(block.target);
        this.#return();
        return;
      }
      this.#get(LOCAL_DEPTH);
      this.#callTarget(target, W_CALL, W_CALL_INDIRECT);
    } else {
      this.#values.value(block.value);
      this.#set(next);
      if (block.likely !== 0) return this.#callLikely(b, block);
      this.#spill(b);
      this.#findSlot(next);
      this.#get(LOCAL_DEPTH);
      this.#get(this.#slot());
      this.#callIndirect(W_CALL_INDIRECT);
    }
    this.#comeBack(b, block);
  }

  /** Calls the likely function, which may have been taken in, if the target is that one. */
  #callLikely(b: number, block: IrBlock): void {
    const { out, plan } = this, [, inlined] = block.succ;
    if (inlined !== undefined) {
      this.#ifLikely(block, BLOCK_EMPTY);
      this.#labels.push(-1);
      this.#push(WORK_CALL_THROUGH, b);
      this.#push(WORK_END_LABEL);
      return this.#edge(b, inlined);
    }
    const direct = plan.target(block.likely);
    this.#spill(b);
    if (direct.kind === "none") this.#pushCallThrough();
    else {
      this.#ifLikely(block, TYPE_CODES[TYPE_I32]);
      this.#get(LOCAL_DEPTH);
      this.#callTarget(direct, W_CALL, W_CALL_INDIRECT);
      out.byte(W_ELSE);
      this.#pushCallThrough();
      out.byte(W_END);
    }
    this.#comeBack(b, block);
  }

  /** `if` the next pc is the likely one. */
  #ifLikely({ likely }: IrBlock, type: number): void {
    const { out } = this;
    this.#get(this.#nextPc());
    this.#const(likely);
    out.byte(OP.i32_eq);
    out.byte(W_IF);
    out.byte(type);
  }

  /** The call of a function that is not the likely one. */
  #callThrough(b: number): void {
    this.#spill(b);
    this.#pushCallThrough();
    this.#comeBack(b, this.#fn.blocks[b]);
  }

  #pushCallThrough(): void {
    const { out, plan } = this;
    this.#get(this.#nextPc());
    this.#get(LOCAL_DEPTH);
    out.byte(W_CALL);
    out.u32(plan.callThrough());
  }

  /** Calls a region that is there, with the depth on the stack. */
  #callTarget(target: RegionTarget, direct: number, indirect: number): void {
    const { out } = this;
    if (target.kind === "function") {
      out.byte(direct);
      out.u32(target.index);
    } else if (target.kind === "slot") {
      this.#const(target.slot);
      this.#callIndirect(indirect);
    } else throw bug("a region has no place");
  }

  /** After a call: goes on if it came back where it was to, else leaves for where it came back to. */
  #comeBack(b: number, block: IrBlock): void {
    const { out } = this, next = this.#nextPc();
    out.byte(W_LOCAL_TEE);
    out.u32(next);
    this.#const(block.returnPc);
    out.byte(OP.i32_ne);
    out.byte(W_BR_IF);
    out.u32(this.#labels.length - 1);
    this.#reload(block.succ[0]);
    this.#edge(b, block.succ[0]);
  }

  /** Loads what the successor needs after everything was stored (call, syscall). */
  #reload(to: number): void {
    this.#loadVars(this.#flow.liveIn.low[to], this.#flow.liveIn.high[to]);
  }

  /** A tail call takes no stack: it gets what this region was given. */
  #passOnDepth(): void {
    this.#get(LOCAL_DEPTH);
    if (!this.#calls) return;
    this.#const(this.#frameCost);
    this.out.byte(OP.i32_add);
  }

  /**
   * Control leaves by a jump, everything is stored: pays for it, since jumps between regions may go round, too. Without fuel
   * the kernel may take over at the pc that `pushPc` puts on the stack.
   */
  #payForJump(pushPc: () => void): void {
    const { out } = this;
    const fuel = this.#fuelLocal < 0 ? this.#slot() : this.#fuelLocal;
    this.#const(0);
    if (this.#fuelLocal < 0) {
      this.#const(0);
      this.#memory(OP.i32_load, STATE_FUEL);
    } else this.#get(fuel);
    this.#const(1);
    out.byte(OP.i32_sub);
    out.byte(W_LOCAL_TEE);
    out.u32(fuel);
    this.#memory(OP.i32_store, STATE_FUEL);
    this.#get(fuel);
    this.#const(0);
    out.byte(OP.i32_lt_s);
    out.byte(W_IF);
    out.byte(BLOCK_EMPTY);
    this.#const(0);
    pushPc();
    this.#memory(OP.i32_store, STATE_RIP);
    this.#stopIfWanted();
    out.byte(W_END);
  }

  #callIndirect(opcode: number): void {
    this.out.byte(opcode);
    this.out.u32(this.plan.regionType);
    this.out.u32(0);
  }

  /** slot = lookup(pc); leaves the region for that pc if it has none. */
  #findSlot(pcLocal: number): void {
    const { out } = this;
    this.#get(pcLocal);
    out.byte(W_CALL);
    out.u32(this.plan.lookup);
    out.byte(W_LOCAL_TEE);
    out.u32(this.#slot());
    out.byte(OP.i32_eqz);
    out.byte(W_IF);
    out.byte(BLOCK_EMPTY);
    this.#get(pcLocal);
    this.#return();
    out.byte(W_END);
  }

  #exit(b: number, pc: number): void {
    this.#spill(b);
    this.#payForJump(() => this.#const(pc));
    this.#tailCall(pc);
  }

  /** Goes on at the region of a pc; everything is stored. */
  #tailCall(pc: number): void {
    if (this.plan.target(pc).kind !== "none") {
      this.#passOnDepth();
      this.#tailCallTo(pc);
    } else {
      this.#const(pc);
      this.#return();
    }
  }

  /** A tail call of a region that is there, with the depth on the stack. */
  #tailCallTo(pc: number): void {
    this.#callTarget(this.plan.target(pc), W_RETURN_CALL, W_RETURN_CALL_INDIRECT);
  }

  #exitIndirect(b: number, block: IrBlock): void {
    const { out } = this, next = this.#nextPc();
    this.#values.value(block.value);
    this.#set(next);
    this.#spill(b);
    this.#payForJump(() => this.#get(next));
    const likely = block.likely === 0 ? null : this.plan.target(block.likely);
    if (likely !== null && likely.kind !== "none") {
      this.#ifLikely(block, BLOCK_EMPTY);
      this.#passOnDepth();
      this.#callTarget(likely, W_RETURN_CALL, W_RETURN_CALL_INDIRECT);
      out.byte(W_END);
    }
    this.#findSlot(next);
    this.#passOnDepth();
    this.#get(this.#slot());
    this.#callIndirect(W_RETURN_CALL_INDIRECT);
  }

  #syscall(b: number, block: IrBlock): void {
    const { out } = this;
    this.#spill(b);
    this.#storeState(STATE_RIP, block.target);
    out.byte(W_CALL);
    out.u32(this.plan.syscall);
    out.byte(W_IF);
    out.byte(BLOCK_EMPTY);
    this.#const(0);
    this.#return();
    out.byte(W_END);
    this.#reload(block.succ[0]);
    this.#edge(b, block.succ[0]);
  }

  #finish(): RegionCode {
    const head = new WasmBytes();
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
    const shift = head.length;
    head.raw(this.out.view());
    const traps = this.#traps.take(shift);
    const minDepth = this.#calls ? this.#frameCost : -Infinity;
    return {
      entryPc: this.#fn.entryPc,
      body: head.take(),
      traps,
      sideEntries: this.#sideEntries,
      resumePoints: this.#fused ? [] : this.#resumePoints,
      minDepth,
      fused: this.#fused,
    };
  }
}

function usesFused({ op, count }: IrFunction): boolean {
  for (let i = 0; i < count; i++) if (RELAXED_MADD[op[i]] !== undefined) return true;
  return false;
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
