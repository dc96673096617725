/**
 * REP MOVS and REP STOS in one go: memory.copy and memory.fill, or a few wide stores for a short length known now, where
 * these do what element after element would. That is decided at run time, unless the block says it all.
 */
import { OP } from "../ir/ops.ts";
import { PROBE_READ, PROBE_WRITE } from "../ir/probe.ts";
import { MODE_CHECKED } from "../machine/code_mode.ts";
import { RAX, RCX, RDI, RSI } from "../machine/state.ts";
import type { Lifter } from "./lifter.ts";
import { accumulator, advance, counter, linearOf } from "./string_registers.ts";

/**
 * Bulk operations in elements: below the first a loop is quicker than the host's call (and nothing at all must not become
 * one: wasm checks even the address of zero bytes); from the second on the byte count might not fit 32 bits.
 */
const BULK_FROM = 16, BULK_LIMIT = 0x1000_0000;

/** Longest length in bytes that is laid out in stores. */
const UNROLL_LIMIT = 128;

/** The memory that a pointer register will pass over: `length` bytes, upwards or downwards. */
interface Range {
  length: number;
  /** DF is set: the register holds the address of the last element. */
  down: boolean;
}

/** A way to do all elements at once. */
export interface Bulk {
  /** Whether it may be done for any length (i32; -1: always). */
  allowed(l: Lifter, range: Range): number;
  act(l: Lifter, range: Range): void;
  /** Whether it may be done in stores, as above. */
  allowedUnrolled(l: Lifter, range: Range): number;
  unrolled(l: Lifter, range: Range, length: number): void;
}

/** Lowest linear address of the range. */
function lowest(l: Lifter, register: number, { length, down }: Range): number {
  const at = linearOf(l, register);
  return down ? l.sub32(l.add32(at, l.i32(l.insn.operandBytes)), length) : at;
}

/**
 * memory.copy acts as if through a buffer; element after element, a destination that lies ahead inside the source repeats
 * what has just been written. So: only where the distance from source to destination, in the direction of the copy and
 * modulo 2^32, is no less than the length.
 */
function copyAllowed(l: Lifter, { length, down }: Range): number {
  const [ahead, behind] = down ? [RSI, RDI] : [RDI, RSI];
  return l.op(OP.i32_ge_u, l.op(OP.i32_sub, linearOf(l, ahead), linearOf(l, behind)), length);
}

export const COPY: Bulk = {
  allowed: copyAllowed,
  act: (l, range) => l.op(OP.memory_copy, lowest(l, RDI, range), lowest(l, RSI, range), range.length),
  allowedUnrolled: copyAllowed,
  unrolled(l, range, length) {
    const to = lowest(l, RDI, range), from = lowest(l, RSI, range);
    // All loads before the first store: they may overlap.
    const pieces = piecesOf(length).map(([at, bytes]) => [at, bytes, l.load(bytes, l.add32(from, l.i32(at)))]);
    for (const [at, bytes, v] of pieces) l.store(bytes, l.add32(to, l.i32(at)), v);
  },
};

const SPLAT: Record<number, number> = { 1: OP.i8x16_splat, 2: OP.i16x8_splat, 4: OP.i32x4_splat, 8: OP.i64x2_splat };

/** memory.fill repeats one byte: any for STOSB, wider elements must consist of equal bytes, as zero does. */
export const FILL: Bulk = {
  allowed(l) {
    const bytes = l.insn.operandBytes;
    const v = accumulator(l);
    if (bytes === 1 || l.isZero32(v) || l.isZero64(v)) return -1;
    const byte = l.gpr(RAX, 1);
    if (bytes === 8) return l.op(OP.i64_eq, v, l.op(OP.i64_mul, l.extendU(byte), l.i64(0x01010101, 0x01010101)));
    const spread = l.op(OP.i32_mul, byte, l.i32(bytes === 4 ? 0x01010101 : 0x0101));
    return l.op(OP.i32_eq, l.narrow(bytes, v), spread);
  },
  act: (l, range) => l.op(OP.memory_fill, lowest(l, RDI, range), l.gpr(RAX, 1), range.length),
  allowedUnrolled: () => -1,
  unrolled(l, range, length) {
    const to = lowest(l, RDI, range);
    const pattern = l.op(OP.i64x2_extract_lane, l.op(SPLAT[l.insn.operandBytes], accumulator(l)), 0);
    const wide = length >= 16 ? l.op(OP.i64x2_splat, pattern) : -1;
    const valueOf = (bytes: number) => bytes === 16 ? wide : bytes === 8 ? pattern : l.wrap(pattern);
    for (const [at, bytes] of piecesOf(length)) l.store(bytes, l.add32(to, l.i32(at)), valueOf(bytes));
  },
};

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

/** Whether all that a pointer register will pass over may be accessed as it is going to be, i32. */
function allAllowed(l: Lifter, register: number, range: Range): number {
  const what = l.add32(l.shl32(range.length, 1), l.i32(register === RDI ? PROBE_WRITE : PROBE_READ));
  return l.helper("allows", lowest(l, register, range), what);
}

/** The counter in bytes, i32. */
function lengthOf(l: Lifter): number {
  return l.shl32(l.gpr(RCX, 4), Math.log2(l.insn.operandBytes));
}

/**
 * The repetition in bulk where that may be, else by `loop`, which is to end in the block it is given. `moves` are the
 * pointer registers. Leaves the lifter in the block behind.
 */
export function repeatInBulk(l: Lifter, bulk: Bulk, moves: readonly number[], loop: (join: number) => void): void {
  const isChecked = (l.fn.mode & MODE_CHECKED) !== 0;
  const count = constantCount(l);
  const known = count * l.insn.operandBytes;
  const unroll = count >= 0 && known <= UNROLL_LIMIT;
  // DF is mostly clear and not known in the block; where it is known to be set (std; rep movsb), downwards.
  const df = l.directionFlag();
  const down = l.isConst32(df) && l.fn.a[df] !== 0;

  const conditions = l.isConst32(df) ? [] : [l.op(OP.i32_eqz, df)];
  if (count < 0) conditions.push(countIsBulk(l));
  const range = { length: lengthOf(l), down };
  const suitable = unroll ? bulk.allowedUnrolled(l, range) : bulk.allowed(l, range);
  if (suitable >= 0) conditions.push(suitable);
  // What ends in a fault does so at the element that is not allowed.
  if (isChecked) { for (const register of moves) conditions.push(allAllowed(l, register, range)); }
  const always = conditions.length === 0;

  const all = l.innerBlock(), each = always ? -1 : l.innerBlock(), join = l.innerBlock();
  if (always) l.endJump(all);
  else l.endBranch(conditions.reduce((x, y) => l.op(OP.i32_and, x, y)), all, each);
  l.beginAfter(all);
  const length = lengthOf(l);
  if (unroll) bulk.unrolled(l, { length, down }, known);
  else bulk.act(l, { length, down });
  const distance = down ? l.sub32(l.i32(0), length) : length;
  const by = l.insn.addressBytes === 8 ? (down ? l.extendS(distance) : l.extendU(distance)) : distance;
  for (const register of moves) advance(l, register, by);
  l.setGpr64(RCX, l.i64(0));
  l.endJump(join);
  if (!always) {
    l.begin(each);
    loop(join);
  }
  l.begin(join);
}
