import { FLAGS_ARITH, GUEST_BIAS } from "../machine/state.ts";
import { decode, isFailure } from "../x86/decode.ts";
import { flagsKilled, flagsNeeded } from "../x86/flag_use.ts";
import { type Instruction, OPERAND_MEM } from "../x86/instruction.ts";
import {
  FLOW_CALL,
  FLOW_CALL_INDIRECT,
  FLOW_JUMP,
  FLOW_JUMP_INDIRECT,
  FLOW_NEXT,
  FLOW_RETURN,
  FLOW_SYSCALL,
  FLOW_TRAP,
} from "../x86/row.ts";

/** Flags that may be read from just before an instruction on, given those live just after it. */
export function flagsLiveBefore(insn: Instruction, liveAfter: number): number {
  // SYSCALL stores RFLAGS into r11; a trap shows it to the guest's signal handler.
  if (insn.row.flow === FLOW_SYSCALL || insn.row.flow === FLOW_TRAP) return FLAGS_ARITH;
  return ((liveAfter & ~flagsKilled(insn)) | flagsNeeded(insn)) & FLAGS_ARITH;
}

/**
 * An entry of the procedure linkage table: nothing but a jump through a pointer at a known address, to a function, perhaps by way
 * of the linker. Behind other instructions such a jump may be anything: programs in assembler keep flags across it.
 */
export function isLinkage(instructions: readonly Instruction[]): boolean {
  const last = instructions.length - 1;
  return last >= 0 && isLinkageJump(instructions[last]) &&
    instructions.every((insn, i) => i === last || isNothing(insn));
}

function isLinkageJump({ row: { flow }, operands }: Instruction): boolean {
  if (flow !== FLOW_JUMP_INDIRECT) return false;
  const [{ kind, base, index }] = operands;
  return kind === OPERAND_MEM && base < 0 && index < 0;
}

/** endbr64, mostly. */
function isNothing({ row }: Instruction): boolean {
  return row.mnemonic === "nop";
}

/** Instructions of a function that are looked at for whether it reads flags. */
const LOOK_AHEAD = 16;

/**
 * Flags that code may read before it writes them. Real functions read none, but an address that only looks like a function's may
 * be any place in one. Looked at as far as it goes on straight; what is undecided then counts as read.
 */
export function flagsReadAt(u8: Uint8Array, pc: number): number {
  let open = FLAGS_ARITH, read = 0, isOnlyJump = true;
  for (let n = 0; n < LOOK_AHEAD; n++) {
    const insn = decode(u8, pc - GUEST_BIAS, u8.length, pc);
    if (isFailure(insn)) return read;
    const { flow } = insn.row;
    if (flow === FLOW_SYSCALL || flow === FLOW_TRAP) return read | open;
    read |= flagsNeeded(insn) & open;
    open &= ~flagsKilled(insn);
    if (open === 0) return read;
    // The System V ABI leaves flags undefined there.
    if (flow === FLOW_CALL || flow === FLOW_CALL_INDIRECT || flow === FLOW_RETURN) return read;
    if (isOnlyJump && isLinkageJump(insn)) return read;
    isOnlyJump &&= isNothing(insn);
    if (flow === FLOW_NEXT) pc = insn.nextPc;
    else if (flow === FLOW_JUMP) pc = insn.operands[0].immLo >>> 0;
    else break;
  }
  return read | open;
}
