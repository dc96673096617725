/** and or xor not test. AF is undefined after them; like CPUs, we clear it. */
import { OP } from "../ir/ops.ts";
import { OPERAND_IMM } from "../x86/instruction.ts";
import { sameRegister } from "./arith.ts";
import type { Lift, Lifter } from "./lifter.ts";

function and(l: Lifter, bytes: number, a: number, b: number): number {
  if (bytes === 8) return l.and64(a, b);
  return l.isConst32(b) ? l.mask32(a, l.fn.a[b]) : l.op(OP.i32_and, a, b);
}

function or(l: Lifter, bytes: number, a: number, b: number): number {
  return l.binary(OP.i32_or, OP.i64_or, bytes, a, b);
}

function xor(l: Lifter, bytes: number, a: number, b: number): number {
  return l.binary(OP.i32_xor, OP.i64_xor, bytes, a, b);
}

/** The shape of all three. The low bits of the result need only the low bits of the operands. */
function logic(compute: (l: Lifter, bytes: number, a: number, b: number) => number): Lift {
  return (l) => {
    const [dst, src] = l.insn.operands;
    const bytes = dst.bytes;
    const place = l.place(dst);
    const result = compute(l, bytes, l.readLowPlace(dst, place), l.readLow(src, bytes));
    l.writePlace(dst, place, result);
    l.flagsFromLogic(bytes, result);
  };
}

const plainAnd = logic(and), plainOr = logic(or), plainXor = logic(xor);

/** A result that does not depend on the destination. */
function setConstant(l: Lifter, value: 0 | -1): void {
  const [dst] = l.insn.operands;
  const result = l.constant(dst.bytes, value);
  l.write(dst, result);
  l.flagsFromLogic(dst.bytes, result);
}

/** and r, r and or r, r: the value stays, the flags describe it. */
function keep(l: Lifter): void {
  const [dst] = l.insn.operands;
  const v = l.readLow(dst, dst.bytes);
  // Writing matters for 32 bits: the upper half becomes zero.
  if (dst.bytes === 4) l.write(dst, v);
  l.flagsFromLogic(dst.bytes, v);
}

const andLift: Lift = (l) => {
  const [dst, src] = l.insn.operands;
  if (sameRegister(dst, src)) return keep(l);
  plainAnd(l);
};

const orLift: Lift = (l) => {
  const [dst, src] = l.insn.operands;
  if (sameRegister(dst, src)) return keep(l);
  // or r, -1: compilers' short form of mov r, -1.
  if (l.place(dst) < 0 && src.kind === OPERAND_IMM && src.immLo === -1) return setConstant(l, -1);
  plainOr(l);
};

const xorLift: Lift = (l) => {
  const [dst, src] = l.insn.operands;
  if (sameRegister(dst, src)) return setConstant(l, 0);
  plainXor(l);
};

const test: Lift = (l) => {
  const [x, y] = l.insn.operands;
  const bytes = x.bytes;
  const a = l.readLow(x, bytes);
  l.flagsFromLogic(bytes, sameRegister(x, y) ? a : and(l, bytes, a, l.readLow(y, bytes)));
};

const not: Lift = (l) => {
  const [dst] = l.insn.operands;
  const place = l.place(dst);
  l.writePlace(dst, place, xor(l, dst.bytes, l.readLowPlace(dst, place), l.constant(dst.bytes, -1)));
};

export const logicLifts: Record<string, Lift> = { and: andLift, or: orLift, xor: xorLift, not, test };
