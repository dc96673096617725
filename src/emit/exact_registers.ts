/**
 * What can be told of the registers at a fault: wasm shows no locals after a trap, so it has to follow from the state block.
 *
 * The state block has a register as it was at some point before. From there on the instructions up to the fault are gone through
 * again (jit/fault_replay.ts): those of the block, and of the blocks that alone lead to it. Where ways meet, what each of them
 * did is not known; registers changed by then and not stored are `stale`.
 *
 * Stores for the sake of faults would cost up to a third in programs that call much. So there are few: rsp is mostly a constant
 * away from what was stored; where it is not, and for a frame pointer made from it, blocks store it at their end.
 *
 * Code made at run time is another matter (IrFunction.exactFaults): compilers have handlers go on in places that count on any
 * register. There everything is stored before ways meet from which a fault may come, and where memory is stored to that was
 * loaded from since: its old content could not be told any more.
 */
import type { IrBlock, IrFunction } from "../ir/function.ts";
import { KIND_LOAD, KIND_STORE, KIND_TRAP, OP, OP_KIND } from "../ir/ops.ts";
import { PROBE_DISTANCE } from "../ir/probe.ts";
import { VAR_GPR } from "../ir/variables.ts";
import { GUEST_BIAS, RBP, RSP, STATE_BYTES } from "../machine/state.ts";
import { scratchBytes } from "./scratch.ts";

/** Variables as sets. */
export const RSP_SET = 1 << (VAR_GPR + RSP);
export const RBP_SET = 1 << (VAR_GPR + RBP);
/** The general registers: all are stored where an instruction goes round in blocks of its own (repetitions). */
export const GENERAL_SET = 0xffff;

/** Distance of rsp from the stored one where that is no constant. */
export const UNKNOWN_DISTANCE = -0x80000000;

/** In scratch memory: 1 for blocks that may fault at an address, or divide, in a way a program may want to recover from. */
export function faultingBlocks(fn: IrFunction, order: Int32Array): Uint8Array {
  const faulting = scratchBytes(fn.blocks.length);
  for (const b of order) faulting[b] = mayFault(fn, fn.blocks[b]) ? 1 : 0;
  return faulting;
}

function mayFault(fn: IrFunction, { first, end }: IrBlock): boolean {
  for (let i = first; i < end; i++) {
    const op = fn.op[i], kind = OP_KIND[op];
    if (kind === KIND_TRAP || op === OP.trap_if || op === OP.probe || op === OP.check) return true;
    if (kind === KIND_LOAD && mayMiss(fn, fn.a[i], fn.b[i])) return true;
    if (kind === KIND_STORE && mayMiss(fn, fn.a[i], fn.c[i])) return true;
  }
  return false;
}

/** False for addresses of the state block, of the program's own data, and of its stack. */
function mayMiss(fn: IrFunction, address: number, offset: number): boolean {
  const { op, a, b } = fn;
  let v = address, disp = GUEST_BIAS + offset;
  for (;;) {
    switch (op[v]) {
      case OP.i32_const:
        // Linear: the null page lies below zero.
        return a[v] < 0;
      case OP.i32_add:
        if (op[b[v]] !== OP.i32_const) return true;
        disp += a[b[v]];
        v = a[v];
        break;
      case OP.i32_wrap_i64:
        return !isOnStack(fn, distanceFromRsp(fn, a[v]), disp);
      default:
        return true;
    }
  }
}

function isOnStack({ exactFaults }: IrFunction, distance: number, disp: number): boolean {
  return distance !== UNKNOWN_DISTANCE && (!exactFaults || distance + disp >= PROBE_DISTANCE);
}

/** How far a value lies from rsp as it was at the block's start, if that is a constant. */
function distanceFromRsp(fn: IrFunction, value: number): number {
  const { op, a, b } = fn;
  let distance = 0;
  for (let v = value;; v = a[v]) {
    if (op[v] === OP.getvar) return a[v] === VAR_GPR + RSP ? distance : UNKNOWN_DISTANCE;
    if (op[v] !== OP.i64_add || op[b[v]] !== OP.i64_const || b[b[v]] !== a[b[v]] >> 31) return UNKNOWN_DISTANCE;
    distance += a[b[v]];
  }
}

/** Notes by how much a block moves rsp, and whether it makes rbp a frame pointer. */
export function stackMoves(fn: IrFunction, block: number, rspMoves: Int32Array, framePointer: Uint8Array): void {
  const { op, a } = fn, { first, end } = fn.blocks[block];
  let rsp = 0, isPointer = false;
  for (let i = first; i < end; i++) {
    if (op[i] !== OP.setvar) continue;
    if (a[i] === VAR_GPR + RSP) rsp = distanceFromRsp(fn, fn.b[i]);
    else if (a[i] === VAR_GPR + RBP) isPointer = distanceFromRsp(fn, fn.b[i]) !== UNKNOWN_DISTANCE;
  }
  rspMoves[block] = rsp;
  framePointer[block] = isPointer ? 1 : 0;
}

/** Whether a block loads from guest memory, and whether it stores there. */
export function memoryUse(fn: IrFunction, { first, end }: IrBlock): { loads: boolean; stores: boolean } {
  let loads = false, stores = false;
  for (let i = first; i < end; i++) {
    const kind = OP_KIND[fn.op[i]];
    if (kind === KIND_LOAD) loads ||= !isStateAddress(fn, fn.a[i]);
    else if (kind === KIND_STORE) {
      stores ||= !isStateAddress(fn, fn.a[i]);
      if (fn.op[i] === OP.memory_copy) loads = true;
    }
  }
  return { loads, stores };
}

function isStateAddress({ op, a }: IrFunction, address: number): boolean {
  return op[address] === OP.i32_const && a[address] >= 0 && a[address] < STATE_BYTES;
}

/** True for blocks that a part of an instruction begins: a fault in it belongs to that instruction. */
export function isInside(fn: IrFunction, { pc, first, resumePc }: IrBlock): boolean {
  return pc < 0 && first < fn.count && fn.pc[first] >>> 0 < resumePc >>> 0;
}
