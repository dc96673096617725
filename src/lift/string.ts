/**
 * String instructions: movs stos lods scas cmps, with and without REP (Intel SDM volume 2, REP/REPE/REPZ/REPNE/REPNZ).
 *
 * A repetition is a loop of inner blocks around the single step. Forward REP MOVS and REP STOS become memory.copy and
 * memory.fill where these do the same, which is decided at run time.
 */
import { OP } from "../ir/ops.ts";
import { GUEST_BIAS, RAX, RCX, RDI, RSI } from "../machine/state.ts";
import { REP_NONE, REP_REP, SEGMENT_NONE } from "../x86/instruction.ts";
import type { Lift, Lifter } from "./lifter.ts";

/**
 * Bulk operations in elements: below the first a loop is quicker than the host's call (and nothing at all must not become
 * one: wasm checks even the address of zero bytes); from the second on the byte count might not fit 32 bits.
 */
const BULK_FROM = 16, BULK_LIMIT = 0x1000_0000;

/** Linear address in a pointer register; only the source has a segment. */
function linearOf(l: Lifter, register: number): number {
  let address = l.wrap(l.gpr64(register));
  const { segment } = l.insn;
  if (register === RSI && segment !== SEGMENT_NONE) address = l.add32(l.segmentBase(segment), address);
  return l.add32(address, l.i32(-GUEST_BIAS));
}

/** Adds to a register at the address size. */
function advance(l: Lifter, register: number, by: number): void {
  if (l.insn.addressBytes === 8) l.setGpr64(register, l.add64(l.gpr64(register), by));
  else l.setGpr(register, 4, l.add32(l.gpr(register, 4), by));
}

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

function accumulator(l: Lifter): number {
  const bytes = l.insn.operandBytes;
  return bytes === 8 ? l.gpr64(RAX) : l.gprLow(RAX, bytes);
}

function run(l: Lifter, step: Step): void {
  step.act(l);
  const by = stepOf(l);
  for (const register of step.moves) advance(l, register, by);
}

// ---- REP ---------------------------------------------------------------------------------------------------------------

/** rcx or ecx. */
function counter(l: Lifter): number {
  return l.gpr(RCX, l.insn.addressBytes);
}

function counterIsZero(l: Lifter): number {
  return l.op(l.insn.addressBytes === 8 ? OP.i64_eqz : OP.i32_eqz, counter(l));
}

/** Counts down; returns whether elements are left, i32. */
function countDown(l: Lifter): number {
  const size = l.insn.addressBytes;
  advance(l, RCX, l.constant(size, -1));
  return l.op(size === 8 ? OP.i64_ne : OP.i32_ne, counter(l), l.zero(size));
}

/** Repeats the step while the counter is not zero. Leaves the lifter in the block behind the loop. */
function repeat(l: Lifter, step: Step, join: number): void {
  const body = l.innerBlock();
  l.endBranch(counterIsZero(l), join, body);
  l.begin(body);
  run(l, step);
  l.endBranch(countDown(l), body, join);
  l.begin(join);
}

/** A way to do all elements at once: when it may be taken (i32, -1: always), and the taking. */
interface Bulk {
  allowed(l: Lifter, bytes: number): number;
  act(l: Lifter, bytes: number): void;
  /** The same in a few stores, for a length known now. */
  unrolled(l: Lifter, length: number): void;
}

/**
 * memory.copy acts as if through a buffer; REP MOVS forward with the destination inside the source repeats what it has just
 * written. So: only where destination - source, modulo 2^32, is no less than the length.
 */
const COPY: Bulk = {
  allowed: (l, bytes) => l.op(OP.i32_ge_u, l.op(OP.i32_sub, linearOf(l, RDI), linearOf(l, RSI)), bytes),
  act: (l, bytes) => l.op(OP.memory_copy, linearOf(l, RDI), linearOf(l, RSI), bytes),
  unrolled(l, length) {
    const to = linearOf(l, RDI), from = linearOf(l, RSI);
    // All loads before the first store: they may overlap.
    const pieces = piecesOf(length).map(([at, bytes]) => [at, bytes, l.load(bytes, l.add32(from, l.i32(at)))]);
    for (const [at, bytes, v] of pieces) l.store(bytes, l.add32(to, l.i32(at)), v);
  },
};

const SPLAT: Record<number, number> = { 1: OP.i8x16_splat, 2: OP.i16x8_splat, 4: OP.i32x4_splat, 8: OP.i64x2_splat };

/** memory.fill repeats one byte: any for STOSB, wider elements must consist of equal bytes, as zero does. */
const FILL: Bulk = {
  allowed: (l) => {
    const bytes = l.insn.operandBytes;
    const v = accumulator(l);
    if (bytes === 1 || l.isZero32(v) || l.isZero64(v)) return -1;
    const byte = l.gpr(RAX, 1);
    if (bytes === 8) return l.op(OP.i64_eq, v, l.op(OP.i64_mul, l.extendU(byte), l.i64(0x01010101, 0x01010101)));
    const spread = l.op(OP.i32_mul, byte, l.i32(bytes === 4 ? 0x01010101 : 0x0101));
    return l.op(OP.i32_eq, l.narrow(bytes, v), spread);
  },
  act: (l, bytes) => l.op(OP.memory_fill, linearOf(l, RDI), l.gpr(RAX, 1), bytes),
  unrolled(l, length) {
    const to = linearOf(l, RDI);
    const pattern = l.op(OP.i64x2_extract_lane, l.op(SPLAT[l.insn.operandBytes], accumulator(l)), 0);
    const wide = length >= 16 ? l.op(OP.i64x2_splat, pattern) : -1;
    const valueOf = (bytes: number) => bytes === 16 ? wide : bytes === 8 ? pattern : l.wrap(pattern);
    for (const [at, bytes] of piecesOf(length)) l.store(bytes, l.add32(to, l.i32(at)), valueOf(bytes));
  },
};

/** Longest length in bytes that is unrolled. */
const UNROLL_LIMIT = 128;

/** A length in accesses of 16 bytes and less: offset and bytes. From 16 on the last one may reach back over the one before. */
function piecesOf(length: number): [offset: number, bytes: number][] {
  const pieces: [number, number][] = [];
  let at = 0;
  for (const bytes of [16, 8, 4, 2, 1]) {
    for (; length - at >= bytes; at += bytes) pieces.push([at, bytes]);
    if (bytes === 16 && at > 0 && at < length) {
      pieces.push([length - 16, 16]);
      break;
    }
  }
  return pieces;
}

/** The counter where it is a constant that bulk operations can have, else -1. */
function constantCount(l: Lifter): number {
  const count = counter(l);
  if (!l.isConst32(count) && !l.isConst64(count)) return -1;
  const value = l.fn.a[count];
  const fits = value > 0 && value < BULK_LIMIT && (l.isConst32(count) || l.fn.b[count] === 0);
  return fits ? value : -1;
}

function countIsBulk(l: Lifter): number {
  const size = l.insn.addressBytes;
  return l.op(
    size === 8 ? OP.i64_lt_u : OP.i32_lt_u,
    l.add(size, counter(l), l.constant(size, -BULK_FROM)),
    l.constant(size, BULK_LIMIT - BULK_FROM),
  );
}

function repeatInBulk(l: Lifter, step: Step, bulk: Bulk): void {
  const elementBytes = l.insn.operandBytes, log2Bytes = Math.log2(elementBytes);
  const count = constantCount(l);
  const known = count * elementBytes;
  const length = () => l.shl32(l.gpr(RCX, 4), log2Bytes);
  const unroll = count >= 0 && known <= UNROLL_LIMIT;

  const conditions = [l.op(OP.i32_eqz, l.directionFlag())];
  if (count < 0) conditions.push(countIsBulk(l));
  // Unrolled stores take any pattern, memory.fill only bytes.
  if (!(unroll && bulk === FILL)) {
    const suitable = bulk.allowed(l, length());
    if (suitable >= 0) conditions.push(suitable);
  }

  const all = l.innerBlock(), each = l.innerBlock(), join = l.innerBlock();
  l.endBranch(conditions.reduce((x, y) => l.op(OP.i32_and, x, y)), all, each);
  l.beginAfter(all);
  if (unroll) bulk.unrolled(l, known);
  else bulk.act(l, length());
  const bytes = length();
  const by = l.insn.addressBytes === 8 ? l.extendU(bytes) : bytes;
  for (const register of step.moves) advance(l, register, by);
  l.setGpr64(RCX, l.i64(0));
  l.endJump(join);
  l.begin(each);
  repeat(l, step, join);
}

/** F2 repeats these as F3 does. */
function moving(step: Step, bulk: Bulk | null): Lift {
  return (l) => {
    if (l.insn.rep === REP_NONE) run(l, step);
    else if (bulk !== null) repeatInBulk(l, step, bulk);
    else repeat(l, step, l.innerBlock());
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
