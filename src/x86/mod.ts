/** The decoder's door: bytes → Instruction, and what the tables know. */
export { decode, DECODED, decodeInto, INVALID, isFailure, MAX_LENGTH, TRUNCATED, UNSUPPORTED } from "./decode.ts";
export { flagsKilled, flagsMayChange, flagsNeeded, flagsUndefined } from "./flag_use.ts";
export { allRows, mnemonicNumber, mnemonics } from "./index.ts";
export * from "./instruction.ts";
export { print, registerName } from "./print.ts";
export * from "./row.ts";
