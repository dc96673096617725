import { bug } from "../../errors.ts";
import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";

/**
 * A syscall's handler. Arguments are the low 32 bits of rdi rsi rdx r10 r8 r9 as signed numbers (guest pointers: use >>> 0);
 * 64-bit arguments (offsets, lengths, masks) are read with k.arg64(n). Returns a value >= 0 (up to 2^53), a negative errno,
 * BLOCKED or NO_RESULT. Must not allocate on the paths that servers take for each request where that can be helped.
 */
export type SyscallHandler = (
  k: Kernel,
  t: Task,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  a4: number,
  a5: number,
) => number;

export type SupportLevel = "full" | "partial" | "refused";

/** One row of the table: the table is the documentation. `format` names the arguments for the trace, strace-like. */
export interface SyscallRow {
  readonly name: string;
  readonly handler: SyscallHandler;
  readonly level: SupportLevel;
  readonly note: string;
  readonly format: readonly string[];
}

export function full(name: string, handler: SyscallHandler, format: readonly string[] = []): SyscallRow {
  return { name, handler, level: "full", note: "", format };
}

export function partial(
  name: string,
  handler: SyscallHandler,
  note: string,
  format: readonly string[] = [],
): SyscallRow {
  return { name, handler, level: "partial", note, format };
}

/** Always fails with the errno, on purpose. */
export function refused(name: string, errno: number, note: string, format: readonly string[] = []): SyscallRow {
  return { name, handler: () => -errno, level: "refused", note, format };
}

/** Rows by number; holes are unimplemented. */
export type SyscallTable = readonly (SyscallRow | undefined)[];

/** The table from the rows of the topics. Two rows for one number are a mistake of ours. */
export function makeTable(rows: Iterable<readonly [number: number, row: SyscallRow]>): SyscallTable {
  const table: (SyscallRow | undefined)[] = [];
  for (const [number, row] of rows) {
    if (table[number] !== undefined) throw bug(`syscall ${number} has two rows: ${table[number].name}, ${row.name}`);
    while (table.length < number) table.push(undefined);
    table[number] = row;
  }
  return table;
}
