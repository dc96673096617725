import type { DecodeFailure, Instruction } from "../x86/instruction.ts";

/** A straight run of instructions with one entry; control leaves at the end only. */
export interface RegionBlock {
  pc: number;
  instructions: Instruction[];
  /** Set when decoding stopped here: the address holds no instruction we can run. */
  failure: DecodeFailure | null;
  /** Flags (FLAG_ mask) that may be read after the block before being written. */
  flagsLiveOut: number;
}

/** The unit of translation: an entry pc and the intra-procedural control flow graph reachable from it. blocks[0] is the entry. */
export interface Region {
  entryPc: number;
  blocks: RegionBlock[];
  /** Switch tables: the indirect jump's pc -> its table. */
  jumpTables: Map<number, JumpTable>;
  /** Indirect calls and jumps through a word of the file that has a function's address at first: their pc -> that address. */
  likelyTargets: Map<number, number>;
  /** Addresses behind calls that hold no code of this function: those calls are not expected to return. */
  deadEnds: Set<number>;
  /** Flags (FLAG_ mask) that may be read at the entry before being written. */
  flagsLiveIn: number;
  /** Other blocks (their pcs) at which the region can be entered. */
  sideEntries: number[];
  /** Calls and returns may carry flags: code that was made at run time has rules of its own. */
  keepsFlags?: boolean;
  /** Registers (bit r: ymm r) whose upper halves are to be variables, whatever the instructions do with them. */
  upperHalves?: number;
}

/** Number of instructions of a region. */
export function instructionCount(region: Region): number {
  return region.blocks.reduce((n, block) => n + block.instructions.length, 0);
}

/** Where the instructions of blocks are, joined where they are adjacent; ascending. */
export function codeSpans(blocks: readonly RegionBlock[]): [start: number, end: number][] {
  const spans = blocks
    .map((b): [number, number] => {
      const last = b.instructions.at(-1);
      return [b.pc, b.failure !== null ? b.failure.pc + 1 : last === undefined ? b.pc + 1 : last.nextPc];
    })
    .sort((a, b) => a[0] - b[0]);
  const joined: [number, number][] = [];
  for (const [start, end] of spans) {
    const last = joined.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else joined.push([start, end]);
  }
  return joined;
}

/** A recovered switch table: the load at `loadPc` reads entry `indexReg` of it. */
export interface JumpTable {
  loadPc: number;
  indexReg: number;
  /** Guest pcs in index order. */
  targets: number[];
  /** The index was checked or masked before; else the table ends where its entries stop to make sense. */
  isBounded: boolean;
}
