/** Blocks with many ways on: jumps through tables, and the heads of loops with several entries. */
import type { IrBlock } from "../ir/function.ts";
import { OP } from "../ir/ops.ts";
import { BLOCK_EMPTY, W_BLOCK, W_BR, W_BR_IF, W_BR_TABLE, W_SELECT } from "./opcodes.ts";
import { type RegionFrame, WORK_CHECK, WORK_EDGE, WORK_END_LABEL, WORK_MISS, WORK_UNPARK } from "./region_frame.ts";

export class RegionSwitches {
  constructor(readonly frame: RegionFrame) {}

  /** A jump to one of several blocks, or out of the region. */
  switch(b: number, block: IrBlock): void {
    const { frame } = this;
    frame.values.value(block.value);
    frame.set(frame.nextPc());
    this.switchOn(b, block, block.index < 0 ? null : () => frame.values.value(block.index));
  }

  /** Sets the target and its index for a switch that several jumps share. */
  prepare({ value, index, pcs }: IrBlock): void {
    const { frame } = this;
    frame.values.value(value);
    frame.set(frame.nextPc());
    if (index >= 0) frame.values.value(index);
    else this.#lookUp(pcs);
    frame.set(frame.tableIndex());
  }

  /** The same for one of the switch's targets. */
  prepareArm({ target, index }: IrBlock): void {
    const { frame } = this;
    frame.const(target);
    frame.set(frame.nextPc());
    frame.const(index);
    frame.set(frame.tableIndex());
  }

  /** Pushes the index of the next pc among `pcs`, or one behind them all. */
  #lookUp(pcs: number[]): void {
    const { frame } = this, { out } = frame;
    frame.const(pcs.length);
    for (const pc of new Set(pcs)) {
      frame.const(pcs.indexOf(pc));
      frame.get(frame.nextPc());
      frame.const(pc);
      out.byte(OP.i32_ne);
      out.byte(W_SELECT);
    }
  }

  /** br_table on the index, then the real target is compared; without an index, or beyond it, a chain of comparisons. */
  switchOn(b: number, block: IrBlock, pushIndex: (() => void) | null): void {
    const { frame } = this, { out } = frame, pcLocal = frame.nextPc();
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
        frame.get(pcLocal);
        frame.const(pcOf.get(t)!);
        out.byte(OP.i32_eq);
        out.byte(W_BR_IF);
        out.u32(i);
      });
      out.byte(W_BR);
      out.u32(targets.length);
    }
    // The innermost block is targets[0]; each is closed, checked and followed. The work list runs them in order.
    for (let i = 0; i <= targets.length; i++) frame.labels.push(-1);
    this.#switchArms(b, targets, targets.map((t) => pcOf.get(t)!));
  }

  /** Arms are emitted as nested blocks close; one may hold whole subtrees, so it goes through the work list in pieces. */
  #switchArms(b: number, targets: number[], pcs: number[]): void {
    const { frame } = this;
    // After the last arm: the miss exit.
    frame.push(WORK_MISS, b);
    frame.push(WORK_END_LABEL);
    for (let i = targets.length - 1; i >= 0; i--) {
      frame.push(WORK_EDGE, b, targets[i]);
      frame.push(WORK_UNPARK, b, targets[i]);
      frame.push(WORK_CHECK, pcs[i], targets.length - 1 - i);
      frame.push(WORK_END_LABEL);
    }
  }

  /** Leaves a switch arm for the miss exit unless the target address is the one expected. */
  checkArm(pc: number, label: number): void {
    const { frame } = this, { out } = frame;
    frame.get(frame.nextPc());
    frame.const(pc);
    out.byte(OP.i32_ne);
    out.byte(W_BR_IF);
    out.u32(label);
  }

  /** Loads what a way from a switch needs of what is parked there. */
  unpark(b: number, to: number): void {
    const { parked, liveIn } = this.frame.flow;
    this.frame.loadVars(parked.low[b] & liveIn.low[to], parked.high[b] & liveIn.high[to]);
  }

  /** The head of a loop with several entries: a br_table whose arms follow as nested blocks close. */
  select(b: number, { succ }: IrBlock): void {
    const { frame } = this, { out } = frame;
    for (let i = 0; i < succ.length; i++) {
      out.byte(W_BLOCK);
      out.byte(BLOCK_EMPTY);
      frame.labels.push(-1);
    }
    frame.get(frame.selector());
    out.byte(W_BR_TABLE);
    out.u32(succ.length - 1);
    for (let i = 0; i < succ.length; i++) out.u32(i);
    for (let i = succ.length - 1; i >= 0; i--) {
      frame.push(WORK_EDGE, b, succ[i]);
      frame.push(WORK_END_LABEL);
    }
  }

  /** Not a target that is known: the dispatcher looks it up. */
  miss(b: number): void {
    const { frame } = this;
    frame.spill(b);
    frame.get(frame.nextPc());
    frame.return();
  }
}
