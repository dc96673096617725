/** What the ends of blocks do to variables that are kept in locals. */
import {
  END_CALL,
  END_CALL_INDIRECT,
  END_RETURN,
  END_RETURN_INSIDE,
  END_SWITCH_PC,
  END_SYSCALL,
  type IrBlock,
  type IrFunction,
} from "../ir/function.ts";
import { VAR_FLAGS } from "../ir/variables.ts";
import { END_LANDING, END_REENTER } from "./cfg.ts";
import { END_SWITCH_SHARED } from "./shared_switch.ts";

/** True for ends at which control leaves the region and comes back to it. */
export function comesBack(kind: number): boolean {
  return kind === END_CALL || kind === END_CALL_INDIRECT || kind === END_SYSCALL;
}

/** True for ends after which the successor starts with nothing in locals. */
function startsFresh(kind: number): boolean {
  return comesBack(kind) || kind === END_LANDING;
}

/** True if nothing is in locals along an edge. Through a gate, only its own way keeps them; block 0 is where they begin. */
export function isFresh(fn: IrFunction, from: number, to: number): boolean {
  const block = fn.blocks[from];
  // The likely function of a call may have been taken in: that way is no call.
  if (block.kind === END_CALL_INDIRECT) return to === block.succ[0];
  return startsFresh(block.kind) || (block.kind === END_REENTER && (from === 0 || to !== block.succ[0]));
}

/** True for ends that leave the region (or may): dirty variables are stored there. */
export function isExit(block: IrBlock): boolean {
  return block.succ.length === 0 || startsFresh(block.kind) || block.kind === END_SWITCH_PC ||
    block.kind === END_SWITCH_SHARED || block.kind === END_RETURN_INSIDE;
}

/** True for ends before which nothing can be stored early: by then it has been, or the way in does not tell what is in locals. */
export function mayNotStore(kind: number): boolean {
  return startsFresh(kind) || kind === END_REENTER;
}

/** The flags among the variables. */
export const FLAG_VARS = 63 << VAR_FLAGS;

const PASSES_NO_FLAGS = new Set([
  END_CALL,
  END_CALL_INDIRECT,
  END_RETURN,
  END_RETURN_INSIDE,
  END_SWITCH_PC,
  END_SWITCH_SHARED,
]);

/** Variables whose value may matter where a block leaves the region: flags are undefined across calls, returns and switches. */
export function matters(fn: IrFunction, kind: number): number {
  return !fn.keepsFlags && PASSES_NO_FLAGS.has(kind) ? ~FLAG_VARS : -1;
}
