/**
 * One look at every instruction that can be found without knowing regions: linearly through the extents of functions, and
 * along jumps and calls elsewhere. It tells where instructions and functions begin, so that regions, made later, end where
 * functions do and data words can be told from code addresses.
 */
import { GUEST_BIAS } from "../machine/state.ts";
import { decode, DECODED, decodeInto, isFailure } from "../x86/decode.ts";
import { Instruction } from "../x86/instruction.ts";
import { FLOW_BRANCH, FLOW_CALL, FLOW_JUMP, FLOW_NEXT, FLOW_SYSCALL } from "../x86/row.ts";
import {
  CodeMap,
  codeView,
  MARK_CALLED,
  MARK_CONTINUED,
  MARK_EDGE,
  MARK_FUNCTION,
  MARK_INSTRUCTION,
  MARK_LABEL,
  MARK_TAKEN,
} from "./code_map.ts";
import { pointerInInstruction } from "./code_pointers.ts";
import { type CodeView, discoverCode } from "./discover.ts";
import type { FunctionExtent } from "./eh_frame.ts";
import type { AddressRange } from "./elf_facts.ts";

/** Where jumps from several functions go. */
const SEVERAL = -1;

export class Survey {
  /** Address taken by an instruction -> true; judged by entries.ts. */
  readonly taken: Set<number> = new Set();
  /** Function start or part -> the one extent that jumps to it, or SEVERAL. */
  readonly #jumpers = new Map<number, number>();
  readonly #insn = new Instruction();
  readonly #followed = new Set<number>();
  readonly #code: CodeView;
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;

  /** `extents` sorted by start, one a start. */
  constructor(
    readonly u8: Uint8Array,
    readonly map: CodeMap,
    readonly extents: readonly FunctionExtent[],
    readOnly: readonly AddressRange[],
  ) {
    this.#code = codeView(u8, map, [...readOnly, ...map.ranges]);
    this.#starts = Uint32Array.from(extents, (e) => e.start);
    this.#ends = Uint32Array.from(extents, (e) => e.end);
  }

  /** Index of the extent that contains the address, or -1. */
  extentOf(pc: number): number {
    let low = 0, high = this.#starts.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (this.#starts[mid] <= pc) low = mid + 1;
      else high = mid;
    }
    return low > 0 && pc < this.#ends[low - 1] ? low - 1 : -1;
  }

  /** True if one function only jumps to the address, and nothing calls it or knows its address. */
  hasOneJumper(pc: number): boolean {
    const jumper = this.#jumpers.get(pc);
    return jumper !== undefined && jumper !== SEVERAL && (this.map.get(pc) & (MARK_CALLED | MARK_TAKEN)) === 0;
  }

  /** Reads all extents from first to last byte, and what they call outside. */
  sweep(): void {
    const work: number[] = [];
    this.extents.forEach(({ start, end }, i) => {
      for (let pc = start; pc < end;) {
        if (decodeInto(this.#insn, this.u8, pc - GUEST_BIAS, this.u8.length, pc) !== DECODED) {
          // What we cannot run has a length all the same.
          const failure = decode(this.u8, pc - GUEST_BIAS, this.u8.length, pc);
          if (!isFailure(failure) || failure.kind !== "unsupported" || failure.bytes.length === 0) break;
          pc += failure.bytes.length;
          continue;
        }
        this.#note(this.#insn, work);
        this.#noteJump(this.#insn, i, start, end, work);
        pc = this.#insn.nextPc;
      }
    });
    this.#follow(work);
  }

  /** Reads what can be reached from an address along jumps and calls, as far as the extents do not say it already. */
  follow(pc: number): void {
    this.#follow([pc]);
  }

  // Code without extents is read region by region, so that switch tables lead on.
  #follow(work: number[]): void {
    while (work.length > 0) {
      const pc = work.pop()!;
      if (!this.map.has(pc) || (this.map.get(pc) & MARK_INSTRUCTION && this.extentOf(pc) >= 0)) continue;
      if (this.#followed.has(pc)) continue;
      this.#followed.add(pc);
      const { blocks, jumpTables } = discoverCode(this.#code, pc);
      for (const { instructions } of blocks) {
        for (const insn of instructions) this.#note(insn, work);
      }
      for (const { targets } of jumpTables.values()) for (const t of targets) this.map.add(t, MARK_LABEL);
    }
  }

  /** Marks an instruction and what it says of other addresses. */
  #note(insn: Instruction, work: number[]): void {
    const { map } = this;
    map.addInstruction(insn.pc, insn.length);
    switch (insn.row.flow) {
      case FLOW_NEXT: {
        const address = pointerInInstruction(insn);
        if (address < 0) break;
        if (map.has(address)) this.taken.add(address);
        else map.referenced.add(address);
        break;
      }
      case FLOW_SYSCALL:
        map.add(insn.nextPc, MARK_CONTINUED);
        break;
      case FLOW_CALL: {
        const target = insn.operands[0].immLo >>> 0;
        // `call next` reads the instruction pointer.
        if (target === insn.nextPc) break;
        map.add(target, MARK_CALLED | MARK_FUNCTION | MARK_EDGE);
        work.push(target);
        break;
      }
    }
  }

  /** Notes a jump that leaves its extent. */
  #noteJump(insn: Instruction, extent: number, start: number, end: number, work: number[]): void {
    if (insn.row.flow !== FLOW_JUMP && insn.row.flow !== FLOW_BRANCH) return;
    const target = insn.operands[0].immLo >>> 0;
    if (target >= start && target < end) return;
    const jumper = this.#jumpers.get(target);
    if (jumper === undefined) this.#jumpers.set(target, extent);
    else if (jumper !== extent) this.#jumpers.set(target, SEVERAL);
    work.push(target);
  }
}
