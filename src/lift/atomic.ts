/**
 * xadd cmpxchg cmpxchg8b cmpxchg16b. One guest thread runs at a time and is switched at known points only, so a locked
 * instruction is a plain one.
 */
import { OP } from "../ir/ops.ts";
import { RAX, RBX, RCX, RDX, STOP_PRIVILEGED } from "../machine/state.ts";
import { OPERAND_GPR, OPERAND_MEM } from "../x86/instruction.ts";
import type { Lift, Lifter } from "./lifter.ts";

const ZF = 3;

const xadd: Lift = (l) => {
  const [dst, src] = l.insn.operands;
  const bytes = dst.bytes;
  const place = l.place(dst);
  const a = l.readPlace(dst, place);
  const b = l.read(src);
  const sum = l.add(bytes, a, b);
  // Memory first: a fault leaves the register alone. Of one register twice the sum stays (SDM, XADD).
  if (dst.kind === OPERAND_MEM) {
    l.writePlace(dst, place, sum);
    l.write(src, a);
  } else {
    l.write(src, a);
    l.write(dst, sum);
  }
  l.flagsFromAdd(bytes, a, b, sum);
};

const cmpxchg: Lift = (l) => {
  const [dst, src] = l.insn.operands;
  const bytes = dst.bytes;
  const wide = bytes === 8;
  const place = l.place(dst);
  const old = l.readPlace(dst, place);
  const expected = l.gpr(RAX, bytes);
  const replacement = l.readLow(src, bytes);
  const equal = l.op(wide ? OP.i64_eq : OP.i32_eq, expected, old);
  // A 32-bit register that is not written keeps its upper half: choose between whole registers.
  const accumulator = l.gpr64(RAX);
  l.setGpr(RAX, bytes, old);
  const loaded = l.gpr64(RAX);
  l.setGpr64(RAX, l.op(OP.select_i64, accumulator, loaded, equal));
  if (dst.kind === OPERAND_MEM) l.store(bytes, place, l.select(bytes, replacement, old, equal));
  else if (dst.kind === OPERAND_GPR) {
    const kept = l.gpr64(dst.reg);
    l.setGpr(dst.reg, bytes, replacement);
    l.setGpr64(dst.reg, l.op(OP.select_i64, l.gpr64(dst.reg), kept, equal));
  } else l.setGprHigh(dst.reg, l.op(OP.select_i32, replacement, l.gprHigh(dst.reg), equal));
  l.flagsFromSub(bytes, expected, old, -1);
};

/** Compares rdx:rax with memory (halves of `bytes`): equal stores rcx:rbx, else rdx:rax gets what was there. */
function compareExchangePair(l: Lifter, bytes: 4 | 8, place: number): void {
  const wide = bytes === 8;
  const eq = wide ? OP.i64_eq : OP.i32_eq;
  const second = l.add32(place, l.i32(bytes));
  const low = l.load(bytes, place), high = l.load(bytes, second);
  const equal = l.op(OP.i32_and, l.op(eq, low, l.gpr(RAX, bytes)), l.op(eq, high, l.gpr(RDX, bytes)));
  l.store(bytes, place, l.select(bytes, l.gpr(RBX, bytes), low, equal));
  l.store(bytes, second, l.select(bytes, l.gpr(RCX, bytes), high, equal));
  const whole = (v: number) => wide ? v : l.extendU(v);
  l.setGpr64(RAX, l.op(OP.select_i64, l.gpr64(RAX), whole(low), equal));
  l.setGpr64(RDX, l.op(OP.select_i64, l.gpr64(RDX), whole(high), equal));
  l.setFlag(ZF, equal);
}

const cmpxchg8b: Lift = (l) => compareExchangePair(l, 4, l.linear(l.insn.operands[0]));

const cmpxchg16b: Lift = (l) => {
  const place = l.linear(l.insn.operands[0]);
  // Misaligned: #GP (SDM, CMPXCHG8B/CMPXCHG16B). GUEST_BIAS keeps alignment.
  l.op(OP.trap_if, l.mask32(place, 15), STOP_PRIVILEGED);
  compareExchangePair(l, 8, place);
};

export const atomicLifts: Record<string, Lift> = { xadd, cmpxchg, cmpxchg8b, cmpxchg16b };
