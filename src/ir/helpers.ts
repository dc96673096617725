/**
 * Helpers: what compiled code asks of the run time for rare instructions, as facts. The IR op `helper` calls one by number.
 * A helper takes up to two i32 arguments, returns an i32, and sees the state block; variables it reads are stored there before
 * the call, variables it writes are reloaded after it. Bodies are in machine/helpers, found by name. A helper touches no guest
 * memory beyond the state block (operands wider than i32 go through STATE_SCRATCH), so it never faults.
 */
import { VAR_GPR } from "./variables.ts";
import { RAX, RBX, RCX, RDX } from "../machine/state.ts";

export interface HelperRow {
  readonly name: string;
  /** Variables the body reads from, and writes to, the state block. */
  readonly reads: readonly number[];
  readonly writes: readonly number[];
}

const rows: HelperRow[] = [];
const numbers = new Map<string, number>();

/** Declares a helper; the number is its place in the list. */
function helper(name: string, reads: readonly number[] = [], writes: readonly number[] = []): void {
  numbers.set(name, rows.push({ name, reads, writes }) - 1);
}

const [rax, rcx, rdx, rbx] = [RAX, RCX, RDX, RBX].map((r) => VAR_GPR + r);

helper("cpuid", [rax, rcx], [rax, rbx, rcx, rdx]);
helper("rdtsc", [], [rax, rdx]);
helper("xgetbv", [rcx], [rax, rdx]);
// 128 by 64 division: scratch[0] = low, [8] = high, [16] = divisor; leaves quotient in [0], remainder in [8]; returns 1 on #DE.
helper("udiv128");
helper("sdiv128");
// One step of CRC-32C: a = CRC so far, b = data of 8, 16 or 32 bits; returns the new CRC.
helper("crc32b");
helper("crc32w");
helper("crc32d");
// SSE4.2 string comparison of scratch[0] with [16]: a = immediate, b = 8 for 64-bit lengths; see machine/helpers/string_compare.ts.
helper("pcmpistr");
helper("pcmpestr", [rax, rdx]);

/** All helpers, by number. */
export const HELPERS: readonly HelperRow[] = rows;

/** The number of a declared helper. */
export function helperNumber(name: string): number {
  const n = numbers.get(name);
  if (n === undefined) throw new Error(`no helper named ${name}`);
  return n;
}
