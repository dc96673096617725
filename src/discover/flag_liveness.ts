import { FLAGS_ARITH } from "../machine/state.ts";
import { flagsKilled, flagsNeeded } from "../x86/flag_use.ts";
import type { Instruction } from "../x86/instruction.ts";
import { FLOW_SYSCALL } from "../x86/row.ts";

/** Flags that may be read from just before an instruction on, given those live just after it. */
export function flagsLiveBefore(insn: Instruction, liveAfter: number): number {
  // SYSCALL stores RFLAGS into r11.
  if (insn.row.flow === FLOW_SYSCALL) return FLAGS_ARITH;
  return ((liveAfter & ~flagsKilled(insn)) | flagsNeeded(insn)) & FLAGS_ARITH;
}
