/**
 * SSE moves, unpacks and shuffles of floats. Moves that ask for alignment (movaps, movdqa, movnt*) do not check it: a real CPU
 * raises #GP for a misaligned address, and no program depends on that.
 */
import { OP } from "../ir/ops.ts";
import { RDI } from "../machine/state.ts";
import { Operand, OPERAND_GPR, OPERAND_MEM, OPERAND_XMM } from "../x86/instruction.ts";
import type { Lift, Lifter } from "./lifter.ts";
import { withMmx } from "./mmx.ts";
import {
  binary,
  binaryImm,
  integer32,
  lanes,
  mergeLow,
  scalar,
  shuffle,
  shuffleLanes,
  unary,
  vector,
  writeInteger32,
  writeVector,
  zero,
} from "./vector.ts";

/** All 16 bytes, load or store. */
const move: Lift = (l) => {
  const [to, from] = l.insn.operands;
  l.write(to, l.read(from));
};

/** movss, movsd: a load clears the rest of the register, a register move keeps it. */
function moveScalar(bytes: number): Lift {
  return (l) => {
    const [to, from] = l.insn.operands;
    if (to.kind === OPERAND_MEM) return storeLane(l, to, bytes, l.read(from), 0);
    if (from.kind === OPERAND_MEM) return l.write(to, vector(l, from));
    mergeLow(l, to, bytes, l.read(from));
  };
}

/** Stores one single or double lane. */
function storeLane(l: Lifter, to: Operand, bytes: number, from: number, lane: number): void {
  const value = l.op(bytes === 4 ? OP.f32x4_extract_lane : OP.f64x2_extract_lane, from, lane);
  l.op(bytes === 4 ? OP.f32_store : OP.f64_store, l.linear(to), value, 0);
}

/** movlps, movhps and their double names: one half to or from memory. */
function moveHalf(lane: number): Lift {
  return (l) => {
    const [to, from] = l.insn.operands;
    if (to.kind === OPERAND_MEM) return storeLane(l, to, 8, l.read(from), lane);
    l.write(to, l.op(OP.f64x2_replace_lane, l.read(to), scalar(l, from, 8), lane));
  };
}

/** Keeps the low 64 bits. */
function lowHalf(l: Lifter, v: number): number {
  return shuffle(l, v, zero(l), lanes(8, 0, 2));
}

/** The low 32 bits of vector registers, general ones or memory, zeros above. */
const movd: Lift = (l) => {
  const [to, from] = l.insn.operands;
  if (to.kind === OPERAND_GPR || to.kind === OPERAND_MEM) {
    return writeInteger32(l, to, l.op(OP.i32x4_extract_lane, vector(l, from), 0));
  }
  if (from.kind === OPERAND_MEM) return writeVector(l, to, vector(l, from));
  writeVector(l, to, l.op(OP.i32x4_replace_lane, zero(l), integer32(l, from), 0));
};

/** movq, movntq, movq2dq, movdq2q: the low 64 bits likewise. */
const movq: Lift = (l) => {
  const [to, from] = l.insn.operands;
  if (to.kind === OPERAND_GPR) return l.write(to, l.op(OP.i64x2_extract_lane, vector(l, from), 0));
  if (to.kind === OPERAND_MEM) return storeLane(l, to, 8, vector(l, from), 0);
  if (from.kind === OPERAND_GPR) return writeVector(l, to, l.op(OP.i64x2_replace_lane, zero(l), l.read(from), 0));
  const v = vector(l, from);
  writeVector(l, to, from.kind === OPERAND_XMM && to.kind === OPERAND_XMM ? lowHalf(l, v) : v);
};

const movddup: Lift = (l) => {
  const [to, from] = l.insn.operands;
  if (from.kind === OPERAND_MEM) return l.write(to, l.op(OP.v128_load64_splat, l.linear(from), 0));
  const v = l.read(from);
  l.write(to, shuffleLanes(l, v, v, 8, 0, 0));
};

/** A mask of the lanes' signs into a general register. */
export function signMask(op: number): Lift {
  return (l) => {
    const [to, from] = l.insn.operands;
    l.setGpr(to.reg, 4, l.op(op, vector(l, from)));
  };
}

/** The implicit operand at [rdi] of maskmovdqu and maskmovq. */
export function atRdi(l: Lifter, bytes: number): Operand {
  const o = new Operand();
  o.kind = OPERAND_MEM;
  o.bytes = bytes;
  o.base = RDI;
  o.segment = l.insn.segment;
  return o;
}

/**
 * Stores the bytes whose mask byte has its sign set. All 16, or 8 of an mm register, are read and written back: the same for one thread, but for a
 * fault past the end of memory where the mask is clear.
 */
const maskmov: Lift = (l) => {
  const [from, mask] = l.insn.operands;
  const place = atRdi(l, from.kind === OPERAND_XMM ? 16 : 8);
  const chosen = l.op(OP.i8x16_lt_s, vector(l, mask), zero(l));
  const merged = l.op(OP.v128_bitselect, vector(l, from), vector(l, place), chosen);
  if (place.bytes === 16) l.store(16, l.linear(place), merged);
  else storeLane(l, place, 8, merged, 0);
};

function pair(...picked: [number, number]): Lift {
  return binary((l, a, b) => shuffleLanes(l, a, b, 8, ...picked));
}

function quad(...picked: [number, number, number, number]): Lift {
  return binary((l, a, b) => shuffleLanes(l, a, b, 4, ...picked));
}

export const sseMoveLifts: Record<string, Lift> = withMmx({
  movups: move,
  movupd: move,
  movaps: move,
  movapd: move,
  movdqu: move,
  movdqa: move,
  lddqu: move,
  movntps: move,
  movntpd: move,
  movntdq: move,
  movntdqa: move,
  movnti: move,
  movss: moveScalar(4),
  movsd: moveScalar(8),
  movlps: moveHalf(0),
  movlpd: moveHalf(0),
  movhps: moveHalf(1),
  movhpd: moveHalf(1),
  movhlps: pair(3, 1),
  movlhps: pair(0, 2),
  movd,
  movq,
  movntq: movq,
  movq2dq: movq,
  movdq2q: movq,
  movmskps: signMask(OP.i32x4_bitmask),
  movmskpd: signMask(OP.i64x2_bitmask),
  movsldup: unary((l, b) => shuffleLanes(l, b, b, 4, 0, 0, 2, 2)),
  movshdup: unary((l, b) => shuffleLanes(l, b, b, 4, 1, 1, 3, 3)),
  movddup,
  unpcklps: quad(0, 4, 1, 5),
  unpckhps: quad(2, 6, 3, 7),
  unpcklpd: pair(0, 2),
  unpckhpd: pair(1, 3),
  shufps: binaryImm((l, a, b, i) => shuffleLanes(l, a, b, 4, i & 3, i >> 2 & 3, 4 + (i >> 4 & 3), 4 + (i >> 6))),
  shufpd: binaryImm((l, a, b, i) => shuffleLanes(l, a, b, 8, i & 1, 2 + (i >> 1 & 1))),
  maskmovdqu: maskmov,
  maskmovq: maskmov,
});
