/**
 * Which registers have to be in the state block, and not only in locals, where a block begins, so that a fault in it can be
 * told exactly: wasm shows no locals after a trap.
 *
 * Inside a block nothing is stored for that. What the block had done to the registers before it faulted is found out by
 * running its instructions again from the block's start (jit/fault_replay.ts), which needs the registers as they were there.
 * So a store is due at the end of a block, for registers that it changed, and only where a fault may come before everything is
 * stored anyway. That is done for what unwinders start from: rsp everywhere, what callees preserve outside of loops. The other
 * registers would cost loops that work on memory up to half their speed; the trap table tells which ones are not known.
 */
import { type IrBlock, type IrFunction } from "../ir/function.ts";
import { KIND_LOAD, KIND_STORE, KIND_TRAP, OP, OP_KIND } from "../ir/ops.ts";
import { VAR_GPR } from "../ir/variables.ts";
import { R12, R13, R14, R15, RBP, RBX, RSP } from "../machine/state.ts";

/** Registers to be known at faults, as masks of variables; in loops, and elsewhere. */
export const SHOWN_IN_LOOPS = 1 << (VAR_GPR + RSP);
/** Before an instruction that goes on in blocks of its own (repetitions), all. */
export const SHOWN_INSIDE = 0xffff;
export const SHOWN = [RBX, RSP, RBP, R12, R13, R14, R15].reduce((set, r) => set | (1 << (VAR_GPR + r)), 0);

/** 1 for blocks that may fault at an address, or divide, in a way a program may want to recover from. */
export function faultingBlocks(fn: IrFunction, order: Int32Array): Uint8Array {
  const faulting = new Uint8Array(fn.blocks.length);
  for (const b of order) faulting[b] = mayFault(fn, fn.blocks[b]) ? 1 : 0;
  return faulting;
}

function mayFault(fn: IrFunction, { first, end }: IrBlock): boolean {
  for (let i = first; i < end; i++) {
    const kind = OP_KIND[fn.op[i]];
    if (kind === KIND_TRAP || fn.op[i] === OP.trap_if) return true;
    if ((kind === KIND_LOAD || kind === KIND_STORE) && mayMiss(fn, fn.a[i])) return true;
  }
  return false;
}

/** False for addresses of the state block, of the program's own data, and of its stack. */
function mayMiss(fn: IrFunction, address: number): boolean {
  const { op, a, b } = fn;
  let v = address;
  for (;;) {
    switch (op[v]) {
      case OP.i32_const:
        // Linear: the null page lies below zero.
        return a[v] < 0;
      case OP.i32_add:
        if (op[b[v]] !== OP.i32_const) return true;
        v = a[v];
        break;
      case OP.i64_add:
        if (op[b[v]] !== OP.i64_const) return true;
        v = a[v];
        break;
      case OP.i32_wrap_i64:
        v = a[v];
        break;
      case OP.getvar:
        return a[v] !== VAR_GPR + RSP;
      default:
        return true;
    }
  }
}
