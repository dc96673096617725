/**
 * Helpers: what compiled code asks of the run time for rare instructions, as facts. The IR op `helper` calls one by number.
 * A helper takes up to two i32 arguments, returns an i32, and sees the state block; variables it reads are stored there before
 * the call, variables it writes are reloaded after it. Bodies are in machine/helpers, found by name. A helper writes no guest
 * memory beyond the state block, and reads none but code (operands wider than i32 go through STATE_SCRATCH), so it never faults.
 */
import { VAR_GPR } from "./variables.ts";
import { X87_ARITHMETIC, X87_PLAIN } from "./x87_operands.ts";
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
// BMI2: value in scratch[0], mask in [8]; the result goes to [0].
helper("pdep");
helper("pext");
// F16C: bits of a single to those of a half, rounded as b says (bit 2: as MXCSR does), and back.
helper("f32_to_f16");
helper("f16_to_f32");
// 32 random bits.
helper("random");

// x87: arguments as in x87_operands.ts. All state they touch is the x87's own, and the scratch area.
for (const name of [...X87_ARITHMETIC, "fcom", "fucom", ...X87_PLAIN]) helper(`x87_${name}`);
helper("x87_load"); // push the source
helper("x87_store"); // ST(0) to scratch; returns whether to store and pop
helper("x87_pop"); // where a is not 0
helper("x87_store_st"); // fst, fstp ST(a & 7)
helper("x87_store_st_quietly"); // fstpnce
helper("x87_exchange"); // with ST(a)
helper("x87_move_if"); // ST(0) = ST(a) where b is not 0
helper("x87_constant"); // push number a of X87_CONSTANTS
helper("x87_init");
helper("x87_clear");
helper("x87_load_control"); // control word a
helper("x87_load_environment"); // a = control word, status word << 16; b = tag word
helper("x87_tag_word"); // returns the full tag word
helper("x87_rotate"); // TOP += a
helper("x87_free"); // ST(a); where b is 1, pop

// See machine/helpers/protection.ts.
helper("probe"); // a = linear address, b = PROBE_ kind; returns 1 if it may not be accessed so
helper("stack_end"); // a = linear address of rsp, b = pc; returns 1 if there is no stack left
helper("code_changed"); // a = number of a code guard (lift/code_guard.ts); returns 1 if its bytes may be others
helper("code_replaced"); // a = pc; returns 1 if there is new code for it
helper("denied"); // a = linear address, b = 2 * bytes + PROBE_ kind: notes why an access is not allowed
helper("allows"); // as above; returns 1 if the access is allowed

// One operation on floats as MXCSR says, by its number; operands and result are in the scratch area, 16 bytes each.
helper("float_operation");

/** All helpers, by number. */
export const HELPERS: readonly HelperRow[] = rows;

/** The number of a declared helper. */
export function helperNumber(name: string): number {
  const n = numbers.get(name);
  if (n === undefined) throw new Error(`no helper named ${name}`);
  return n;
}
