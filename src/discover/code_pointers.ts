/** Words in memory and operands of instructions that may be addresses of code. What they are worth, entries.ts decides. */
import { GUEST_BIAS } from "../machine/state.ts";
import { type Instruction, OPERAND_GPR, OPERAND_IMM, OPERAND_MEM } from "../x86/instruction.ts";
import { type CodeMap, MARK_FUNCTION } from "./code_map.ts";
import type { AddressRange } from "./elf_facts.ts";

/** Calls `found` for each aligned 8-byte word of the ranges that is the address of a byte of code. */
export function pointersInData(
  u8: Uint8Array,
  ranges: readonly AddressRange[],
  map: CodeMap,
  found: (target: number, place: number) => void,
): void {
  if (map.ranges.length === 0) return;
  const low = map.ranges[0].start, high = map.ranges[map.ranges.length - 1].end;
  const words = new Uint32Array(u8.buffer, u8.byteOffset, Math.floor(u8.length / 4));
  for (const range of ranges) {
    const end = Math.floor(Math.min(range.end - GUEST_BIAS, u8.length) / 4);
    for (let i = ((range.start - GUEST_BIAS + 7) & ~7) >>> 2; i + 1 < end; i += 2) {
      const word = words[i];
      if (word < low || word >= high || words[i + 1] !== 0 || !map.has(word)) continue;
      if (!isSpentResolver(words, i, map)) found(word, 4 * i + GUEST_BIAS);
    }
  }
}

const R_X86_64_IRELATIVE = 37;

/**
 * True for the addend of an IRELATIVE relocation (offset, type, addend) that has been applied: the resolver has chosen among
 * variants of a function and runs no more, and neither do the variants it mentions and did not choose.
 */
function isSpentResolver(words: Uint32Array, i: number, map: CodeMap): boolean {
  if (words[i - 2] !== R_X86_64_IRELATIVE || words[i - 1] !== 0 || words[i - 3] !== 0) return false;
  const slot = Math.floor((words[i - 4] - GUEST_BIAS) / 4);
  return slot >= 0 && slot < words.length && (map.get(words[slot]) & MARK_FUNCTION) !== 0;
}

/**
 * The constant an instruction could be taking a function's address with, or -1: `lea reg,[rip+f]`, `mov reg,f`, `push f`,
 * `mov [mem],f`.
 */
export function pointerInInstruction(insn: Instruction): number {
  const { operands } = insn;
  switch (insn.row.mnemonic) {
    case "lea": {
      const m = operands[1];
      return m.kind === OPERAND_MEM && m.base < 0 && m.index < 0 ? m.disp >>> 0 : -1;
    }
    case "mov":
    case "push": {
      const o = operands[operands.length - 1];
      if (o.kind !== OPERAND_IMM || insn.operandBytes < 4 || o.immHi > 0 || o.immHi < -1) return -1;
      if (operands[0].kind === OPERAND_GPR && operands[0].bytes < 4) return -1;
      return o.immLo >>> 0;
    }
  }
  return -1;
}
