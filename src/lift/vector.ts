/** What the SSE families share: vector operands, shuffles, and results that replace the low lane only. */
import { OP } from "../ir/ops.ts";
import { STATE_X87 } from "../machine/state.ts";
import { type Operand, OPERAND_GPR, OPERAND_MEM, OPERAND_MM } from "../x86/instruction.ts";
import type { Lift, Lifter } from "./lifter.ts";

/** A 16-byte constant of equal 32-bit lanes. */
export function splat32(l: Lifter, value: number): number {
  return constant32(l, value, value, value, value);
}

export function constant32(l: Lifter, ...lanes: [number, number, number, number]): number {
  return l.v128(new Uint8Array(Int32Array.from(lanes).buffer));
}

/** A 16-byte constant of equal 64-bit lanes, from the halves. */
export function splat64(l: Lifter, low: number, high: number): number {
  return constant32(l, low, high, low, high);
}

export function zero(l: Lifter): number {
  return splat32(l, 0);
}

/** Bytes picked from a (0..15) and b (16..31). */
export function shuffle(l: Lifter, a: number, b: number, lanes: ArrayLike<number>): number {
  return l.op(OP.i8x16_shuffle, a, b, l.fn.constant(Uint8Array.from(lanes)));
}

/** The bytes of lanes of `size` bytes: lanes(4, 2, 0) is 8 9 10 11 0 1 2 3. Lanes of the second operand follow the first's. */
export function lanes(size: number, ...picked: number[]): number[] {
  return picked.flatMap((lane) => Array.from({ length: size }, (_, i) => lane * size + i));
}

/** Shuffles whole lanes of `size` bytes. */
export function shuffleLanes(l: Lifter, a: number, b: number, size: number, ...picked: number[]): number {
  return shuffle(l, a, b, lanes(size, ...picked));
}

/** A vector operand: an xmm register, or an mm register or memory of its width with zeros above. */
export function vector(l: Lifter, o: Operand): number {
  if (o.kind === OPERAND_MM) return l.loadState(OP.v128_load64_zero, STATE_X87 + 16 * o.reg);
  if (o.kind !== OPERAND_MEM) return l.read(o);
  switch (o.bytes) {
    case 16:
      return l.load(16, l.linear(o));
    case 8:
      return l.op(OP.v128_load64_zero, l.linear(o), 0);
    case 4:
      return l.op(OP.v128_load32_zero, l.linear(o), 0);
    default:
      return l.op(OP.i32x4_replace_lane, zero(l), l.load(o.bytes, l.linear(o)), 0);
  }
}

/**
 * Writes a vector register or 16 bytes of memory. An mm register is the significand of the x87 register of its number; its
 * sign and exponent become ones (Intel SDM volume 1, 9.6.2).
 */
export function writeVector(l: Lifter, o: Operand, value: number): void {
  if (o.kind !== OPERAND_MM) return l.write(o, value);
  l.storeState(OP.i64_store, STATE_X87 + 16 * o.reg, l.op(OP.i64x2_extract_lane, value, 0));
  l.storeState(OP.i32_store16, STATE_X87 + 16 * o.reg + 8, l.i32(0xffff));
}

/** Operations on the low lane, by its bytes. */
const EXTRACT: Record<number, number> = { 4: OP.f32x4_extract_lane, 8: OP.f64x2_extract_lane };
const REPLACE: Record<number, number> = { 4: OP.f32x4_replace_lane, 8: OP.f64x2_replace_lane };

/** True if `v` is a vector whose low lane was replaced last. */
function hasNewLow(l: Lifter, v: number, bytes: number): boolean {
  return l.fn.op[v] === REPLACE[bytes] && l.fn.c[v] === 0;
}

/**
 * Low single (bytes 4) or double (bytes 8) of an operand, as f32 or f64. What a scalar instruction has just put there is taken
 * directly, so that chains of scalar arithmetic do not wait for the merging with the upper lanes.
 */
export function scalar(l: Lifter, o: Operand, bytes: number): number {
  if (o.kind === OPERAND_MEM) return l.op(bytes === 4 ? OP.f32_load : OP.f64_load, l.linear(o), 0);
  const v = l.read(o);
  return hasNewLow(l, v, bytes) ? l.fn.b[v] : l.op(EXTRACT[bytes], v, 0);
}

/** Low 32 bits of a general register, or a memory operand zero-extended to i32. */
export function integer32(l: Lifter, o: Operand): number {
  return o.kind === OPERAND_GPR ? l.gpr(o.reg, 4) : l.load(o.bytes, l.linear(o));
}

/** Writes an i32 to a general register (zeroing the upper half, whatever its width) or to memory. */
export function writeInteger32(l: Lifter, o: Operand, value: number): void {
  if (o.kind === OPERAND_GPR) l.setGpr(o.reg, 4, value);
  else l.store(o.bytes, l.linear(o), value);
}

/** Register `o` with its low single or double replaced. */
export function setLow(l: Lifter, o: Operand, bytes: number, value: number): void {
  let v = l.xmm(o.reg);
  while (hasNewLow(l, v, bytes)) v = l.fn.a[v];
  l.setXmm(o.reg, l.op(REPLACE[bytes], v, value, 0));
}

/** Register `o` with its low `bytes` taken from another vector. */
export function mergeLow(l: Lifter, o: Operand, bytes: number, from: number): void {
  const picked = Array.from({ length: 16 }, (_, i) => (i < bytes ? i + 16 : i));
  l.setXmm(o.reg, shuffle(l, l.xmm(o.reg), from, picked));
}

/** destination = op(destination, source). */
export function packed(op: number): Lift {
  return (l) => {
    const [to, from] = l.insn.operands;
    writeVector(l, to, l.op(op, vector(l, to), vector(l, from)));
  };
}

/** destination = compute(destination, source). */
export function binary(compute: (l: Lifter, a: number, b: number) => number): Lift {
  return (l) => {
    const [to, from] = l.insn.operands;
    writeVector(l, to, compute(l, vector(l, to), vector(l, from)));
  };
}

/** destination = compute(source). */
export function unary(compute: (l: Lifter, b: number) => number): Lift {
  return (l) => {
    const [to, from] = l.insn.operands;
    writeVector(l, to, compute(l, vector(l, from)));
  };
}

/** destination = compute(destination, source, immediate byte). */
export function binaryImm(compute: (l: Lifter, a: number, b: number, imm: number) => number): Lift {
  return (l) => {
    const [to, from, imm] = l.insn.operands;
    writeVector(l, to, compute(l, vector(l, to), vector(l, from), imm.immLo & 0xff));
  };
}

/** destination = compute(source, immediate byte). */
export function unaryImm(compute: (l: Lifter, b: number, imm: number) => number): Lift {
  return (l) => {
    const [to, from, imm] = l.insn.operands;
    writeVector(l, to, compute(l, vector(l, from), imm.immLo & 0xff));
  };
}
