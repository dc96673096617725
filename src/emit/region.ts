/**
 * One region as a wasm function (depth, some registers) -> (next pc, rax); see region_signature.ts.
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
import { OP } from "../ir/ops.ts";
import { STATE_RIP, STATE_STOP, STOP_NOT_FUSED } from "../machine/state.ts";
import { WordArena } from "./arena.ts";
import { type Cfg, END_LANDING, END_REENTER } from "./cfg.ts";
import { END_JUMP_ARM, END_JUMP_SELECTED, END_SELECT } from "./irreducible.ts";
import { BLOCK_EMPTY, W_BLOCK, W_BR_IF, W_END, W_GLOBAL_GET, W_IF, W_LOOP, W_UNREACHABLE } from "./opcodes.ts";
import { analyseReentry } from "./reentry.ts";
import type { ModulePlan, RegionCode } from "./region_code.ts";
import {
  RegionFrame,
  WORK_BLOCK,
  WORK_CALL_THROUGH,
  WORK_CHECK,
  WORK_EDGE,
  WORK_END_LABEL,
  WORK_GATE_ARM,
  WORK_GATE_PASS,
  WORK_GATE_TEST,
  WORK_MISS,
  WORK_TREE,
  WORK_UNPARK,
  WORK_WITHIN,
} from "./region_frame.ts";
import { RegionGates } from "./region_gates.ts";
import { RegionSwitches } from "./region_switches.ts";
import { RegionTransfers } from "./region_transfers.ts";
import { END_JUMP_SWITCHED, END_SWITCH_SHARED, shareSwitches } from "./shared_switch.ts";
import { releaseScratch } from "./scratch.ts";
import { solveVarFlow, type VarFlow } from "./var_flow.ts";

/** GCC puts the cold parts of all functions before the functions, in a section of their own. */
const COLD_DISTANCE = 1024;

/** A region is emitted again if its frame takes so many times the host's stack that its variables told of. */
const MAX_UNDERRATED = 1.5;

export class RegionEmitter {
  readonly frame: RegionFrame;
  readonly #places = new WordArena();
  readonly #transfers: RegionTransfers;
  readonly #gates: RegionGates;
  readonly #switches: RegionSwitches;

  constructor(plan: ModulePlan) {
    this.frame = new RegionFrame(plan);
    this.#transfers = new RegionTransfers(this.frame);
    this.#gates = new RegionGates(this.frame, this.#transfers);
    this.#switches = new RegionSwitches(this.frame);
  }

  emit(fn: IrFunction): RegionCode {
    const { frame } = this;
    releaseScratch();
    shareSwitches(fn);
    const { cfg, numbers, sideNumbers, resumePoints } = analyseReentry(fn, frame.plan.resumable);
    this.#gates.numbers = numbers;
    this.#gates.hasInner = cfg.order.some((b) => b !== 0 && fn.blocks[b].kind === END_REENTER);
    const flow = solveVarFlow(fn, cfg), fused = usesFused(fn);
    this.#body(fn, cfg, flow, fused, 0);
    // Values of straight code get locals as they come, of which there may be far more than variables.
    const hostCost = frame.hostCost();
    if (frame.calls && hostCost > MAX_UNDERRATED * frame.frameCost) this.#body(fn, cfg, flow, fused, hostCost);
    return {
      entryPc: fn.entryPc,
      ...frame.take(),
      sideEntries: fn.sideEntries.map((b, i) => ({ pc: fn.blocks[b].pc, number: sideNumbers[i] })),
      resumePoints: this.#places.keep(fused ? [] : resumePoints),
      minDepth: frame.calls ? frame.frameCost : -Infinity,
      fused,
    };
  }

  /** Emits everything into the frame, a call of which takes `hostCost` of the host's stack at least. */
  #body(fn: IrFunction, cfg: Cfg, flow: VarFlow, fused: boolean, hostCost: number): void {
    const { frame } = this, { out } = frame;
    frame.begin(fn, cfg, flow, hostCost);
    if (fused) this.#leaveUnlessFused();
    this.#prologue();
    if (frame.calls) {
      // Calls that come back elsewhere than expected branch out of this block.
      out.byte(W_BLOCK);
      out.byte(BLOCK_EMPTY);
      frame.labels.push(-1);
    }
    this.#structure();
    out.byte(W_UNREACHABLE);
    if (frame.calls) {
      out.byte(W_END);
      frame.get(frame.nextPc());
      frame.pushResult();
    }
    out.byte(W_END);
  }

  /** Fused products are for hosts that round them once; on others the interpreter does what this region would. */
  #leaveUnlessFused(): void {
    const { frame } = this, { out } = frame;
    out.byte(W_GLOBAL_GET);
    out.u32(frame.plan.fused());
    out.byte(OP.i32_eqz);
    out.byte(W_IF);
    out.byte(BLOCK_EMPTY);
    frame.storeState(STATE_RIP, frame.fn.entryPc);
    frame.storeState(STATE_STOP, STOP_NOT_FUSED);
    frame.stop();
    out.byte(W_END);
  }

  #prologue(): void {
    const { frame } = this;
    if (frame.fn.blocks[0].kind === END_REENTER) {
      if (frame.cfg.order.some((b) => this.#gates.numbers[b] > 0)) frame.loadFuel();
      frame.reenterLocal = frame.locals.named("reenter");
      return;
    }
    if (frame.calls) {
      this.#gates.ifLittleDepth();
      this.#gates.returnEntry();
      frame.out.byte(W_END);
    }
    frame.loadAtEntry(0);
  }

  #structure(): void {
    const { frame } = this, { out } = frame;
    frame.push(WORK_TREE, 0);
    while (frame.work.length > 0) {
      const b = frame.work.pop()!, a = frame.work.pop()!, kind = frame.work.pop()!;
      switch (kind) {
        case WORK_TREE:
          if (frame.cfg.loopHeader[a]) {
            out.byte(W_LOOP);
            out.byte(BLOCK_EMPTY);
            frame.pushLabel(a);
            frame.push(WORK_END_LABEL);
          }
          if (frame.cfg.fuel[a]) this.#gates.fuelCheck(a);
          frame.push(WORK_WITHIN, a);
          break;
        case WORK_WITHIN: {
          const { lastChild, previousChild, merge } = frame.cfg;
          for (let c = lastChild[a]; c >= 0; c = previousChild[c]) {
            if (!merge[c]) continue;
            out.byte(W_BLOCK);
            out.byte(BLOCK_EMPTY);
            frame.pushLabel(c);
            frame.push(WORK_TREE, c);
            frame.push(WORK_END_LABEL);
          }
          frame.push(WORK_BLOCK, a);
          break;
        }
        case WORK_BLOCK:
          this.#block(a);
          break;
        case WORK_END_LABEL:
          frame.endLabel();
          break;
        case WORK_EDGE:
          frame.edge(a, b);
          break;
        case WORK_CHECK:
          this.#switches.checkArm(a, b);
          break;
        case WORK_UNPARK:
          this.#switches.unpark(a, b);
          break;
        case WORK_GATE_TEST:
          this.#gates.gateTest(a);
          break;
        case WORK_GATE_ARM:
          this.#gates.gateArm(a, b);
          break;
        case WORK_GATE_PASS:
          this.#gates.gatePass(a);
          break;
        case WORK_CALL_THROUGH:
          this.#transfers.callThrough(a);
          break;
        case WORK_MISS:
          this.#switches.miss(a);
          break;
      }
    }
  }

  /** A block's operations and its end. */
  #block(b: number): void {
    const { frame } = this;
    const block = frame.fn.blocks[b];
    frame.locals.releaseValues();
    frame.traps.beginBlock(b);
    frame.loadVars(frame.flow.late.low[b], frame.flow.late.high[b]);
    frame.operations(b);
    frame.noteReturnPc(b);
    frame.storeVars(frame.flow.early.low[b], frame.flow.early.high[b]);
    switch (block.kind) {
      case END_JUMP:
        return frame.edge(b, block.succ[0]);
      case END_JUMP_SELECTED:
        frame.const(block.index);
        frame.set(frame.selector());
        return frame.edge(b, block.succ[0]);
      case END_JUMP_ARM:
        this.#switches.prepareArm(block);
        return frame.edge(b, block.succ[0]);
      case END_REENTER:
        return this.#gates.gate(b, block);
      case END_LANDING:
        frame.reloadAfterCall(block.succ[0]);
        return frame.edge(b, block.succ[0]);
      case END_SELECT:
        return this.#switches.select(b, block);
      case END_BRANCH:
        return this.#branch(b, block);
      case END_SWITCH_PC:
        return this.#switches.switch(b, block);
      case END_JUMP_SWITCHED:
        this.#switches.prepare(block);
        return frame.edge(b, block.succ[0]);
      case END_SWITCH_SHARED:
        return this.#switches.switchOn(b, block, () => frame.get(frame.tableIndex()));
      case END_CALL:
      case END_CALL_INDIRECT:
        return this.#transfers.call(b, block);
      case END_SYSCALL:
        return this.#transfers.syscall(b, block);
      case END_RETURN:
        frame.spill(b);
        frame.values.value(block.value);
        return frame.returnFrom(b);
      case END_RETURN_INSIDE:
        return this.#transfers.returnInside(b, block);
      case END_EXIT:
        return this.#transfers.exit(b, block.target);
      case END_EXIT_INDIRECT:
        return this.#transfers.exitIndirect(b, block);
      case END_TRAP:
        return this.#transfers.trap(b, block);
    }
    throw new Error(`block ${b} of region 0x${frame.fn.entryPc.toString(16)} has no end`);
  }

  /** The program ends there, or its compiler put it with what hardly ever runs: far before the function. */
  #isRare(b: number): boolean {
    const { entryPc, blocks } = this.frame.fn;
    return blocks[b].kind === END_TRAP || blocks[b].pc < entryPc - COLD_DISTANCE;
  }

  #branch(b: number, block: IrBlock): void {
    const { frame } = this, { out } = frame;
    const [then, otherwise] = block.succ;
    const isRareThen = this.#isRare(then), isOneRare = isRareThen !== this.#isRare(otherwise);
    const isBr = frame.isPlainBr(b, then), isInverted = !isBr && frame.isPlainBr(b, otherwise);
    frame.values.condition(block.value, isInverted);
    if (isOneRare) frame.hints.next(isRareThen === isInverted);
    if (isBr || isInverted) {
      out.byte(W_BR_IF);
      out.u32(frame.label(isInverted ? otherwise : then));
      return frame.edge(b, isInverted ? then : otherwise);
    }
    // No path falls through, so no else is needed.
    out.byte(W_IF);
    out.byte(BLOCK_EMPTY);
    frame.labels.push(-1);
    frame.push(WORK_EDGE, b, otherwise);
    frame.push(WORK_END_LABEL);
    frame.push(WORK_EDGE, b, then);
  }
}

function usesFused({ op, count }: IrFunction): boolean {
  for (let i = 0; i < count; i++) if (op[i] === OP.f32x4_fma || op[i] === OP.f64x2_fma) return true;
  return false;
}
