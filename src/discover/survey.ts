/**
 * One look at every instruction that can be found without knowing regions: linearly through the extents of functions, and
 * along jumps and calls elsewhere. It tells where instructions and functions begin, so that regions, made later, end where
 * functions do and data words can be told from code addresses.
 */
import { GUEST_BIAS } from "../machine/state.ts";
import { DECODED, decodeInto } from "../x86/decode.ts";
import { Instruction, OPERAND_REL } from "../x86/instruction.ts";
import { FLOW_BRANCH, FLOW_CALL, FLOW_JUMP, FLOW_NEXT, FLOW_SYSCALL } from "../x86/row.ts";
import {
  CodeMap,
  MARK_CALLED,
  MARK_CONTINUED,
  MARK_EDGE,
  MARK_FUNCTION,
  MARK_INSTRUCTION,
  MARK_TAKEN,
} from "./code_map.ts";
import { pointerInInstruction } from "./code_pointers.ts";
import type { FunctionExtent } from "./eh_frame.ts";

/** Where jumps from several functions go. */
const SEVERAL = -1;

export class Survey {
  /** Address taken by an instruction -> true; judged by entries.ts. */
  readonly taken: Set<number> = new Set();
  /** Function start or part -> the one extent that jumps to it, or SEVERAL. */
  readonly #jumpers = new Map<number, number>();
  readonly #insn = new Instruction();
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;

  /** `extents` sorted by start, one a start. */
  constructor(readonly u8: Uint8Array, readonly map: CodeMap, readonly extents: readonly FunctionExtent[]) {
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

  /** Reads all extents from first to last byte. */
  sweep(): void {
    const work: number[] = [];
    this.extents.forEach(({ start, end }, i) => {
      for (let pc = start; pc < end;) {
        const known = (this.map.get(pc) & MARK_INSTRUCTION) !== 0;
        if (!this.#decode(pc)) break;
        if (!known) this.#note(i, start, end, work);
        pc = this.#insn.nextPc;
      }
    });
    this.#follow(work);
  }

  /** Reads what can be reached from an address along jumps and calls. */
  follow(pc: number): void {
    this.#follow([pc]);
  }

  #follow(work: number[]): void {
    while (work.length > 0) {
      let pc = work.pop()!;
      while (this.map.has(pc) && (this.map.get(pc) & MARK_INSTRUCTION) === 0 && this.#decode(pc)) {
        const flow = this.#note(-1, 0, 0, work);
        pc = this.#insn.nextPc;
        if (flow === FLOW_JUMP || (flow !== FLOW_NEXT && flow !== FLOW_BRANCH && flow !== FLOW_SYSCALL && flow !== FLOW_CALL)) {
          break;
        }
        if (this.map.get(pc) & MARK_EDGE) break;
      }
    }
  }

  #decode(pc: number): boolean {
    return decodeInto(this.#insn, this.u8, pc - GUEST_BIAS, this.u8.length, pc) === DECODED;
  }

  /** Marks the current instruction and what it says of others; returns its flow. */
  #note(extent: number, start: number, end: number, work: number[]): number {
    const insn = this.#insn, { map } = this;
    map.add(insn.pc, MARK_INSTRUCTION);
    const { flow } = insn.row;
    switch (flow) {
      case FLOW_NEXT: {
        const address = pointerInInstruction(insn);
        if (address >= 0 && map.has(address)) this.taken.add(address);
        break;
      }
      case FLOW_SYSCALL:
        map.add(insn.nextPc, MARK_CONTINUED);
        break;
      case FLOW_CALL: {
        if (insn.operands[0].kind !== OPERAND_REL) break;
        const target = insn.operands[0].immLo >>> 0;
        // `call next` reads the instruction pointer.
        if (target === insn.nextPc) break;
        map.add(target, MARK_CALLED | MARK_FUNCTION | MARK_EDGE);
        work.push(target);
        break;
      }
      case FLOW_JUMP:
      case FLOW_BRANCH: {
        const target = insn.operands[0].immLo >>> 0;
        if (extent >= 0 && target >= start && target < end) break;
        const jumper = this.#jumpers.get(target);
        if (jumper === undefined) this.#jumpers.set(target, extent);
        else if (jumper !== extent) this.#jumpers.set(target, SEVERAL);
        work.push(target);
        break;
      }
    }
    return flow;
  }
}
