/**
 * Functions that are too large for one region, cut into parts. A part has an entry for every edge that leads into it from
 * another part or from elsewhere. Without that, every such edge would be the entry of a region of its own, which repeats most
 * of the function: PCRE2's match() alone came to 150 MB of wasm so.
 */
import { blockTargets } from "./discover.ts";
import { flagsLiveBefore } from "./flag_liveness.ts";
import { instructionCount, type Region, type RegionBlock } from "./region.ts";

/** A run of blocks of a large function, in address order. Entries may be added until it is made a region. */
export class FunctionPart {
  /** Addresses at which it can be entered; every one is an instruction's. */
  readonly entries: Set<number> = new Set<number>();

  constructor(readonly whole: Region, readonly blocks: readonly RegionBlock[]) {}

  /** Addresses outside the part at which control may go on. */
  exits(): number[] {
    const inside = new Set(this.blocks.map((block) => block.pc));
    return this.blocks.flatMap((block) => blockTargets(block, this.whole)).filter((pc) => !inside.has(pc));
  }

  /** The part as a region that begins at `entryPc`, one of the entries. */
  region(entryPc: number): Region {
    const { whole } = this;
    const blocks = this.blocks.flatMap((block) => splitBlock(block, this.entries));
    const at = blocks.findIndex((block) => block.pc === entryPc);
    const inside = new Set(blocks.flatMap((block) => block.instructions.map((insn) => insn.pc)));
    return {
      entryPc,
      blocks: [blocks[at], ...blocks.slice(0, at), ...blocks.slice(at + 1)],
      jumpTables: new Map([...whole.jumpTables].filter(([pc]) => inside.has(pc))),
      likelyTargets: whole.likelyTargets,
      deadEnds: whole.deadEnds,
      flagsLiveIn: whole.flagsLiveIn,
      sideEntries: [...this.entries].filter((pc) => pc !== entryPc).sort((a, b) => a - b),
    };
  }
}

/**
 * Cuts a region into parts of about equal size, at most `size` instructions but for the last block of each. Entries are the
 * region's own, its side entries and the targets of edges between parts; every part has one at least.
 */
export function cutIntoParts(region: Region, size: number): FunctionPart[] {
  const blocks = [...region.blocks].sort((a, b) => a.pc - b.pc);
  const count = instructionCount(region);
  const target = Math.ceil(count / Math.ceil(count / size));
  const parts: FunctionPart[] = [];
  const partOf = new Map<number, FunctionPart>();
  for (let at = 0; at < blocks.length;) {
    const start = at;
    for (let n = 0; at < blocks.length && n < target; at++) n += blocks[at].instructions.length;
    const part = new FunctionPart(region, blocks.slice(start, at));
    for (const block of part.blocks) partOf.set(block.pc, part);
    parts.push(part);
  }
  for (const pc of [region.entryPc, ...region.sideEntries]) partOf.get(pc)?.entries.add(pc);
  for (const part of parts) for (const pc of part.exits()) partOf.get(pc)?.entries.add(pc);
  return parts.filter((part) => part.entries.size > 0);
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
