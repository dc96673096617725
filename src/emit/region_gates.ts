/** Ways into the middle of a region, by a number (reentry.ts), and those out of it at the heads of loops. */
import type { IrBlock } from "../ir/function.ts";
import { OP } from "../ir/ops.ts";
import { REENTER_DEPTH, STATE_REENTER, STATE_RIP } from "../machine/state.ts";
import { END_REENTER } from "./cfg.ts";
import { BLOCK_EMPTY, W_BLOCK, W_BR_TABLE, W_CALL, W_END, W_IF, W_LOCAL_TEE } from "./opcodes.ts";
import { type RegionFrame, WORK_END_LABEL, WORK_GATE_ARM, WORK_GATE_PASS, WORK_GATE_TEST } from "./region_frame.ts";
import { LOCAL_DEPTH } from "./region_signature.ts";
import type { RegionTransfers } from "./region_transfers.ts";

/** Gates with more ways than this have a br_table, others a chain of tests. */
const MAX_TESTS = 6;

export class RegionGates {
  /** Of blocks, where the region can be entered again; 0 for others. */
  numbers!: Int32Array;
  /** There are gates besides the first one: they ask whether there is a number. */
  hasInner = false;
  readonly #transfers: RegionTransfers;

  constructor(readonly frame: RegionFrame, transfers: RegionTransfers) {
    this.#transfers = transfers;
  }

  /** Takes this frame's cost from the depth; `if` it is not there. */
  ifLittleDepth(): void {
    const { frame } = this, { out } = frame;
    frame.get(LOCAL_DEPTH);
    if (frame.calls) {
      frame.const(frame.frameCost);
      out.byte(OP.i32_sub);
      out.byte(W_LOCAL_TEE);
      out.u32(LOCAL_DEPTH);
    }
    frame.const(0);
    out.byte(OP.i32_lt_s);
    frame.ifUnlikely();
  }

  /** Unwinds to the dispatcher, which enters the region again. */
  returnEntry(): void {
    const { frame } = this;
    frame.const(frame.fn.entryPc);
    frame.return();
  }

  /**
   * At the head of a loop: without fuel, the kernel may take over here; if it does not, the loop goes on in this function called
   * anew.
   */
  fuelCheck(header: number): void {
    const { frame } = this, { out } = frame;
    frame.get(frame.fuelLocal);
    frame.const(1);
    out.byte(OP.i32_sub);
    out.byte(W_LOCAL_TEE);
    out.u32(frame.fuelLocal);
    // Not `< 0`: V8 takes the flags of the subtraction for a comparison with equality.
    out.byte(OP.i32_eqz);
    frame.ifUnlikely();
    frame.storeVars(frame.flow.fuel.low[header], frame.flow.fuel.high[header]);
    frame.storeState(STATE_RIP, frame.fn.blocks[header].pc);
    this.#transfers.stopIfWanted();
    frame.storeState(STATE_REENTER, this.numbers[header]);
    frame.get(LOCAL_DEPTH);
    frame.const(REENTER_DEPTH - (frame.calls ? frame.frameCost : 0));
    out.byte(OP.i32_sub);
    frame.passNothing();
    this.#transfers.tailCallTo(frame.fn.entryPc);
    out.byte(W_END);
  }

  /** Tests from the last arm to the first: numbers ascend, and the first arm's are what is left. */
  gate(b: number, block: IrBlock): void {
    const { frame } = this;
    if (b === 0) this.#ifReentered();
    else {
      frame.get(frame.reenterLocal);
      frame.ifUnlikely();
    }
    frame.labels.push(-1);
    frame.push(WORK_GATE_PASS, b);
    frame.push(WORK_END_LABEL);
    if (block.succ.length > MAX_TESTS) return this.#gateTable(b, block);
    frame.push(WORK_GATE_ARM, b, 1);
    for (let i = 2; i < block.succ.length; i++) {
      frame.push(WORK_END_LABEL);
      frame.push(WORK_GATE_ARM, b, i);
      frame.push(WORK_GATE_TEST, block.pcs[i]);
    }
  }

  /** Without a number, a depth below zero is just too little. */
  #ifReentered(): void {
    const { frame } = this, { out } = frame;
    this.ifLittleDepth();
    out.byte(W_CALL);
    out.u32(frame.plan.reenter());
    out.byte(W_LOCAL_TEE);
    out.u32(frame.reenterLocal);
    out.byte(OP.i32_eqz);
    out.byte(W_IF);
    out.byte(BLOCK_EMPTY);
    this.returnEntry();
    out.byte(W_END);
    frame.get(LOCAL_DEPTH);
    frame.const(REENTER_DEPTH);
    out.byte(OP.i32_add);
    frame.set(LOCAL_DEPTH);
  }

  /** The same by a br_table: numbers of an arm are a run. */
  #gateTable(b: number, { succ, pcs, index: last }: IrBlock): void {
    const { frame } = this, { out } = frame;
    for (let i = 1; i < succ.length; i++) {
      out.byte(W_BLOCK);
      out.byte(BLOCK_EMPTY);
      frame.labels.push(-1);
    }
    frame.get(frame.reenterLocal);
    frame.const(pcs[1]);
    out.byte(OP.i32_sub);
    out.byte(W_BR_TABLE);
    out.u32(last - pcs[1]);
    for (let number = pcs[1], arm = 1; number <= last; number++) {
      if (pcs[arm + 1] === number) arm++;
      out.u32(arm - 1);
    }
    for (let i = succ.length - 1; i >= 1; i--) {
      frame.push(WORK_GATE_ARM, b, i);
      frame.push(WORK_END_LABEL);
    }
  }

  /** Arrives at the head of a loop, or goes on to the gate before it if the number is one inside. */
  gateArm(b: number, i: number): void {
    const { frame } = this, { out } = frame;
    const { succ, pcs } = frame.fn.blocks[b], { liveIn } = frame.flow;
    const isGate = frame.fn.blocks[succ[i]].kind === END_REENTER;
    if (isGate) {
      // Nothing is in locals on the way to a gate inside. V8 does not see that what is behind that gate is not reached from here:
      // unless they are written, it would carry the locals that are used there round this loop, too.
      if (b !== 0) {
        frame.clearVars(liveIn.low[succ[i]] & ~liveIn.low[succ[0]], liveIn.high[succ[i]] & ~liveIn.high[succ[0]]);
      }
      frame.get(frame.reenterLocal);
      frame.const(pcs[i]);
      out.byte(OP.i32_eq);
      out.byte(W_IF);
      out.byte(BLOCK_EMPTY);
    }
    if (this.hasInner) {
      frame.const(0);
      frame.set(frame.reenterLocal);
    }
    frame.reload(succ[i]);
    if (isGate) out.byte(W_END);
    frame.edge(b, succ[i]);
  }

  /** Whether the number is of an arm, or one behind it. */
  gateTest(number: number): void {
    const { frame } = this, { out } = frame;
    frame.get(frame.reenterLocal);
    frame.const(number);
    out.byte(OP.i32_ge_s);
    out.byte(W_IF);
    out.byte(BLOCK_EMPTY);
    frame.labels.push(-1);
  }

  /** Goes on without having been entered again. */
  gatePass(b: number): void {
    const { frame } = this, [to] = frame.fn.blocks[b].succ;
    if (b === 0) frame.loadAtEntry(to);
    frame.edge(b, to);
  }
}
