/** What the instruction table says of one encoding, as far as later stations need it. The row builder lives in tables/. */

/** Where control goes after an instruction. */
export const FLOW_NEXT = 0;
export const FLOW_JUMP = 1; // direct: operand 0 is OPERAND_REL
export const FLOW_JUMP_INDIRECT = 2;
export const FLOW_BRANCH = 3; // conditional, operand 0 is OPERAND_REL (jcc, loop*, jrcxz)
export const FLOW_CALL = 4;
export const FLOW_CALL_INDIRECT = 5;
export const FLOW_RETURN = 6;
export const FLOW_SYSCALL = 7;
export const FLOW_TRAP = 8; // ud2, int3, int n, hlt, privileged: never reaches the next instruction by itself

/** Facts about one encoding. Flag masks use FLAG_ bits of machine/state.ts. */
export interface Row {
  /** Dense number of the mnemonic: index into the lifter's table. */
  readonly id: number;
  /** Intel's mnemonic in lower case: "add", "jcc" (condition in `condition`), "movs", "cvtsi2sd". */
  readonly mnemonic: string;
  /** The encoding in the manual's notation: "REX.W + 01 /r". */
  readonly encoding: string;
  /** Condition code 0..15 for jcc, setcc, cmovcc; -1 otherwise. */
  readonly condition: number;
  readonly flagsRead: number;
  /** Flags that always have a new (or undefined) value afterwards. Excludes those kept when a count is zero. */
  readonly flagsWritten: number;
  /** Flags that may change, a superset of flagsWritten. */
  readonly flagsMayWrite: number;
  /** Subset of flagsMayWrite whose value the manual leaves undefined. */
  readonly flagsUndefined: number;
  readonly flow: number;
  /** Extension that brings it: "base", "sse", "sse2", "sse3", "ssse3", "sse4.1", "sse4.2", "popcnt", "x87", "cx16", ... */
  readonly feature: string;
  /** Mnemonic of what CPUs without the feature run instead; "" where that is #UD. */
  readonly otherwise?: string;
  /** The last operand is a shift count: nothing is written when it is zero after masking (see flag_use.ts). */
  readonly counted?: boolean;
  /** The manual's name where the mnemonic covers several ("prefetcht0" is a "nop"); for printers. */
  readonly text?: string;
}
