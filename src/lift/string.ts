/**
 * String instructions: movs stos lods scas cmps, with and without REP (Intel SDM volume 2, REP/REPE/REPZ/REPNE/REPNZ).
 *
 * A repetition is a loop of inner blocks around the single step, or, for MOVS and STOS, one bulk operation (rep_bulk.ts).
 */
import { OP } from "../ir/ops.ts";
import { RAX, RCX, RDI, RSI } from "../machine/state.ts";
import { REP_NONE, REP_REP } from "../x86/instruction.ts";
import type { Lift, Lifter } from "./lifter.ts";
import { type Bulk, COPY, FILL, repeatInBulk } from "./rep_bulk.ts";
import { accumulator, advance, counter, linearOf } from "./string_registers.ts";

/** Bytes to the next element, of the address size's type: negative when DF is set. */
function stepOf(l: Lifter): number {
  const bytes = l.insn.operandBytes, size = l.insn.addressBytes;
  const df = l.directionFlag();
  const up = l.constant(size, bytes);
  if (l.isConst32(df)) return l.fn.a[df] ? l.constant(size, -bytes) : up;
  return l.select(size, l.constant(size, -bytes), up, df);
}

/** One element: what it does, and the registers that move on. */
interface Step {
  act(l: Lifter): void;
  moves: readonly number[];
}

const MOVS: Step = {
  act: (l) => l.store(l.insn.operandBytes, linearOf(l, RDI), l.load(l.insn.operandBytes, linearOf(l, RSI))),
  moves: [RSI, RDI],
};

const STOS: Step = {
  act: (l) => l.store(l.insn.operandBytes, linearOf(l, RDI), accumulator(l)),
  moves: [RDI],
};

const LODS: Step = {
  act: (l) => l.setGpr(RAX, l.insn.operandBytes, l.load(l.insn.operandBytes, linearOf(l, RSI))),
  moves: [RSI],
};

function run(l: Lifter, step: Step): void {
  step.act(l);
  const by = stepOf(l);
  for (const register of step.moves) advance(l, register, by);
}

// ---- REP ---------------------------------------------------------------------------------------------------------------

function counterIsZero(l: Lifter): number {
  return l.op(l.insn.addressBytes === 8 ? OP.i64_eqz : OP.i32_eqz, counter(l));
}

/** Counts down; returns whether elements are left, i32. */
function countDown(l: Lifter): number {
  const size = l.insn.addressBytes;
  advance(l, RCX, l.constant(size, -1));
  return l.op(size === 8 ? OP.i64_ne : OP.i32_ne, counter(l), l.zero(size));
}

/** Repeats the step while the counter is not zero; ends in `join`. */
function repeat(l: Lifter, step: Step, join: number): void {
  const body = l.innerBlock();
  l.endBranch(counterIsZero(l), join, body);
  l.begin(body);
  run(l, step);
  l.endBranch(countDown(l), body, join);
}

/** F2 repeats these as F3 does. */
function moving(step: Step, bulk: Bulk | null): Lift {
  return (l) => {
    if (l.insn.rep === REP_NONE) return run(l, step);
    if (bulk !== null) return repeatInBulk(l, bulk, step.moves, (join) => repeat(l, step, join));
    const join = l.innerBlock();
    repeat(l, step, join);
    l.begin(join);
  };
}

// ---- Comparing ---------------------------------------------------------------------------------------------------------

/** The two values that CMPS or SCAS compares at the current pointers, moved by `offset` (i32 bytes). */
type Compared = (l: Lifter, offset: number) => readonly [number, number];

const CMPS: Compared = (l, offset) => [
  l.load(l.insn.operandBytes, l.add32(linearOf(l, RSI), offset)),
  l.load(l.insn.operandBytes, l.add32(linearOf(l, RDI), offset)),
];

const SCAS: Compared = (l, offset) => [
  l.gpr(RAX, l.insn.operandBytes),
  l.load(l.insn.operandBytes, l.add32(linearOf(l, RDI), offset)),
];

/**
 * repe and repne: until the counter is zero or the comparison says so. The loop keeps no flags; the last elements are read
 * again behind it, and the flags come from them.
 */
function repeatComparing(l: Lifter, compared: Compared, moves: readonly number[]): void {
  const bytes = l.insn.operandBytes;
  const wide = bytes === 8;
  const goOn = l.insn.rep === REP_REP ? (wide ? OP.i64_eq : OP.i32_eq) : wide ? OP.i64_ne : OP.i32_ne;
  const body = l.innerBlock(), last = l.innerBlock(), join = l.innerBlock();
  l.endBranch(counterIsZero(l), join, body);
  l.begin(body);
  const [a, b] = compared(l, l.i32(0));
  const by = stepOf(l);
  for (const register of moves) advance(l, register, by);
  const left = countDown(l);
  l.endBranch(l.op(OP.i32_and, left, l.op(goOn, a, b)), body, last);
  l.begin(last);
  const step = stepOf(l);
  const back = l.sub32(l.i32(0), l.insn.addressBytes === 8 ? l.wrap(step) : step);
  const [x, y] = compared(l, back);
  l.flagsFromSub(bytes, x, y, -1);
  l.endJump(join);
  l.begin(join);
}

function comparing(compared: Compared, moves: readonly number[]): Lift {
  return (l) => {
    if (l.insn.rep !== REP_NONE) return repeatComparing(l, compared, moves);
    const [a, b] = compared(l, l.i32(0));
    const by = stepOf(l);
    for (const register of moves) advance(l, register, by);
    l.flagsFromSub(l.insn.operandBytes, a, b, -1);
  };
}

export const stringLifts: Record<string, Lift> = {
  movs: moving(MOVS, COPY),
  stos: moving(STOS, FILL),
  lods: moving(LODS, null),
  cmps: comparing(CMPS, [RSI, RDI]),
  scas: comparing(SCAS, [RDI]),
};
