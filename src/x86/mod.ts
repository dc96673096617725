/** The decoder's door: bytes → Instruction, and what the tables know. */
export { decode, DECODED, decodeInto, INVALID, isFailure, MAX_LENGTH, TRUNCATED, UNSUPPORTED } from "./decode.ts";
export { allRows, mnemonicNumber, mnemonics } from "./index.ts";
export * from "./instruction.ts";
export * from "./row.ts";
