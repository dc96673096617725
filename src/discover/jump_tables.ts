/**
 * Recovers switch tables from the code that uses them. Two forms, as GCC and Clang make them:
 *
 *   jmp [table + idx*8]                                          absolute, 8-byte entries (non-PIC)
 *   lea base,[rip+table]; movsxd t,[base + idx*4]; add t,base; jmp t      offsets from the table, 4-byte entries (PIC)
 *
 * The bound is the immediate of the `cmp idx, N; ja default` before it. Entries are read only from memory that cannot change.
 * What is recovered is a hint: the emitted switch compares the real target (END_SWITCH_PC).
 */
import { GUEST_BIAS } from "../machine/state.ts";
import { type Instruction, type Operand, OPERAND_GPR, OPERAND_IMM, OPERAND_MEM, SEGMENT_NONE } from "../x86/instruction.ts";
import type { CodeView } from "./discover.ts";
import type { JumpTable } from "./region.ts";

/** No switch of real code has more; also bounds what a misread bound costs. */
const MAX_ENTRIES = 1024;

/**
 * The table behind the indirect jump that ends `run` (instructions of the current straight run, in order), or null.
 * `before` is a run that ends in a conditional branch to the start of `run`: where the bounds check is.
 */
export function findJumpTable(
  code: CodeView,
  run: Instruction[],
  before: Instruction[],
): JumpTable | null {
  const jump = run.at(-1)!;
  const o = jump.operands[0];
  if (o.kind === OPERAND_MEM) {
    if (o.base >= 0 || o.index < 0 || o.scaleLog2 !== 3 || o.segment !== SEGMENT_NONE) return null;
    return readTable(code, run, run.length - 1, o, o.disp >>> 0, 8, 0, before);
  }
  if (o.kind !== OPERAND_GPR) return null;
  return findRelative(code, run, o.reg, before);
}

function findRelative(
  code: CodeView,
  run: Instruction[],
  target: number,
  before: Instruction[],
): JumpTable | null {
  const add = lastWrite(run, run.length - 2, target);
  if (add < 0) return null;
  const insn = run[add];
  if (insn.row.mnemonic === "mov" && insn.operands[1].kind === OPERAND_MEM) {
    // mov t,[table + idx*8]; jmp t
    const m = insn.operands[1];
    if (m.bytes === 8 && m.base < 0 && m.index >= 0 && m.scaleLog2 === 3 && m.segment === SEGMENT_NONE) {
      return readTable(code, run, add, m, m.disp >>> 0, 8, 0, before);
    }
    return null;
  }
  if (insn.row.mnemonic !== "add" || insn.operands[1].kind !== OPERAND_GPR || insn.operands[0].bytes !== 8) return null;
  // add t,base with the offset loaded into either of the two.
  for (const offset of [target, insn.operands[1].reg]) {
    const load = lastWrite(run, add - 1, offset);
    if (load < 0 || run[load].row.mnemonic !== "movsxd" || run[load].operands[1].kind !== OPERAND_MEM) continue;
    const m = run[load].operands[1];
    const base = offset === target ? insn.operands[1].reg : target;
    if (m.index < 0 || m.scaleLog2 !== 2 || m.base !== base) continue;
    const lea = lastLea(run, load, base);
    if (lea < 0) continue;
    return readTable(code, run, load, m, (lea + m.disp) >>> 0, 4, lea >>> 0, before);
  }
  return null;
}

/** Index of the last instruction at or before `from` that writes a register as its first operand, or -1. */
function lastWrite(run: Instruction[], from: number, reg: number): number {
  for (let i = from; i >= 0; i--) {
    const o = run[i].operands[0];
    if (o !== undefined && o.kind === OPERAND_GPR && o.reg === reg && !isCompare(run[i])) return i;
  }
  return -1;
}

const isCompare = (insn: Instruction) => insn.row.mnemonic === "cmp" || insn.row.mnemonic === "test";

/** Address that a rip-relative lea before `load` put into `base`, or -1. */
function lastLea(run: Instruction[], load: number, base: number): number {
  const i = lastWrite(run, load - 1, base);
  if (i < 0 || run[i].row.mnemonic !== "lea") return -1;
  const m = run[i].operands[1];
  return m.base < 0 && m.index < 0 ? m.disp >>> 0 : -1;
}

function readTable(
  code: CodeView,
  run: Instruction[],
  load: number,
  m: Operand,
  table: number,
  entryBytes: 4 | 8,
  base: number,
  before: Instruction[],
): JumpTable | null {
  const count = boundOf(run, load, m.index, before);
  const view = new DataView(code.u8.buffer, code.u8.byteOffset, code.u8.byteLength);
  const targets: number[] = [];
  for (let i = 0; i < (count ?? MAX_ENTRIES); i++) {
    const at = table + i * entryBytes;
    if (at < GUEST_BIAS || at - GUEST_BIAS + entryBytes > code.u8.length) break;
    if (!code.isReadOnly(at, at + entryBytes)) break;
    const entry = entryBytes === 8
      ? view.getUint32(at - GUEST_BIAS, true)
      : (base + view.getInt32(at - GUEST_BIAS, true)) >>> 0;
    if (entryBytes === 8 && view.getUint32(at - GUEST_BIAS + 4, true) !== 0) break;
    // Without a bound, a table ends where its entries stop being near the code.
    if (count === null && Math.abs(entry - run.at(-1)!.pc) > 0x8000) break;
    targets.push(entry);
  }
  if (targets.length < 2) return null;
  return { loadPc: run[load].pc, indexReg: m.index, targets };
}

/** Number of entries from a bounds check (cmp with ja or jae) or a mask, or null if none is found. */
function boundOf(run: Instruction[], load: number, index: number, before: Instruction[]): number | null {
  const aliases = new Set([index]);
  for (let i = load - 1; i >= 0; i--) {
    const bound = maskBound(run[i], aliases);
    if (bound !== null) return bound;
  }
  const branch = before.at(-1);
  if (branch === undefined) return null;
  const taken = branch.operands[0].immLo >>> 0 === run[0].pc;
  // The condition under which control gets here, as a code: ja (7) not taken is jbe (6), and so on.
  const condition = taken ? branch.row.condition : branch.row.condition ^ 1;
  for (let i = before.length - 2; i >= 0; i--) {
    const insn = before[i];
    const [d, s] = insn.operands;
    if (insn.row.mnemonic === "cmp" && d.kind === OPERAND_GPR && s.kind === OPERAND_IMM && aliases.has(d.reg)) {
      if (condition === 6 && s.immLo >= 0 && s.immLo < MAX_ENTRIES) return s.immLo + 1;
      if (condition === 2 && s.immLo > 0 && s.immLo <= MAX_ENTRIES) return s.immLo;
      return null;
    }
    const bound = maskBound(insn, aliases);
    if (bound !== null) return bound;
  }
  return null;
}

/** Follows copies of the index backwards; a bound if the instruction masks it. */
function maskBound(insn: Instruction, aliases: Set<number>): number | null {
  const [d, s] = insn.operands;
  if (d?.kind !== OPERAND_GPR || !aliases.has(d.reg)) return null;
  // The check may have been on the register the index was copied from.
  if ((insn.row.mnemonic === "mov" || insn.row.mnemonic === "movzx") && s.kind === OPERAND_GPR) aliases.add(s.reg);
  if (insn.row.mnemonic === "and" && s.kind === OPERAND_IMM && s.immLo >= 0 && s.immLo < MAX_ENTRIES) return s.immLo + 1;
  return null;
}
