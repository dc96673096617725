/**
 * Code in memory that the program may write as it likes (what a just-in-time compiler makes) is compared with what was compiled
 * when it is entered: if it is other code by now, that is compiled in its place, and entered. Where it has written into itself it
 * goes on in another region.
 *
 * Functions that it calls may write it, too: compilers patch what they could not resolve, and return there. So it counts how often
 * it is left for code that is not its like (DEPARTURES), and looks behind calls whether that has happened since its bytes were
 * compared. Then it compares them again; if they are others it goes on in the region of the return address.
 */
import {
  END_BRANCH,
  END_CALL,
  END_CALL_INDIRECT,
  END_EXIT,
  END_JUMP,
  END_SYSCALL,
  END_TRAP,
  type IrFunction,
} from "../ir/function.ts";
import { helperNumber } from "../ir/helpers.ts";
import { OP } from "../ir/ops.ts";
import type { CodeRange } from "../machine/code_range.ts";
import type { MappedRange } from "../machine/machine.ts";
import {
  COMPARED_BYTES,
  COMPARED_ENTRIES,
  COMPARED_START,
  DEPARTURES,
  GUEST_BIAS,
  STOP_CODE_CHANGED,
} from "../machine/state.ts";

const CHUNK = 16;

/** What is known of code that the program may write. */
export interface CodeGuard {
  /** The bytes it was made from. */
  ranges: readonly CodeRange[];
  /** Where all other code is guarded, too. Null for who leaves the function at each call: an interpreter. */
  surroundings: MappedRange | null;
}

/** Guards are told apart by numbers: functions of one address may be of different bytes. */
let guards = 0;

const CODE_CHANGED = helperNumber("code_changed"), CODE_REPLACED = helperNumber("code_replaced");

/** The number of a new guard. */
export function newGuard(): number {
  return ++guards;
}

/** Guards a function whose blocks are there, and that has its number. */
export function guardFunction(fn: IrFunction, { ranges, surroundings }: CodeGuard): void {
  const number = fn.guard;
  guardEntry(fn, ranges, number);
  for (let b = 0, count = fn.blocks.length; b < count; b++) {
    const block = fn.blocks[b], { kind, first, end, target } = block;
    const isCall = kind === END_CALL || kind === END_CALL_INDIRECT;
    if (kind === END_SYSCALL) comeBack(fn, b, target, number);
    else if (isCall && surroundings !== null) comeBack(fn, b, block.returnPc, number);
    // Jumps that conditions lead to have blocks without anything in them.
    else if (kind === END_EXIT && first === end && isDeparture(surroundings, target)) {
      block.first = fn.count;
      countDeparture(fn, target);
      block.end = fn.count;
    }
  }
}

/** Whether the code at an address, which a function is left for, may change the function. */
export function isDeparture(surroundings: MappedRange | null, target: number): boolean {
  return surroundings !== null && (target < surroundings.start || target >= surroundings.end);
}

/** Counts one, or `by` (an i32). */
export function countDeparture(fn: IrFunction, pc: number, by = fn.add(OP.i32_const, 1, 0, 0, pc)): void {
  const sum = fn.add(OP.i32_add, load(fn, pc, DEPARTURES), by, -1, pc);
  store(fn, pc, DEPARTURES, sum);
}

/** Puts the comparison of the bytes the function was made from before its entry. */
function guardEntry(fn: IrFunction, ranges: readonly CodeRange[], number: number): void {
  const entry = fn.newBlock(-1), { blocks, entryPc } = fn;
  const guard = blocks[entry];
  blocks[entry] = blocks[0];
  blocks[0] = guard;
  fn.redirect(0, entry);
  const changed = fn.newBlock(-1), same = fn.newBlock(-1), again = fn.newBlock(-1), stop = fn.newBlock(-1);
  const resumePc = guard.resumePc = entryPc;
  guard.first = fn.count;
  let value = differs(fn, ranges);
  const first = guard.end = fn.count;
  Object.assign(guard, { kind: END_BRANCH, value, succ: [changed, same] });
  value = fn.add(OP.helper, CODE_REPLACED, fn.add(OP.i32_const, entryPc | 0, 0, 0, entryPc), -1, entryPc);
  const end = fn.count;
  Object.assign(blocks[changed], { resumePc, first, end, kind: END_BRANCH, value, succ: [again, stop] });
  Object.assign(blocks[again], { resumePc, first: end, end, kind: END_EXIT, target: entryPc });
  // Without new code the machine goes on there: all frames unwind, and it drops what it has of this code.
  Object.assign(blocks[stop], { first: end, end, kind: END_TRAP, trap: STOP_CODE_CHANGED, target: entryPc });
  noteCompared(fn, same, entryPc, number, entry);
}

/** Has a call's or system call's block come back to a look at what was compared last. */
function comeBack(fn: IrFunction, block: number, returnPc: number, number: number): void {
  const [site] = fn.blocks[block].succ, look = fn.newBlock(-1), ask = fn.newBlock(-1), leave = fn.newBlock(-1);
  const same = fn.newBlock(-1), { from, known } = placeOf(number), resumePc = returnPc;
  const add = (op: number, a: number, b: number) => fn.add(op, a, b, -1, returnPc);
  let first = fn.count;
  const isOther = add(OP.i32_xor, load(fn, returnPc, from), fn.add(OP.i32_const, number, 0, 0, returnPc));
  const hasLeft = add(OP.i32_xor, load(fn, returnPc, known), load(fn, returnPc, DEPARTURES));
  let value = add(OP.i32_or, isOther, hasLeft), end = fn.count;
  Object.assign(fn.blocks[look], { resumePc, first, end, kind: END_BRANCH, value, succ: [ask, site] });
  first = end;
  value = add(OP.helper, CODE_CHANGED, fn.add(OP.i32_const, number, 0, 0, returnPc));
  end = fn.count;
  Object.assign(fn.blocks[ask], { resumePc, first, end, kind: END_BRANCH, value, succ: [leave, same] });
  Object.assign(fn.blocks[leave], { resumePc, first: end, end, kind: END_EXIT, target: returnPc });
  noteCompared(fn, same, returnPc, number, site);
  fn.blocks[block].succ = [look];
}

/** Fills a block: the bytes are those that the function was made from. Goes to another one. */
function noteCompared(fn: IrFunction, block: number, pc: number, number: number, to: number): void {
  const { from, known } = placeOf(number), first = fn.count;
  store(fn, pc, from, fn.add(OP.i32_const, number, 0, 0, pc));
  store(fn, pc, known, load(fn, pc, DEPARTURES));
  Object.assign(fn.blocks[block], { resumePc: pc, first, end: fn.count, kind: END_JUMP, succ: [to] });
}

/** Offsets of the state block: where the number is of the function that was compared last, and what DEPARTURES was then. */
function placeOf(number: number): { from: number; known: number } {
  const from = COMPARED_START + COMPARED_BYTES * (number % COMPARED_ENTRIES);
  return { from, known: from + 4 };
}

function load(fn: IrFunction, pc: number, offset: number): number {
  return fn.add(OP.i32_load, fn.add(OP.i32_const, 0, 0, 0, pc), offset, -1, pc);
}

function store(fn: IrFunction, pc: number, offset: number, value: number): void {
  fn.add(OP.i32_store, fn.add(OP.i32_const, 0, 0, 0, pc), value, offset, pc);
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
