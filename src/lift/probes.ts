/**
 * Accesses that programs make for the sake of their faults. wasm has no page protection, so that compiled code cannot check all
 * that it does; it does check what is there for nothing else:
 *
 * - probes of the stack, before a program relies on more of it: stores far below rsp (HotSpot's "stack banging"), `or [m], 0`
 *   (GCC's -fstack-clash-protection), `mov qword [rsp], 0` (Clang's and Rust's);
 * - `test [m], r` whose flags nobody reads: pages that are taken away to stop threads (HotSpot's safepoint polls), guard pages
 *   (.NET's probes). Code made at run time may carry flags anywhere, so all of these count there.
 */
import { OP } from "../ir/ops.ts";
import { PROBE_DISTANCE, PROBE_READ, PROBE_WRITE } from "../ir/probe.ts";
import { FLAGS_ARITH, RSP } from "../machine/state.ts";
import { type Instruction, type Operand, OPERAND_GPR, OPERAND_IMM, OPERAND_MEM } from "../x86/instruction.ts";
import type { Lifter } from "./lifter.ts";

/** Before the current instruction: checks its access if that is a probe. */
export function checkProbe(l: Lifter): void {
  const [first] = l.insn.operands;
  if (first === undefined || first.kind !== OPERAND_MEM) return;
  const kind = probeKind(l.insn, (l.flagsLiveAfter & FLAGS_ARITH) === 0 || l.fn.exactFaults);
  if (kind >= 0) l.op(OP.probe, l.linear(first), kind);
}

function probeKind({ row, operands: [to, from] }: Instruction, isFlagless: boolean): number {
  switch (row.mnemonic) {
    case "mov":
      if (to.base !== RSP || to.index >= 0) return -1;
      return to.disp <= PROBE_DISTANCE || (to.disp === 0 && to.bytes === 8 && isZero(from)) ? PROBE_WRITE : -1;
    case "or":
      return isZero(from) ? PROBE_WRITE : -1;
    case "test":
      return isFlagless && from.kind === OPERAND_GPR ? PROBE_READ : -1;
  }
  return -1;
}

function isZero({ kind, immLo, immHi }: Operand): boolean {
  return kind === OPERAND_IMM && immLo === 0 && immHi === 0;
}
