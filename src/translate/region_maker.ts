/**
 * What the regions of a program's functions are made of, whoever makes them: the translation itself, or somebody who helps with
 * it. The same program gives the same.
 */
import { type CodeView, discoverRegion, runsLongerThan } from "../discover/discover.ts";
import { codeView, MARK_CALLED, MARK_CONTINUED, MARK_FUNCTION, MARK_TAKEN } from "../discover/code_map.ts";
import { pointerInInstruction } from "../discover/code_pointers.ts";
import { type CodeEntries, constantRanges, findEntries, type ProgramMemory } from "../discover/entries.ts";
import { instructionCount, type Region, type RegionBlock } from "../discover/region.ts";
import type { IrFunction } from "../ir/function.ts";
import { inlineCalls, type InlineFunction, inlineFunction, MAX_INLINE_INSTRUCTIONS } from "../lift/inline.ts";
import { liftRegion, type UnsupportedSink } from "../lift/lift.ts";
import type { CpuLevel } from "../machine/cpu_level.ts";
import { FLOW_JUMP_INDIRECT, FLOW_SYSCALL } from "../x86/row.ts";

/** As a whole function is better than its pieces, more than the lazy compiler takes at once. Larger ones are cut. */
const MAX_INSTRUCTIONS = 18000;

/** What is larger is no function but data taken for one; the rest becomes regions of its own. */
export const MAX_FUNCTION_INSTRUCTIONS = 200_000;

/** Smaller regions are repeated for each of their entries: side entries cost more. */
const MIN_SHARED_INSTRUCTIONS = 32;

/** A function, or what else begins at an entry. */
export interface FoundRegion {
  region: Region;
  instructions: number;
  /** Small enough to be repeated for each entry; then it has no side entries. */
  isSmall: boolean;
  /** Targets of jumps whose table was not recognised. */
  labels: readonly number[];
  /** Addresses that become entries because of it: functions whose address it takes, and what follows its system calls. */
  wanted: readonly number[];
}

export class RegionMaker {
  readonly found: CodeEntries;
  /** The code as it is before anything has been made of it. */
  readonly code: CodeView;
  /** Instructions of the largest region. */
  readonly largest: number;
  /** Entries that are no functions, ascending. */
  readonly #inner: number[];

  /** `found`: what is known of the program's code already. */
  constructor(
    program: ProgramMemory,
    readonly level: CpuLevel,
    largest: number = MAX_INSTRUCTIONS,
    found: CodeEntries = findEntries(program),
  ) {
    this.largest = largest;
    this.found = found;
    this.code = codeView(program.u8, found.map, [...constantRanges(program), ...program.executable]);
    this.#inner = innerEntries(found);
  }

  isFunction(pc: number): boolean {
    return isFunction(this.found, pc);
  }

  /** The region of an entry, with the addresses inside at which it is to be entered, too. */
  find(pc: number, code: CodeView): FoundRegion {
    const inside = between(this.#inner, pc, this.found.endOf(pc));
    let region = discoverRegion(code, pc, MAX_FUNCTION_INSTRUCTIONS, inside);
    const labels = this.#labelsOf(region);
    if (labels.length > 0) region = discoverRegion(code, pc, MAX_FUNCTION_INSTRUCTIONS, [...inside, ...labels]);
    const wanted = this.#addWanted(region), instructions = instructionCount(region);
    const isSmall = instructions < MIN_SHARED_INSTRUCTIONS;
    if (isSmall) region.sideEntries = [];
    return { region, instructions, isSmall, labels, wanted };
  }

  /** `functionAt` gives the small functions that are taken in (InlineOptions). */
  lift(
    region: Region,
    functionAt: (pc: number) => InlineFunction | null,
    onUnsupported: UnsupportedSink,
  ): IrFunction {
    const fn = liftRegion(region, this.level, onUnsupported);
    inlineCalls(fn, instructionCount(region), { level: this.level, functionAt, limit: this.largest });
    return fn;
  }

  /** The function at an address, if it is small enough to be taken into its callers. */
  smallFunction(pc: number, code: CodeView): InlineFunction | null {
    if (!this.isFunction(pc) || runsLongerThan(code, pc, MAX_INLINE_INSTRUCTIONS)) return null;
    return inlineFunction(discoverRegion(code, pc, MAX_INLINE_INSTRUCTIONS + 1));
  }

  /** Where indirect jumps whose table was not recognised may go: labels of the function that are in data. */
  #labelsOf({ entryPc, blocks, jumpTables }: Region): number[] {
    const isUnknown = ({ instructions }: RegionBlock) => {
      const end = instructions.at(-1);
      return end !== undefined && end.row.flow === FLOW_JUMP_INDIRECT && !jumpTables.has(end.pc);
    };
    if (!blocks.some(isUnknown)) return [];
    const known = new Set([...jumpTables.values()].flatMap((table) => table.targets));
    return between(this.found.labels, entryPc, this.found.endOf(entryPc)).filter((pc) => !known.has(pc));
  }

  /** What follows a system call is a side entry, too: a blocked task goes on there. */
  #addWanted(region: Region): number[] {
    const { blocks, sideEntries } = region, wanted: number[] = [], continued: number[] = [];
    for (let b = 0; b < blocks.length; b++) {
      const { instructions } = blocks[b];
      for (let i = 0; i < instructions.length; i++) {
        const address = pointerInInstruction(instructions[i]);
        if (address >= 0 && this.found.mayBeTaken(address)) wanted.push(address);
      }
      const end = instructions[instructions.length - 1];
      if (end === undefined || end.row.flow !== FLOW_SYSCALL) continue;
      wanted.push(end.nextPc);
      continued.push(end.nextPc);
    }
    if (sideEntries.length + continued.length > 0) {
      const inside = new Set([...sideEntries, ...continued]);
      region.sideEntries = blocks.map((b) => b.pc).filter((pc) => pc !== region.entryPc && inside.has(pc));
    }
    return wanted;
  }
}

function isFunction({ map }: CodeEntries, pc: number): boolean {
  return (map.get(pc) & (MARK_FUNCTION | MARK_CALLED)) !== 0;
}

/** Entries that are no functions, ascending. */
function innerEntries(found: CodeEntries): number[] {
  const inner = new Set([...found.roots, ...found.map.withMarks(MARK_TAKEN | MARK_CONTINUED)]);
  return [...inner].filter((pc) => !isFunction(found, pc)).sort((a, b) => a - b);
}

/** Whether functions have the same regions by what was found of the same code with these and with other hints. */
export function makesSameRegions(found: CodeEntries, other: CodeEntries): boolean {
  if (!found.map.isLike(other.map, MARK_TAKEN) || found.map.referenced.size !== other.map.referenced.size) return false;
  return isSame(innerEntries(found), innerEntries(other)) && isSame(found.labels, other.labels);
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((pc, i) => pc === b[i]);
}

/** Those of an ascending list that are above `low` and below `end`. */
function between(list: readonly number[], low: number, end: number): number[] {
  let first = 0, last = list.length;
  while (first < last) {
    const mid = (first + last) >> 1;
    if (list[mid] <= low) first = mid + 1;
    else last = mid;
  }
  while (last < list.length && list[last] < end) last++;
  return list.slice(first, last);
}
