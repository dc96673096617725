/** Control transfers: jmp, jcc, call, ret, loop, and the instructions that never go on (ud2, int3, hlt ...). */
import { OP } from "../ir/ops.ts";
import { RCX, RSP, STOP_BREAKPOINT, STOP_PRIVILEGED, STOP_UNDEFINED } from "../machine/state.ts";
import { GUEST_BIAS } from "../machine/state.ts";
import { OPERAND_MEM, OPERAND_REL } from "../x86/instruction.ts";
import type { Lift, Lifter } from "./lifter.ts";

/** Low 32 bits of an operand that names a code address: the dispatcher knows pcs as i32. */
function codeAddress(l: Lifter): number {
  const o = l.insn.operands[0];
  return o.kind === OPERAND_MEM ? l.load(4, l.linear(o)) : l.wrap(l.read(o));
}

function linearOfStack(l: Lifter): number {
  return l.add32(l.wrap(l.gpr64(RSP)), l.i32(-GUEST_BIAS));
}

const jmp: Lift = (l) => {
  const o = l.insn.operands[0];
  if (o.kind === OPERAND_REL) return l.endJump(l.blockFor(o.immLo >>> 0));
  const target = codeAddress(l);
  const table = l.jumpTable();
  if (table !== null) return l.endSwitchOnPc(target, table);
  l.endExitIndirect(target);
};

const jcc: Lift = (l) => {
  const then = l.blockFor(l.insn.operands[0].immLo >>> 0);
  l.endBranch(l.condition(l.insn.row.condition), then, l.blockFor(l.insn.nextPc));
};

function pushReturnAddress(l: Lifter): void {
  const rsp = l.add64(l.gpr64(RSP), l.i64(-8));
  l.setGpr64(RSP, rsp);
  l.store(8, linearOfStack(l), l.i64(l.insn.nextPc, 0));
}

/** A call that is not expected to return hands on whatever its callee returns: a jump that has pushed an address. */
const call: Lift = (l) => {
  const o = l.insn.operands[0];
  const next = l.insn.nextPc;
  if (o.kind === OPERAND_REL) {
    const target = o.immLo >>> 0;
    pushReturnAddress(l);
    // call +0: position-independent code reading its own pc; no callee there.
    if (target === next) return l.endJump(l.blockFor(next));
    return l.deadEnds.has(next) ? l.endExit(target) : l.endCall(target, next, l.blockFor(next));
  }
  const target = codeAddress(l);
  pushReturnAddress(l);
  if (l.deadEnds.has(next)) return l.endExitIndirect(target);
  l.endCallIndirect(target, next, l.blockFor(next));
};

const ret: Lift = (l) => {
  const target = l.load(4, linearOfStack(l));
  const operands = l.insn.operands;
  const popped = 8 + (operands.length > 0 ? operands[0].immLo & 0xffff : 0);
  l.setGpr64(RSP, l.add64(l.gpr64(RSP), l.i64(popped)));
  l.endReturn(target);
};

/** jrcxz, jecxz: no flags; the counter has the address size. */
const jrcxz: Lift = (l) => {
  const zero = l.insn.addressBytes === 4 ? l.op(OP.i32_eqz, l.gpr(RCX, 4)) : l.op(OP.i64_eqz, l.gpr64(RCX));
  l.endBranch(zero, l.blockFor(l.insn.operands[0].immLo >>> 0), l.blockFor(l.insn.nextPc));
};

/** Decrements the counter and branches while it is not zero and, for loope/loopne, ZF is as wanted. */
function loopWhile(zf: -1 | 0 | 1): Lift {
  return (l) => {
    const bytes = l.insn.addressBytes;
    const count = bytes === 4 ? l.op(OP.i32_sub, l.gpr(RCX, 4), l.i32(1)) : l.add64(l.gpr64(RCX), l.i64(-1));
    l.setGpr(RCX, bytes, count);
    let go = bytes === 4 ? l.op(OP.i32_ne, count, l.i32(0)) : l.op(OP.i64_ne, count, l.i64(0));
    if (zf >= 0) go = l.op(OP.i32_and, go, zf === 1 ? l.flag(3) : l.op(OP.i32_eqz, l.flag(3)));
    l.endBranch(go, l.blockFor(l.insn.operands[0].immLo >>> 0), l.blockFor(l.insn.nextPc));
  };
}

const undefinedInstruction: Lift = (l) => l.endTrap(STOP_UNDEFINED, l.insn.pc);
const privileged: Lift = (l) => l.endTrap(STOP_PRIVILEGED, l.insn.pc);

const syscall: Lift = (l) => {
  const next = l.insn.nextPc;
  l.beginSyscall(next);
  l.endSyscall(next, l.blockFor(next));
};

export const branchLifts: Record<string, Lift> = {
  jmp,
  jcc,
  call,
  ret,
  jrcxz,
  jecxz: jrcxz,
  loop: loopWhile(-1),
  loope: loopWhile(1),
  loopne: loopWhile(0),
  syscall,
  ud0: undefinedInstruction,
  ud1: undefinedInstruction,
  ud2: undefinedInstruction,
  int3: (l) => l.endTrap(STOP_BREAKPOINT, l.insn.nextPc),
  int1: privileged,
  int: privileged,
  hlt: privileged,
  in: privileged,
  out: privileged,
  ins: privileged,
  outs: privileged,
  cli: privileged,
  sti: privileged,
};
