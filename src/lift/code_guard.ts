/**
 * Code in memory that the program may write as it likes (what a just-in-time compiler makes) is checked when it is entered, and
 * left when it has written into itself: both stop with STOP_CODE_CHANGED where to go on, and the code is compiled anew.
 */
import { END_BRANCH, END_TRAP, type IrFunction } from "../ir/function.ts";
import { OP } from "../ir/ops.ts";
import type { CodeRange } from "../machine/code_cache.ts";
import { GUEST_BIAS, STOP_CODE_CHANGED } from "../machine/state.ts";

const CHUNK = 16;

/** Puts the comparison of the bytes the function was made from before its entry. */
export function guardEntry(fn: IrFunction, ranges: readonly CodeRange[]): void {
  const entry = fn.newBlock(-1), { blocks } = fn;
  const guard = blocks[entry];
  blocks[entry] = blocks[0];
  blocks[0] = guard;
  for (const { succ } of blocks) for (let k = 0; k < succ.length; k++) if (succ[k] === 0) succ[k] = entry;
  const changed = fn.newBlock(-1);
  guard.resumePc = fn.entryPc;
  guard.first = fn.count;
  const value = differs(fn, ranges);
  Object.assign(guard, { end: fn.count, kind: END_BRANCH, value, succ: [changed, entry] });
  Object.assign(blocks[changed], trapBlock(fn, fn.entryPc));
}

/** What a block is that stops because code has changed, to go on at a guest address. */
export function trapBlock(fn: IrFunction, pc: number) {
  return { first: fn.count, end: fn.count, kind: END_TRAP, trap: STOP_CODE_CHANGED, target: pc };
}

/** i32: not zero if memory does not hold these bytes. */
function differs(fn: IrFunction, ranges: readonly CodeRange[]): number {
  const op = (code: number, a = -1, b = -1) => fn.add(code, a, b, -1, fn.entryPc);
  let all = -1;
  for (const { start, bytes } of ranges) {
    for (let at = 0; at < bytes.length; at += CHUNK) {
      // Bytes behind the range are not the code's: they do not count.
      const mask = new Uint8Array(CHUNK), expected = new Uint8Array(CHUNK), part = bytes.subarray(at, at + CHUNK);
      expected.set(part);
      mask.fill(0xff, 0, part.length);
      const address = fn.add(OP.i32_const, (start + at - GUEST_BIAS) | 0, 0, 0, fn.entryPc);
      const constant = (value: Uint8Array) => fn.add(OP.v128_const, fn.constant(value), 0, 0, fn.entryPc);
      let difference = op(OP.v128_xor, fn.add(OP.v128_load, address, 0, 0, fn.entryPc), constant(expected));
      if (part.length < CHUNK) difference = op(OP.v128_and, difference, constant(mask));
      all = all < 0 ? difference : op(OP.v128_or, all, difference);
    }
  }
  return op(OP.v128_any_true, all);
}
