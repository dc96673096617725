/** Addition, subtraction and comparison: add adc sub sbb cmp neg inc dec, adcx adox. */
import { OP } from "../ir/ops.ts";
import { FLAGS_ARITH } from "../machine/state.ts";
import { type Operand, OPERAND_GPR, OPERAND_GPR8H } from "../x86/instruction.ts";
import { carryOf, SOURCE_ADD, SOURCE_SUB } from "./flags.ts";
import type { Lift, Lifter } from "./lifter.ts";

const CF = 0, OF = 5;
const FLAG_CF = 1;

/** True if both operands are one register: sub r, r and its like do not depend on its value. */
export function sameRegister(a: Operand, b: Operand): boolean {
  return a.kind === b.kind && a.reg === b.reg && (a.kind === OPERAND_GPR || a.kind === OPERAND_GPR8H);
}

const add: Lift = (l) => {
  const [dst, src] = l.insn.operands;
  const bytes = dst.bytes;
  const place = l.place(dst);
  const a = l.readPlace(dst, place);
  const b = l.readAs(src, bytes);
  const result = l.add(bytes, a, b);
  l.writePlace(dst, place, result);
  l.flagsFromAdd(bytes, a, b, result);
};

const sub: Lift = (l) => {
  const [dst, src] = l.insn.operands;
  const bytes = dst.bytes;
  if (sameRegister(dst, src)) {
    const zero = l.zero(bytes);
    l.write(dst, zero);
    return l.flagsFromLogic(bytes, zero);
  }
  const place = l.place(dst);
  const a = l.readPlace(dst, place);
  const b = l.readAs(src, bytes);
  const result = l.sub(bytes, a, b);
  l.writePlace(dst, place, result);
  l.flagsFromSub(bytes, a, b, result);
};

const cmp: Lift = (l) => {
  const [x, y] = l.insn.operands;
  const bytes = x.bytes;
  const a = l.readAs(x, bytes);
  const b = l.readAs(y, bytes);
  // Comparing with zero borrows nothing and cannot overflow: the flags are those of test a, a.
  if (bytes === 8 ? l.isZero64(b) : l.isZero32(b)) return l.flagsFromLogic(bytes, a);
  l.flagsFromSub(bytes, a, b, -1);
};

/** A flag (i32 0/1) as a number of the width's value type. */
function carryIn(l: Lifter, bytes: number, carry: number): number {
  return bytes === 8 ? l.extendU(carry) : carry;
}

const adc: Lift = (l) => {
  const [dst, src] = l.insn.operands;
  const bytes = dst.bytes;
  const place = l.place(dst);
  const a = l.readPlace(dst, place);
  const b = l.readAs(src, bytes);
  const carry = l.flag(CF);
  const result = l.add(bytes, l.add(bytes, a, b), carryIn(l, bytes, carry));
  l.writePlace(dst, place, result);
  l.flagsFromAdd(bytes, a, b, result, carry);
};

const sbb: Lift = (l) => {
  const [dst, src] = l.insn.operands;
  const bytes = dst.bytes;
  const carry = l.flag(CF);
  if (sameRegister(dst, src)) {
    // sbb r, r spreads CF over the register and leaves CF as it is.
    const zero = l.zero(bytes);
    const result = l.sub(bytes, zero, carryIn(l, bytes, carry));
    l.write(dst, result);
    l.flagsFromSub(bytes, zero, zero, result, carry);
    return l.setFlag(CF, carry);
  }
  const place = l.place(dst);
  const a = l.readPlace(dst, place);
  const b = l.readAs(src, bytes);
  const result = l.sub(bytes, l.sub(bytes, a, b), carryIn(l, bytes, carry));
  l.writePlace(dst, place, result);
  l.flagsFromSub(bytes, a, b, result, carry);
};

const neg: Lift = (l) => {
  const [dst] = l.insn.operands;
  const bytes = dst.bytes;
  const place = l.place(dst);
  const zero = l.zero(bytes);
  const b = l.readPlace(dst, place);
  const result = l.op(bytes === 8 ? OP.i64_sub : OP.i32_sub, zero, b);
  l.writePlace(dst, place, result);
  l.flagsFromSub(bytes, zero, b, result);
};

/** inc and dec: an addition of 1 that keeps CF. */
function step(kind: typeof SOURCE_ADD | typeof SOURCE_SUB): Lift {
  return (l) => {
    const [dst] = l.insn.operands;
    const bytes = dst.bytes;
    const place = l.place(dst);
    const a = l.readPlace(dst, place);
    const result = l.add(bytes, a, l.constant(bytes, kind === SOURCE_ADD ? 1 : -1));
    l.writePlace(dst, place, result);
    l.setFlagSource(FLAGS_ARITH & ~FLAG_CF, { kind, bytes, a, b: l.constant(bytes, 1), result, carry: -1 });
  };
}

/** adcx and adox: adc on one flag, CF or OF, that leaves all others alone. */
function addWithFlag(flag: number): Lift {
  return (l) => {
    const [dst, src] = l.insn.operands;
    const bytes = dst.bytes;
    const a = l.read(dst), b = l.read(src), carry = l.flag(flag);
    const result = l.add(bytes, l.add(bytes, a, b), carryIn(l, bytes, carry));
    l.write(dst, result);
    if (l.flagsWanted(1 << flag)) {
      l.setFlag(flag, carryOf(l, { kind: SOURCE_ADD, bytes, a, b, result, carry }));
    }
  };
}

export const arithLifts: Record<string, Lift> = {
  add,
  sub,
  cmp,
  adc,
  sbb,
  neg,
  inc: step(SOURCE_ADD),
  dec: step(SOURCE_SUB),
  adcx: addWithFlag(CF),
  adox: addWithFlag(OF),
};
