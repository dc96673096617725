/** push pop pushf popf enter leave: operand size 64 or 16 bits, addresses by the whole of rsp. */
import { OP } from "../ir/ops.ts";
import { VAR_DF } from "../ir/variables.ts";
import { GUEST_BIAS, RBP, RSP, STATE_RFLAGS_REST } from "../machine/state.ts";
import { OPERAND_SEG } from "../x86/instruction.ts";
import type { Lift, Lifter } from "./lifter.ts";

function linearOf(l: Lifter, address: number): number {
  return l.add32(l.wrap(address), l.i32(-GUEST_BIAS));
}

/** rsp moves after the store, so that a fault leaves it alone. */
function pushValue(l: Lifter, bytes: number, value: number): void {
  const rsp = l.add64(l.gpr64(RSP), l.i64(-bytes));
  l.store(bytes, linearOf(l, rsp), value);
  l.setGpr64(RSP, rsp);
}

function popValue(l: Lifter, bytes: number): number {
  const rsp = l.gpr64(RSP);
  const value = l.load(bytes, linearOf(l, rsp));
  l.setGpr64(RSP, l.add64(rsp, l.i64(bytes)));
  return value;
}

const push: Lift = (l) => {
  const [src] = l.insn.operands;
  const bytes = l.insn.operandBytes;
  // FS and GS hold the null selector.
  pushValue(l, bytes, src.kind === OPERAND_SEG ? l.zero(bytes) : l.readLow(src, bytes));
};

/** The destination's address is formed with rsp already moved (SDM, POP): as happens here. */
const pop: Lift = (l) => {
  const [dst] = l.insn.operands;
  const value = popValue(l, l.insn.operandBytes);
  if (dst.kind !== OPERAND_SEG) l.write(dst, value);
};

const pushf: Lift = (l) => {
  const bytes = l.insn.operandBytes;
  const image = l.rflags();
  pushValue(l, bytes, bytes === 8 ? image : l.wrap(image));
};

/** Bits of RFLAGS in the order of the flag numbers. */
const FLAG_BITS = [0, 2, 4, 6, 7, 11];
const DF_BIT = 10;
/** NT, AC and ID: what user code can change besides the flags that have variables. TF would trap; we do not step. */
const REST_BITS = 0x244000;

const popf: Lift = (l) => {
  const bytes = l.insn.operandBytes;
  const value = popValue(l, bytes);
  const image = bytes === 8 ? l.wrap(value) : value;
  const bit = (n: number) => l.op(OP.i32_and, l.op(OP.i32_shr_u, image, l.i32(n)), l.i32(1));
  for (let f = 0; f < 6; f++) if (l.flagsWanted(1 << f)) l.setFlag(f, bit(FLAG_BITS[f]));
  l.setVar(VAR_DF, bit(DF_BIT));
  let rest = l.mask32(image, bytes === 8 ? REST_BITS : REST_BITS & 0xffff);
  if (bytes === 2) {
    const upper = l.mask32(l.loadState(OP.i32_load, STATE_RFLAGS_REST), REST_BITS & ~0xffff);
    rest = l.op(OP.i32_or, rest, upper);
  }
  l.storeState(OP.i32_store, STATE_RFLAGS_REST, rest);
};

/** The level is a constant, at most 31, so the copying of frame pointers is laid out straight. */
const enter: Lift = (l) => {
  const [size, nesting] = l.insn.operands;
  const bytes = l.insn.operandBytes;
  const level = nesting.immLo & 31;
  pushValue(l, bytes, bytes === 8 ? l.gpr64(RBP) : l.gprLow(RBP, bytes));
  const frame = l.gpr64(RSP);
  for (let i = 1; i < level; i++) {
    const outer = l.add64(l.gpr64(RBP), l.i64(-bytes * i));
    pushValue(l, bytes, l.load(bytes, linearOf(l, outer)));
  }
  if (level > 0) pushValue(l, bytes, bytes === 8 ? frame : l.wrap(frame));
  l.setGpr64(RBP, frame);
  l.setGpr64(RSP, l.add64(l.gpr64(RSP), l.i64(-(size.immLo & 0xffff))));
};

const leave: Lift = (l) => {
  const bytes = l.insn.operandBytes;
  l.setGpr64(RSP, l.gpr64(RBP));
  l.setGpr(RBP, bytes, popValue(l, bytes));
};

export const stackLifts: Record<string, Lift> = { push, pop, pushf, popf, enter, leave };
