import { FLAGS_ARITH } from "../machine/state.ts";
import { flagsKilled, flagsNeeded } from "../x86/flag_use.ts";
import type { Instruction } from "../x86/instruction.ts";
import { FLOW_SYSCALL, FLOW_TRAP } from "../x86/row.ts";

/** Flags that may be read from just before an instruction on, given those live just after it. */
export function flagsLiveBefore(insn: Instruction, liveAfter: number): number {
  // SYSCALL stores RFLAGS into r11; a trap shows it to the guest's signal handler.
  if (insn.row.flow === FLOW_SYSCALL || insn.row.flow === FLOW_TRAP) return FLAGS_ARITH;
  return ((liveAfter & ~flagsKilled(insn)) | flagsNeeded(insn)) & FLAGS_ARITH;
}
