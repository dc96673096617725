/**
 * What one instruction does to the flags, knowing its immediate count where the row only knows the encoding.
 *
 * For backward liveness: needed(before) = flagsNeeded | (needed(after) & ~flagsKilled).
 */
import { type Instruction, OPERAND_IMM } from "./instruction.ts";
import { FLAG_OF } from "../machine/state.ts";

/** The shift count after masking, or -1 when it is in CL or the instruction has none. */
function knownCount(instruction: Instruction): number {
  if (instruction.row.counted !== true) return -1;
  const operands = instruction.operands;
  const count = operands[operands.length - 1];
  if (count.kind !== OPERAND_IMM) return -1;
  const masked = count.immLo & (instruction.operandBytes === 8 ? 63 : 31);
  // Rotates of 8 and 16 bits through the carry go round in 9 and 17 steps.
  const goesRound = instruction.operandBytes <= 2 && instruction.row.mnemonic.startsWith("rc");
  return goesRound ? masked % (instruction.operandBytes * 8 + 1) : masked;
}

/** Flags that certainly do not keep their value: a reader after this instruction does not read what was before. */
export function flagsKilled(instruction: Instruction): number {
  const written = instruction.row.flagsWritten;
  return written !== 0 && knownCount(instruction) === 0 ? 0 : written;
}

/** Flags that this instruction may change. */
export function flagsMayChange(instruction: Instruction): number {
  const mayWrite = instruction.row.flagsMayWrite;
  return mayWrite !== 0 && knownCount(instruction) === 0 ? 0 : mayWrite;
}

/** Flags whose value before decides what this instruction does. Flags that it may merely keep are not among them. */
export function flagsNeeded(instruction: Instruction): number {
  const read = instruction.row.flagsRead;
  return read !== 0 && knownCount(instruction) === 0 ? 0 : read;
}

/** Flags left undefined. OF after a shift or rotate is defined when the count is 1. */
export function flagsUndefined(instruction: Instruction): number {
  const undefinedFlags = instruction.row.flagsUndefined;
  if (undefinedFlags === 0) return 0;
  const count = knownCount(instruction);
  if (count === 0) return 0;
  return count === 1 ? undefinedFlags & ~FLAG_OF : undefinedFlags;
}
