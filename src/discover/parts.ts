/**
 * Functions that are too large for one region, cut into parts. A part has an entry for every edge that leads into it from
 * another part or from elsewhere. Without that, every such edge would be the entry of a region of its own, which repeats most
 * of the function: PCRE2's match() alone came to 150 MB of wasm so.
 */
import { bug } from "../errors.ts";
import { isFailure } from "../x86/decode.ts";
import type { DecodeFailure, Instruction } from "../x86/instruction.ts";
import { type CodeView, decodeAt } from "./discover.ts";
import { blockTargets } from "./successors.ts";
import { flagsLiveBefore } from "./flag_liveness.ts";
import { instructionCount, type Region, type RegionBlock } from "./region.ts";

/** What a block is without its instructions. */
interface BlockSpan {
  pc: number;
  instructions: number;
  failure: DecodeFailure | null;
  flagsLiveOut: number;
}

/**
 * A run of blocks of a large function, in address order. Entries may be added until it is made a region. Until then it has no
 * instructions: they are decoded again, as those of all large functions of a program would take hundreds of megabytes.
 */
export class FunctionPart {
  /** Addresses at which it can be entered; every one is an instruction's. */
  readonly entries: Set<number> = new Set<number>();
  /** Addresses outside the part at which control may go on. */
  readonly exits: readonly number[];
  readonly #whole: Omit<Region, "blocks">;
  readonly #spans: readonly BlockSpan[];

  constructor(whole: Region, blocks: readonly RegionBlock[]) {
    const { blocks: _, ...facts } = whole;
    this.#whole = facts;
    this.#spans = blocks.map(({ pc, instructions: { length }, failure, flagsLiveOut }) => (
      { pc, instructions: length, failure, flagsLiveOut }
    ));
    const inside = new Set(blocks.map((block) => block.pc));
    this.exits = blocks.flatMap((block) => blockTargets(block, whole).filter((pc) => !inside.has(pc)));
  }

  /** The part as a region that begins at `entryPc`, one of the entries; of the code that it was found in. */
  region(entryPc: number, code: CodeView): Region {
    const whole = this.#whole;
    const blocks = this.#spans.flatMap((span) => splitBlock(decodeBlock(span, code), this.entries));
    const at = blocks.findIndex((block) => block.pc === entryPc);
    const ends = new Set(blocks.map(({ instructions }) => instructions.at(-1)?.pc));
    return {
      ...whole,
      entryPc,
      blocks: [blocks[at], ...blocks.slice(0, at), ...blocks.slice(at + 1)],
      jumpTables: new Map([...whole.jumpTables].filter(([pc]) => ends.has(pc))),
      sideEntries: [...this.entries].filter((pc) => pc !== entryPc).sort((a, b) => a - b),
    };
  }
}

function decodeBlock({ pc, instructions: count, failure, flagsLiveOut }: BlockSpan, code: CodeView): RegionBlock {
  const instructions: Instruction[] = [];
  for (let at = pc; instructions.length < count;) {
    const insn = decodeAt(code, at);
    if (isFailure(insn)) throw bug("code has changed", { pc: at });
    instructions.push(insn);
    at = insn.nextPc;
  }
  return { pc, instructions, failure, flagsLiveOut };
}

/** A part, and its blocks as they are now. */
export interface CutPart {
  part: FunctionPart;
  blocks: readonly RegionBlock[];
}

/**
 * Cuts a region into parts of about equal size, at most `size` instructions but for the last block of each. Entries are the
 * region's own, its side entries and the targets of edges between parts; every part has one at least.
 */
export function cutIntoParts(region: Region, size: number): CutPart[] {
  const blocks = [...region.blocks].sort((a, b) => a.pc - b.pc);
  const count = instructionCount(region);
  const target = Math.ceil(count / Math.ceil(count / size));
  const cut: CutPart[] = [];
  const partOf = new Map<number, FunctionPart>();
  for (let at = 0; at < blocks.length;) {
    const start = at;
    for (let n = 0; at < blocks.length && n < target; at++) n += blocks[at].instructions.length;
    const own = blocks.slice(start, at), part = new FunctionPart(region, own);
    for (const block of own) partOf.set(block.pc, part);
    cut.push({ part, blocks: own });
  }
  for (const pc of [region.entryPc, ...region.sideEntries]) partOf.get(pc)?.entries.add(pc);
  for (const { part } of cut) for (const pc of part.exits) partOf.get(pc)?.entries.add(pc);
  return cut.filter(({ part }) => part.entries.size > 0);
}

/** Cuts a block before each of its instructions that is an entry. */
function splitBlock(block: RegionBlock, entries: ReadonlySet<number>): RegionBlock[] {
  const pieces: RegionBlock[] = [];
  let end = block.instructions.length, { failure, flagsLiveOut } = block, live = flagsLiveOut;
  for (let i = end - 1; i >= 0; i--) {
    live = flagsLiveBefore(block.instructions[i], live);
    const { pc } = block.instructions[i];
    if (i > 0 && !entries.has(pc)) continue;
    pieces.unshift({ pc, instructions: block.instructions.slice(i, end), failure, flagsLiveOut });
    end = i;
    failure = null;
    flagsLiveOut = live;
  }
  return pieces.length > 0 ? pieces : [block];
}
