/** How control leaves a region, and comes back to it: calls, returns, jumps to other regions, system calls, traps. */
import { bug } from "../errors.ts";
import { END_CALL, type IrBlock } from "../ir/function.ts";
import { OP, TYPE_I64 } from "../ir/ops.ts";
import {
  FAULT_FETCH,
  FAULT_USER,
  STATE_FAULT_ERROR,
  STATE_FUEL,
  STATE_RIP,
  STATE_STOP,
  STATE_STOP_INFO,
  STOP_SEGV,
} from "../machine/state.ts";
import { RECENT_MASK, RECENT_START } from "../machine/recent_lookups.ts";
import {
  BLOCK_EMPTY,
  W_BR_IF,
  W_CALL,
  W_CALL_INDIRECT,
  W_ELSE,
  W_END,
  W_I64_CONST,
  W_IF,
  W_LOCAL_TEE,
  W_RETURN_CALL,
  W_RETURN_CALL_INDIRECT,
} from "./opcodes.ts";
import type { RegionTarget } from "./region_code.ts";
import { type RegionFrame, WORK_CALL_THROUGH, WORK_END_LABEL } from "./region_frame.ts";
import { LOCAL_DEPTH } from "./region_signature.ts";

export class RegionTransfers {
  constructor(readonly frame: RegionFrame) {}

  /** A call, and what follows it. */
  call(b: number, block: IrBlock): void {
    const { frame } = this, { plan } = frame;
    const next = frame.nextPc();
    if (block.kind === END_CALL) {
      frame.spill(b);
      const target = plan.target(block.target);
      if (target.kind === "none") {
        frame.const(block.target);
        frame.return();
        return;
      }
      this.#callDirect(b, target);
    } else {
      frame.values.value(block.value);
      frame.set(next);
      if (block.likely !== 0) return this.#callLikely(b, block);
      frame.spill(b);
      this.#callNext(b);
    }
    this.#comeBack(b, block);
  }

  /** Calls the likely function, which may have been taken in, if the target is that one. */
  #callLikely(b: number, block: IrBlock): void {
    const { frame } = this, { out, plan } = frame, [, inlined] = block.succ;
    if (inlined !== undefined) {
      this.#ifLikely(block);
      frame.labels.push(-1);
      frame.push(WORK_CALL_THROUGH, b);
      frame.push(WORK_END_LABEL);
      return frame.edge(b, inlined);
    }
    const direct = plan.target(block.likely);
    frame.spill(b);
    if (direct.kind === "none") this.#callLookedUp(b);
    else {
      this.#ifLikely(block);
      this.#callDirect(b, direct);
      out.byte(W_ELSE);
      this.#callLookedUp(b);
      out.byte(W_END);
    }
    this.#comeBack(b, block);
  }

  /** `if` the next pc is the likely one. */
  #ifLikely({ likely }: IrBlock): void {
    const { frame } = this, { out } = frame;
    frame.get(frame.nextPc());
    frame.const(likely);
    out.byte(OP.i32_eq);
    out.byte(W_IF);
    out.byte(BLOCK_EMPTY);
  }

  /** The call of a function that is not the likely one. */
  callThrough(b: number): void {
    const { frame } = this;
    frame.spill(b);
    this.#callLookedUp(b);
    this.#comeBack(b, frame.fn.blocks[b]);
  }

  /** Calls the next pc, which is looked up. */
  #callLookedUp(b: number): void {
    const { frame } = this, { out, plan } = frame;
    frame.get(frame.nextPc());
    this.#give(b);
    out.byte(W_CALL);
    out.u32(plan.callThrough());
    this.#takeResults(b);
  }

  /** Calls a region that is there. */
  #callDirect(b: number, target: RegionTarget): void {
    this.#give(b);
    this.#callTarget(target, W_CALL, W_CALL_INDIRECT);
    this.#takeResults(b);
  }

  /** Pushes what a region that the block calls is given. */
  #give(b: number): void {
    this.frame.get(LOCAL_DEPTH);
    this.frame.pass(b);
  }

  /** Takes what a call has given into locals. */
  #takeResults(b: number): void {
    const { frame } = this;
    frame.takeResult(frame.fn.blocks[b].succ[0]);
    frame.set(frame.nextPc());
  }

  /** Calls a region that is there, with what it is given on the stack. */
  #callTarget(target: RegionTarget, direct: number, indirect: number): void {
    const { frame } = this, { out } = frame;
    if (target.kind === "function") {
      out.byte(direct);
      out.u32(target.index);
    } else if (target.kind === "open") {
      out.byte(direct);
      frame.openCall(target.pc);
    } else if (target.kind === "slot") {
      frame.const(target.slot);
      this.#callIndirect(indirect);
    } else throw bug("a region has no place");
  }

  /** After a call: goes on if it came back where it was to, else leaves for where it came back to. */
  #comeBack(b: number, { succ: [to] }: IrBlock): void {
    const { frame } = this, { out } = frame;
    frame.get(frame.nextPc());
    frame.returnPc(b);
    out.byte(OP.i32_ne);
    out.byte(W_BR_IF);
    out.u32(frame.labels.length - 1);
    frame.reloadAfterCall(to);
    frame.edge(b, to);
  }

  /** Goes on behind the call that was taken in, unless its return address has been changed. */
  returnInside(b: number, { value, succ }: IrBlock): void {
    const { frame } = this, { out } = frame, next = frame.nextPc();
    frame.values.value(value);
    out.byte(W_LOCAL_TEE);
    out.u32(next);
    frame.returnPc(b);
    out.byte(OP.i32_ne);
    out.byte(W_IF);
    out.byte(BLOCK_EMPTY);
    frame.spill(b);
    frame.get(next);
    frame.return();
    out.byte(W_END);
    frame.edge(b, succ[0]);
  }

  /** A jump to another region. */
  exit(b: number, pc: number): void {
    const { frame } = this;
    frame.spill(b);
    if (this.#mayGoRound(pc)) this.#payForJump(() => frame.const(pc));
    this.#tailCall(b, pc);
  }

  /** A jump to what is known only when it is reached. */
  exitIndirect(b: number, block: IrBlock): void {
    const { frame } = this, { out, fn } = frame;
    if (fn.op[block.value] === OP.i32_const) return this.#exitSeldom(b, fn.a[block.value]);
    const next = frame.nextPc();
    frame.values.value(block.value);
    frame.set(next);
    frame.spill(b);
    const likely = block.likely === 0 ? null : frame.plan.target(block.likely);
    if (likely !== null && likely.kind !== "none") {
      this.#ifLikely(block);
      if (this.#mayGoRound(block.likely)) this.#payForJump(() => frame.get(next));
      this.#passOn(b);
      this.#callTarget(likely, W_RETURN_CALL, W_RETURN_CALL_INDIRECT);
      out.byte(W_END);
      return this.#jumpThrough(b, () => frame.get(next));
    }
    this.#payForJump(() => frame.get(next));
    const entry = this.#ifNotRecent();
    frame.get(next);
    this.#passOn(b);
    out.byte(W_RETURN_CALL);
    out.u32(frame.plan.callThrough());
    out.byte(W_END);
    this.#passOn(b);
    this.#pushSlot(entry);
    this.#callIndirect(W_RETURN_CALL_INDIRECT);
  }

  /** An indirect jump to what is known is one that is hardly ever taken (Lifter.leaveIfWrittenTo): in few bytes. */
  #exitSeldom(b: number, pc: number): void {
    const { frame } = this;
    frame.spill(b);
    this.#jumpThrough(b, () => frame.const(pc));
  }

  /** A jump to a pc that is looked up elsewhere, and paid for there; everything is stored. */
  #jumpThrough(b: number, pushPc: () => void): void {
    const { frame } = this, { out } = frame;
    if (frame.fuelLocal >= 0) {
      frame.const(0);
      frame.get(frame.fuelLocal);
      frame.memory(OP.i32_store, STATE_FUEL);
    }
    pushPc();
    this.#passOn(b);
    out.byte(W_RETURN_CALL);
    out.u32(frame.plan.jumpThrough());
  }

  /** Goes on at the region of a pc; everything is stored. */
  #tailCall(b: number, pc: number): void {
    const { frame } = this;
    if (frame.plan.target(pc).kind !== "none") {
      this.#passOn(b);
      this.tailCallTo(pc);
    } else {
      frame.const(pc);
      frame.return();
    }
  }

  /** A tail call of a region that is there, with what it is given on the stack. */
  tailCallTo(pc: number): void {
    const { frame } = this;
    this.#callTarget(frame.plan.target(pc), W_RETURN_CALL, W_RETURN_CALL_INDIRECT);
  }

  /** What a tail call is given: it takes no stack, so the depth is what this region was given. */
  #passOn(b: number): void {
    const { frame } = this;
    frame.get(LOCAL_DEPTH);
    if (frame.calls) {
      frame.const(frame.frameCost);
      frame.out.byte(OP.i32_add);
    }
    frame.pass(b);
  }

  /**
   * Jumps between regions may go round, too. On such a way one of them leads to no higher an address than some entry of the region
   * that it leaves, as it would only go up otherwise.
   */
  #mayGoRound(to: number): boolean {
    const { fn: { entryPc, sideEntries, blocks } } = this.frame;
    return to <= entryPc || sideEntries.some((b) => to <= blocks[b].pc);
  }

  /**
   * Control leaves by a jump, everything is stored: pays for it. Without fuel
   * the kernel may take over at the pc that `pushPc` puts on the stack.
   */
  #payForJump(pushPc: () => void): void {
    const { frame } = this, { out } = frame;
    const fuel = frame.fuelLocal < 0 ? frame.slot() : frame.fuelLocal;
    frame.const(0);
    if (frame.fuelLocal < 0) {
      frame.const(0);
      frame.memory(OP.i32_load, STATE_FUEL);
    } else frame.get(fuel);
    frame.const(1);
    out.byte(OP.i32_sub);
    out.byte(W_LOCAL_TEE);
    out.u32(fuel);
    frame.memory(OP.i32_store, STATE_FUEL);
    frame.get(fuel);
    out.byte(OP.i32_eqz);
    out.byte(W_IF);
    out.byte(BLOCK_EMPTY);
    frame.const(0);
    pushPc();
    frame.memory(OP.i32_store, STATE_RIP);
    this.stopIfWanted();
    out.byte(W_END);
  }

  #callIndirect(opcode: number): void {
    const { frame } = this;
    frame.out.byte(opcode);
    frame.out.u32(frame.plan.regionType);
    frame.out.u32(0);
  }

  /** The same where the next pc's region is likely to have been looked up before (machine/recent_lookups.ts). */
  #callNext(b: number): void {
    const { frame } = this, { out } = frame;
    const entry = this.#ifNotRecent();
    this.#callLookedUp(b);
    out.byte(W_ELSE);
    this.#give(b);
    this.#pushSlot(entry);
    this.#callIndirect(W_CALL_INDIRECT);
    this.#takeResults(b);
    out.byte(W_END);
  }

  /** `if` the next pc is not among those looked up last. Gives the local of its entry. */
  #ifNotRecent(): number {
    const { frame } = this, { out } = frame, entry = frame.locals.value(TYPE_I64);
    frame.get(frame.nextPc());
    frame.const(RECENT_MASK);
    out.byte(OP.i32_and);
    frame.memory(OP.i64_load, RECENT_START);
    out.byte(W_LOCAL_TEE);
    out.u32(entry);
    out.byte(OP.i32_wrap_i64);
    frame.get(frame.nextPc());
    out.byte(OP.i32_ne);
    out.byte(W_IF);
    out.byte(BLOCK_EMPTY);
    return entry;
  }

  /** The slot is the upper half of an entry. */
  #pushSlot(entry: number): void {
    const { frame } = this, { out } = frame;
    frame.get(entry);
    out.byte(W_I64_CONST);
    out.s64(32, 0);
    out.byte(OP.i64_shr_u);
    out.byte(OP.i32_wrap_i64);
  }

  /** A system call, after which the region may be left. */
  syscall(b: number, block: IrBlock): void {
    const { frame } = this;
    frame.spill(b);
    frame.storeState(STATE_RIP, block.target);
    this.#leaveIf(frame.plan.syscall);
    frame.reload(block.succ[0]);
    frame.edge(b, block.succ[0]);
  }

  /** Asks the kernel for fuel, and leaves if it takes over. */
  stopIfWanted(): void {
    this.#leaveIf(this.frame.plan.fuel);
  }

  /** Calls a function () -> i32, and leaves if it gives something. */
  #leaveIf(index: number): void {
    const { frame } = this, { out } = frame;
    out.byte(W_CALL);
    out.u32(index);
    out.byte(W_IF);
    out.byte(BLOCK_EMPTY);
    frame.stop();
    out.byte(W_END);
  }

  /** The program stops: the dispatcher is told why. */
  trap(b: number, { target, trap }: IrBlock): void {
    const { frame } = this;
    frame.spill(b);
    frame.storeState(STATE_RIP, target);
    frame.storeState(STATE_STOP, trap);
    frame.storeState(STATE_STOP_INFO, target);
    if (trap === STOP_SEGV) frame.storeState(STATE_FAULT_ERROR, FAULT_USER | FAULT_FETCH);
    frame.stop();
  }
}
