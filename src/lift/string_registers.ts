/** The registers of string instructions: pointers, counter, accumulator, at the instruction's address and operand size. */
import { GUEST_BIAS, RAX, RCX, RSI } from "../machine/state.ts";
import { SEGMENT_NONE } from "../x86/instruction.ts";
import type { Lifter } from "./lifter.ts";

/** Linear address in a pointer register; only the source has a segment. */
export function linearOf(l: Lifter, register: number): number {
  let address = l.wrap(l.gpr64(register));
  const { segment } = l.insn;
  if (register === RSI && segment !== SEGMENT_NONE) address = l.add32(l.segmentBase(segment), address);
  return l.add32(address, l.i32(-GUEST_BIAS));
}

/** Adds to a register at the address size. */
export function advance(l: Lifter, register: number, by: number): void {
  if (l.insn.addressBytes === 8) l.setGpr64(register, l.add64(l.gpr64(register), by));
  else l.setGpr(register, 4, l.add32(l.gpr(register, 4), by));
}

/** rcx or ecx. */
export function counter(l: Lifter): number {
  return l.gpr(RCX, l.insn.addressBytes);
}

/** al to rax; 1 and 2 bytes with junk above the width. */
export function accumulator(l: Lifter): number {
  const bytes = l.insn.operandBytes;
  return bytes === 8 ? l.gpr64(RAX) : l.gprLow(RAX, bytes);
}
