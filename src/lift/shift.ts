/**
 * Shifts and rotates. Counts are taken modulo 32, or 64 for 64-bit operands, and a count of zero changes no flag
 * (Intel SDM volume 2, SAL/SAR/SHL/SHR and RCL/RCR/ROL/ROR). With a constant count flags are deferred; with CL they are
 * selected against their old values, and only those that may be read.
 *
 * wasm's shifts take counts modulo the width of their type themselves, so CL needs no mask.
 */
import { OP } from "../ir/ops.ts";
import { FLAG_CF, FLAG_OF, FLAGS_ARITH, RCX } from "../machine/state.ts";
import { type Operand, OPERAND_IMM } from "../x86/instruction.ts";
import { type FlagSource, signBit, SOURCE_SAR, SOURCE_SHL, SOURCE_SHR } from "./flags.ts";
import type { Lift, Lifter } from "./lifter.ts";

const CF = 0, OF = 5;

/** A shift count: a constant, or a value of the operand's type that may have junk above its low five or six bits. */
class Count {
  /** -1: not constant. */
  readonly constant: number;
  readonly value: number;
  readonly #bitsOfCount: number;

  constructor(l: Lifter, o: Operand, bytes: number) {
    this.#bitsOfCount = bytes === 8 ? 63 : 31;
    this.constant = o.kind === OPERAND_IMM ? o.immLo & this.#bitsOfCount : -1;
    if (this.constant >= 0) this.value = l.constant(bytes, this.constant);
    else this.value = bytes === 8 ? l.gpr64(RCX) : l.gprLow(RCX, 1);
  }

  /** The count without junk, i32. From the value, for by then the instruction may have changed rcx itself. */
  masked(l: Lifter): number {
    if (this.constant >= 0) return l.i32(this.constant);
    return l.mask32(this.#bitsOfCount === 63 ? l.wrap(this.value) : this.value, this.#bitsOfCount);
  }
}

/** Flags of a shift, which a count of zero leaves alone. */
function shiftFlags(l: Lifter, count: Count, mask: number, source: FlagSource): void {
  if (count.constant === 0) return;
  if (count.constant > 0) l.setFlagSource(mask, source);
  else if (l.flagsWanted(mask)) l.flagsWhere(count.masked(l), mask, source);
}

function shift(kind: typeof SOURCE_SHL | typeof SOURCE_SHR | typeof SOURCE_SAR, op32: number, op64: number): Lift {
  return (l) => {
    const [dst, by] = l.insn.operands;
    const bytes = dst.bytes;
    const count = new Count(l, by, bytes);
    const place = l.place(dst);
    let a = kind === SOURCE_SHR ? l.readPlace(dst, place) : l.readLowPlace(dst, place);
    if (kind === SOURCE_SAR) a = l.signExtend32(bytes, a);
    const result = count.constant === 0 ? a : l.binary(op32, op64, bytes, a, count.value);
    l.writePlace(dst, place, result);
    shiftFlags(l, count, FLAGS_ARITH, { kind, bytes, a, b: count.value, result, carry: -1 });
  };
}

// ---- double shifts -----------------------------------------------------------------------------------------------------

/**
 * shld and shrd of 32 and 64 bits: what the second operand brings in is shifted by width - count, in two steps so that a
 * count of zero brings in nothing.
 */
function doubleShift(l: Lifter, left: boolean, bytes: number, a: number, b: number, count: Count): number {
  const wide = bytes === 8;
  const [out32, in32] = left ? [OP.i32_shl, OP.i32_shr_u] : [OP.i32_shr_u, OP.i32_shl];
  const [out64, in64] = left ? [OP.i64_shl, OP.i64_shr_u] : [OP.i64_shr_u, OP.i64_shl];
  const outgoing = l.binary(out32, out64, bytes, a, count.value);
  let incoming: number;
  if (count.constant >= 0) {
    incoming = l.binary(in32, in64, bytes, b, l.constant(bytes, bytes * 8 - count.constant));
  } else {
    const inverse = wide ? l.op(OP.i64_xor, count.value, l.i64(-1)) : l.op(OP.i32_xor, count.value, l.i32(-1));
    incoming = l.binary(in32, in64, bytes, l.binary(in32, in64, bytes, b, l.constant(bytes, 1)), inverse);
  }
  return l.binary(OP.i32_or, OP.i64_or, bytes, outgoing, incoming);
}

/**
 * 16-bit double shifts may have counts above 16, where the manual says undefined and CPUs shift a:b:a. As an i64 all
 * counts are one case.
 */
function doubleShift16(l: Lifter, left: boolean, a: number, b: number, count: Count): FlagSource {
  const low = l.op(OP.i32_or, l.shl32(b, 16), l.narrow(2, a));
  const all = l.op(OP.i64_or, l.op(OP.i64_shl, l.extendU(a), l.i64(32)), l.extendU(low));
  const by = l.extendU(count.masked(l));
  if (left) {
    const result = l.wrap(l.op(OP.i64_shr_u, l.op(OP.i64_shl, all, by), l.i64(32)));
    return { kind: SOURCE_SHL, bytes: 2, a, b: count.value, result, carry: -1 };
  }
  const result = l.wrap(l.op(OP.i64_shr_u, all, by));
  return { kind: SOURCE_SHR, bytes: 2, a: low, b: count.value, result, carry: -1 };
}

function shld(left: boolean): Lift {
  return (l) => {
    const [dst, src, by] = l.insn.operands;
    const bytes = dst.bytes;
    const count = new Count(l, by, bytes);
    const place = l.place(dst);
    const a = l.readPlace(dst, place);
    // Nothing moves, but a 32-bit register is zero-extended.
    if (count.constant === 0) return l.writePlace(dst, place, a);
    let source: FlagSource;
    if (bytes === 2) source = doubleShift16(l, left, a, l.read(src), count);
    else {
      const result = doubleShift(l, left, bytes, a, l.read(src), count);
      source = { kind: left ? SOURCE_SHL : SOURCE_SHR, bytes, a, b: count.value, result, carry: -1 };
    }
    l.writePlace(dst, place, source.result);
    shiftFlags(l, count, FLAGS_ARITH, source);
  };
}

// ---- rotates -----------------------------------------------------------------------------------------------------------

/** A new value of a flag that holds unless `unless0` (i32) is zero; -1: it always holds. */
function setFlagWhere(l: Lifter, flag: number, value: number, unless0: number): void {
  l.setFlag(flag, unless0 < 0 ? value : l.op(OP.select_i32, value, l.flag(flag), unless0));
}

/** CF and OF of a rotation, from what has become of the operand. */
function rotateFlags(
  l: Lifter,
  happens: number,
  carry: () => number,
  overflow: (carry: number) => number,
): void {
  if (!l.flagsWanted(FLAG_CF | FLAG_OF)) return;
  const c = carry();
  if (l.flagsWanted(FLAG_OF)) setFlagWhere(l, OF, overflow(c), happens);
  setFlagWhere(l, CF, c, happens);
}

function bit0(l: Lifter, bytes: number, v: number): number {
  return l.mask32(bytes === 8 ? l.wrap(v) : v, 1);
}

/** The bit below the sign bit. */
function nextToSign(l: Lifter, bytes: number, v: number): number {
  return signBit(l, bytes, bytes === 8 ? l.op(OP.i64_shl, v, l.i64(1)) : l.shl32(v, 1));
}

/** rol and ror of 1 and 2 bytes: two shifts of the zero-extended operand; bits above the width are junk. */
function rotateNarrow(l: Lifter, left: boolean, bytes: number, a: number, count: Count): number {
  const bits = bytes * 8;
  const by = l.mask32(count.masked(l), bits - 1);
  const back = l.sub32(l.i32(bits), by);
  const [to, from] = left ? [OP.i32_shl, OP.i32_shr_u] : [OP.i32_shr_u, OP.i32_shl];
  return l.op(OP.i32_or, l.op(to, a, by), l.op(from, a, back));
}

function rotate(left: boolean): Lift {
  return (l) => {
    const [dst, by] = l.insn.operands;
    const bytes = dst.bytes;
    const count = new Count(l, by, bytes);
    const place = l.place(dst);
    const a = l.readPlace(dst, place);
    if (count.constant === 0) return l.writePlace(dst, place, a);
    const result = bytes < 4
      ? rotateNarrow(l, left, bytes, a, count)
      : left
      ? l.binary(OP.i32_rotl, OP.i64_rotl, bytes, a, count.value)
      : l.binary(OP.i32_rotr, OP.i64_rotr, bytes, a, count.value);
    l.writePlace(dst, place, result);
    if (!l.flagsWanted(FLAG_CF | FLAG_OF)) return;
    rotateFlags(
      l,
      count.constant > 0 ? -1 : count.masked(l),
      () => left ? bit0(l, bytes, result) : signBit(l, bytes, result),
      (carry) => l.op(OP.i32_xor, carry, left ? signBit(l, bytes, result) : nextToSign(l, bytes, result)),
    );
  };
}

/** Operand and new CF of a rotation through carry. */
interface Rotated {
  result: number;
  carry: () => number;
  /** i32: zero where nothing is rotated; -1: something is. */
  happens: number;
}

/** By one, the form that multi-word arithmetic uses. */
function throughCarryByOne(l: Lifter, left: boolean, bytes: number, a: number, cf: number): Rotated {
  const c = bytes === 8 ? l.extendU(cf) : cf;
  const one = l.constant(bytes, 1), top = l.constant(bytes, bytes * 8 - 1);
  const or = (x: number, y: number) => l.binary(OP.i32_or, OP.i64_or, bytes, x, y);
  const shl = (x: number, k: number) => l.binary(OP.i32_shl, OP.i64_shl, bytes, x, k);
  return left ? { result: or(shl(a, one), c), carry: () => signBit(l, bytes, a), happens: -1 } : {
    result: or(l.binary(OP.i32_shr_u, OP.i64_shr_u, bytes, a, one), shl(c, top)),
    carry: () => bit0(l, bytes, a),
    happens: -1,
  };
}

/** Up to 32 bits: CF:operand as one number of width + 1 bits in an i64, rotated by the count modulo width + 1. */
function throughCarry32(l: Lifter, left: boolean, bytes: number, a: number, cf: number, count: Count): Rotated {
  const bits = bytes * 8;
  let by = count.masked(l);
  // 31 is less than 33, so only narrow counts are reduced (SDM, RCL/RCR: modulo 9 and 17).
  if (bytes < 4) {
    by = count.constant >= 0 ? l.i32(count.constant % (bits + 1)) : l.op(OP.i32_rem_u, by, l.i32(bits + 1));
  }
  const forth = l.extendU(by);
  const back = l.extendU(l.sub32(l.i32(bits + 1), by));
  const all = l.op(OP.i64_or, l.op(OP.i64_shl, l.extendU(cf), l.i64(bits)), l.extendU(a));
  const [to, from] = left ? [OP.i64_shl, OP.i64_shr_u] : [OP.i64_shr_u, OP.i64_shl];
  const rotated = l.op(OP.i64_or, l.op(to, all, forth), l.op(from, all, back));
  return {
    result: l.wrap(rotated),
    carry: () => l.mask32(l.wrap(l.op(OP.i64_shr_u, rotated, l.i64(bits))), 1),
    happens: l.isConst32(by) && !l.isZero32(by) ? -1 : by,
  };
}

/** 64 bits: operand, CF and the wrapped part are shifted into place one by one; in two steps where a shift by 64 is due. */
function throughCarry64(l: Lifter, left: boolean, a: number, cf: number, count: Count): Rotated {
  const by = count.value;
  const back = l.sub64(l.i64(0), by);
  const [to, from] = left ? [OP.i64_shl, OP.i64_shr_u] : [OP.i64_shr_u, OP.i64_shl];
  const moved = l.op(to, a, by);
  const wrapped = l.op(from, l.op(from, a, l.i64(1)), back);
  const place = left ? l.add64(by, l.i64(-1)) : back;
  const carried = l.op(OP.i64_shl, l.extendU(cf), place);
  const result = l.op(OP.i64_or, l.op(OP.i64_or, moved, wrapped), carried);
  const happens = count.masked(l);
  return {
    result: count.constant > 0 ? result : l.select(8, result, a, happens),
    carry: () => bit0(l, 8, l.op(OP.i64_shr_u, a, left ? back : l.add64(by, l.i64(-1)))),
    happens: count.constant > 0 ? -1 : happens,
  };
}

function rotateThroughCarry(left: boolean): Lift {
  return (l) => {
    const [dst, by] = l.insn.operands;
    const bytes = dst.bytes;
    const count = new Count(l, by, bytes);
    const place = l.place(dst);
    const a = l.readPlace(dst, place);
    if (count.constant === 0) return l.writePlace(dst, place, a);
    const cf = l.flag(CF);
    const { result, carry, happens } = count.constant === 1
      ? throughCarryByOne(l, left, bytes, a, cf)
      : bytes === 8
      ? throughCarry64(l, left, a, cf, count)
      : throughCarry32(l, left, bytes, a, cf, count);
    l.writePlace(dst, place, result);
    const sign = () => signBit(l, bytes, result);
    rotateFlags(
      l,
      happens,
      carry,
      (c) => l.op(OP.i32_xor, sign(), left ? c : nextToSign(l, bytes, result)),
    );
  };
}

export const shiftLifts: Record<string, Lift> = {
  shl: shift(SOURCE_SHL, OP.i32_shl, OP.i64_shl),
  shr: shift(SOURCE_SHR, OP.i32_shr_u, OP.i64_shr_u),
  sar: shift(SOURCE_SAR, OP.i32_shr_s, OP.i64_shr_s),
  shld: shld(true),
  shrd: shld(false),
  rol: rotate(true),
  ror: rotate(false),
  rcl: rotateThroughCarry(true),
  rcr: rotateThroughCarry(false),
};
