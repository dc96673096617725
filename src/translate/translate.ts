/**
 * The translate station: a program in guest memory to one wasm module, region by region: discover, lift, optimise, emit. Only
 * one region's instructions and IR are in memory at a time; what stays is its wasm code.
 */
import { type CodeView, discoverRegion, runsLongerThan } from "../discover/discover.ts";
import { CodeMap, codeView, MARK_CALLED, MARK_CONTINUED, MARK_FUNCTION, MARK_TAKEN } from "../discover/code_map.ts";
import { pointerInInstruction } from "../discover/code_pointers.ts";
import { type CodeEntries, constantRanges, findEntries, type ProgramMemory } from "../discover/entries.ts";
import { CodeOwners } from "../discover/owners.ts";
import { cutIntoParts, type FunctionPart } from "../discover/parts.ts";
import { instructionCount, type Region, type RegionBlock } from "../discover/region.ts";
import { CodeModuleBuilder } from "../emit/module.ts";
import type { IrFunction } from "../ir/function.ts";
import { inlineCalls, type InlineFunction, inlineFunction, MAX_INLINE_INSTRUCTIONS } from "../lift/inline.ts";
import { liftRegion } from "../lift/lift.ts";
import { type CpuLevel, DEFAULT_CPU_LEVEL } from "../machine/cpu_level.ts";
import { FIRST_SLOT } from "../machine/code_cache.ts";
import { encodeResume } from "../machine/resume_table.ts";
import { encodeTraps } from "../machine/trap_codec.ts";
import { FLOW_JUMP_INDIRECT, FLOW_SYSCALL } from "../x86/row.ts";
import { type UnsupportedInstruction, UnsupportedReport } from "./unsupported.ts";

/** As a whole function is better than its pieces, more than the lazy compiler takes at once. Larger ones are cut. */
const MAX_INSTRUCTIONS = 18000;

/** Smaller regions are repeated for each of their entries: side entries cost more. */
const MIN_SHARED_INSTRUCTIONS = 32;

/** What is larger is no function but data taken for one; the rest becomes regions of its own. */
const MAX_FUNCTION_INSTRUCTIONS = 200_000;

export interface TranslateOptions {
  /** Module name: letters, digits, "_" and "."; faults are told apart by it. */
  name: string;
  /** Improves a region's IR in place. */
  optimise?: (fn: IrFunction) => void;
  /** Table slot of the first region. */
  firstSlot?: number;
  /** Instructions of the largest region, in place of the default. */
  maxRegionInstructions?: number;
  /** The processor that the program is shown. */
  level?: CpuLevel;
  /** Told of progress now and then: regions done and known so far. */
  onProgress?: (done: number, known: number) => void;
  /** Clock for the stage times, in milliseconds. */
  now?: () => number;
}

export interface TranslateStats {
  /** Instructions lifted, and how many different ones these were. */
  instructions: number;
  uniqueInstructions: number;
  /** Bytes of the different ones. */
  x86Bytes: number;
  regions: number;
  functions: number;
  wasmBytes: number;
  milliseconds: { entries: number; discover: number; lift: number; optimise: number; emit: number; assemble: number };
}

export interface Translation {
  name: string;
  wasm: Uint8Array<ArrayBuffer>;
  /** Region entries in table order: entries[i] is in slot firstSlot + i. */
  entries: number[];
  firstSlot: number;
  /** Encoded trap table (machine/trap_codec.ts). */
  traps: Uint8Array<ArrayBuffer>;
  /** Encoded resume table (machine/resume_table.ts). */
  resume: Uint8Array<ArrayBuffer>;
  /** What entries added later have to know of the regions (FileModule.frames). */
  frames: Uint32Array<ArrayBuffer>;
  /** Instructions that raise SIGILL in the guest because we cannot run them, by mnemonic, most frequent first. */
  unsupported: UnsupportedInstruction[];
  stats: TranslateStats;
}

/** Compiles all code that can be found to be reachable. The same input gives the same bytes. */
export function translateProgram(program: ProgramMemory, options: TranslateOptions): Translation {
  return new Translator(program, options).run();
}

/** A region that has been emitted, or will be. */
interface Planned {
  entryPc: number;
  sideEntries: Set<number>;
  /** Set if it is part of a large function: emitted at the end, when all its entries are known. */
  part: FunctionPart | null;
  isEmitted: boolean;
}

/**
 * Works off the entries in the builder's order, which grows meanwhile. Functions first: each becomes a region that has the
 * addresses inside, at which it may be entered too, as side entries. Entries that turn up later inside a region are added to
 * it, and it is made again; the others become regions of their own.
 */
class Translator {
  readonly #program: ProgramMemory;
  readonly #options: TranslateOptions;
  readonly #now: () => number;
  readonly #ms = { entries: 0, discover: 0, lift: 0, optimise: 0, emit: 0, assemble: 0 };
  #last: number;
  readonly #found: CodeEntries;
  readonly #largest: number;
  readonly #code: CodeView;
  /** The same, where regions end at what other regions have. */
  readonly #codeBetween: CodeView;
  readonly #owners: CodeOwners;
  readonly #planned: Planned[] = [];
  /** Entries that are no functions, ascending. */
  readonly #inner: number[];
  readonly #builder: CodeModuleBuilder;
  readonly #unsupported: UnsupportedReport;
  readonly #tally: Tally;
  /** Small functions, and null for those that are not. */
  readonly #inlined = new Map<number, InlineFunction | null>();
  /** Entries whose place is reserved, to be looked at when all functions are there. */
  #deferred: number[] = [];
  /** To be made, or made again. */
  #open = new Set<Planned>();
  #next = 0;

  constructor(program: ProgramMemory, options: TranslateOptions) {
    this.#program = program;
    this.#options = options;
    // It is asked some five times a region: performance.now() would take a thirtieth of the time.
    this.#now = options.now ?? Date.now;
    this.#last = this.#now();
    this.#largest = options.maxRegionInstructions ?? MAX_INSTRUCTIONS;
    const found = this.#found = findEntries(program);
    this.#code = codeView(program.u8, found.map, [...constantRanges(program), ...program.executable]);
    this.#owners = new CodeOwners(found.map);
    const isPart = (owner: number) => owner >= 0 && this.#planned[owner].part !== null;
    this.#codeBetween = { ...this.#code, isElsewhere: (pc) => this.#owners.get(pc) >= 0 };
    this.#code = { ...this.#code, isElsewhere: (pc) => isPart(this.#owners.get(pc)) };
    const inner = new Set([...found.roots, ...found.map.withMarks(MARK_TAKEN | MARK_CONTINUED)]);
    this.#inner = [...inner].filter((pc) => !this.#isFunction(pc)).sort((a, b) => a - b);
    this.#builder = new CodeModuleBuilder(options.name, found.roots, (pc) => this.#accepts(pc));
    this.#unsupported = new UnsupportedReport(program.u8);
    this.#tally = new Tally(found.map);
    this.#lap("entries");
  }

  run(): Translation {
    do {
      this.#addEntries();
      this.#placeDeferred();
      this.#emitOpen();
    } while (this.#next < this.#builder.entries.length || this.#deferred.length > 0 || this.#open.size > 0);
    const built = this.#builder.finish(this.#options.firstSlot);
    const { bytes, entries } = built;
    const traps = encodeTraps(built), resume = encodeResume(built.resume);
    this.#lap("assemble");
    return {
      name: this.#options.name,
      wasm: bytes,
      entries,
      firstSlot: this.#options.firstSlot ?? FIRST_SLOT,
      traps,
      resume,
      frames: built.frames,
      unsupported: this.#unsupported.list(),
      stats: {
        ...this.#tally.totals(),
        regions: entries.length,
        functions: this.#found.functions,
        wasmBytes: bytes.length,
        milliseconds: this.#ms,
      },
    };
  }

  #lap(stage: keyof Translation["stats"]["milliseconds"]): void {
    const t = this.#now();
    this.#ms[stage] += t - this.#last;
    this.#last = t;
  }

  #isFunction(pc: number): boolean {
    return (this.#found.map.get(pc) & (MARK_FUNCTION | MARK_CALLED)) !== 0;
  }

  /** Whether a pc may become an entry: in a part that has been made, only what is one already. */
  #accepts(pc: number): boolean {
    const planned = this.#planned[this.#owners.get(pc)];
    if (planned === undefined || planned.part === null) return this.#found.map.has(pc);
    if (!planned.isEmitted) planned.part.entries.add(pc);
    return planned.part.entries.has(pc);
  }

  #want(pc: number): void {
    if (this.#accepts(pc)) this.#builder.want(pc);
  }

  /** Functions become regions at once; what is no function waits until these are known. */
  #addEntries(): void {
    const builder = this.#builder;
    for (; this.#next < builder.entries.length; this.#next++) {
      const pc = builder.entries[this.#next];
      if ((this.#next & 255) === 0) this.#options.onProgress?.(this.#next, builder.entries.length);
      builder.reserve();
      if (this.#isFunction(pc) && !this.#placeInPart(pc)) this.#addRegion(pc, this.#code);
      else this.#deferred.push(pc);
    }
  }

  #placeDeferred(): void {
    const pcs = this.#deferred;
    this.#deferred = [];
    for (const pc of pcs) {
      if (this.#placeInPart(pc)) continue;
      const owner = this.#planned[this.#owners.get(pc)];
      if (owner === undefined) this.#addRegion(pc, this.#codeBetween);
      else if (owner.entryPc !== pc && !owner.sideEntries.has(pc)) {
        owner.sideEntries.add(pc);
        this.#open.add(owner);
      }
      if (owner !== undefined && owner.entryPc !== pc) this.#builder.makeSideEntry(pc);
    }
  }

  /** Makes a pc inside a large function an entry of the part it is in. */
  #placeInPart(pc: number): boolean {
    const planned = this.#planned[this.#owners.get(pc)];
    if (planned === undefined || planned.part === null) return false;
    planned.part.entries.add(pc);
    if (pc !== planned.entryPc) this.#builder.makeSideEntry(pc);
    return true;
  }

  /** Makes the region of an entry whose place is reserved. */
  #addRegion(pc: number, code: CodeView): void {
    const inside = between(this.#inner, pc, this.#found.endOf(pc));
    let region = discoverRegion(code, pc, MAX_FUNCTION_INSTRUCTIONS, inside);
    const labels = this.#labelsOf(region);
    if (labels.length > 0) region = discoverRegion(code, pc, MAX_FUNCTION_INSTRUCTIONS, [...inside, ...labels]);
    this.#tally.add(region);
    this.#wantTaken(region);
    this.#lap("discover");
    const size = instructionCount(region);
    if (size > this.#largest) return this.#addParts(region);
    if (size < MIN_SHARED_INSTRUCTIONS) {
      region.sideEntries = [];
      for (const label of labels) this.#want(label);
    } else this.#plan(region.entryPc, region.sideEntries, region.blocks, null);
    this.#fill(region);
    this.#lap("emit");
  }

  #addParts(region: Region): void {
    for (const { part, blocks } of cutIntoParts(region, this.#largest)) {
      const { entries } = part;
      const entryPc = entries.has(region.entryPc) ? region.entryPc : Math.min(...entries);
      this.#open.add(this.#plan(entryPc, [], blocks, part));
    }
    for (const pc of region.sideEntries) this.#builder.want(pc);
  }

  #plan(entryPc: number, sideEntries: Iterable<number>, blocks: readonly RegionBlock[], part: FunctionPart | null) {
    const planned: Planned = { entryPc, sideEntries: new Set(sideEntries), part, isEmitted: false };
    const owner = this.#planned.push(planned) - 1;
    for (let b = 0; b < blocks.length; b++) this.#owners.claim(blocks[b].instructions, owner);
    for (const pc of planned.sideEntries) this.#builder.want(pc);
    this.#builder.want(entryPc);
    return planned;
  }

  /** Where indirect jumps whose table was not recognised may go: labels of the function that are in data. */
  #labelsOf({ entryPc, blocks, jumpTables }: Region): number[] {
    const isUnknown = ({ instructions }: RegionBlock) => {
      const end = instructions.at(-1);
      return end !== undefined && end.row.flow === FLOW_JUMP_INDIRECT && !jumpTables.has(end.pc);
    };
    if (!blocks.some(isUnknown)) return [];
    const known = new Set([...jumpTables.values()].flatMap((table) => table.targets));
    return between(this.#found.labels, entryPc, this.#found.endOf(entryPc)).filter((pc) => !known.has(pc));
  }

  /** Makes regions whose entries have become more since they were made, and the parts of large functions. */
  #emitOpen(): void {
    if (this.#next < this.#builder.entries.length) return;
    const known = this.#builder.entries.length;
    for (const { part } of this.#open) for (const pc of part?.exits ?? []) this.#want(pc);
    // Those may be entries of what is open; whatever is wanted from here on is not.
    if (this.#builder.entries.length > known) return;
    const open = this.#open;
    this.#open = new Set();
    for (const planned of open) {
      const { entryPc, part, sideEntries } = planned;
      const region = part !== null
        ? part.region(entryPc, this.#code)
        : discoverRegion(this.#code, entryPc, MAX_FUNCTION_INSTRUCTIONS, [...sideEntries]);
      planned.isEmitted = true;
      this.#lap("discover");
      this.#fill(region);
      this.#lap("emit");
    }
  }

  #fill(region: Region): void {
    const fn = this.#lift(region);
    this.#builder.fill(fn);
    fn.recycle();
  }

  #lift(region: Region): IrFunction {
    const unsupported = this.#unsupported;
    const fn = liftRegion(
      region,
      this.#options.level ?? DEFAULT_CPU_LEVEL,
      (insn) => unsupported.add(insn.pc, insn.length, insn.row.text ?? insn.row.mnemonic, insn.row.feature),
    );
    for (const { failure } of region.blocks) if (failure !== null) unsupported.addFailure(failure);
    inlineCalls(fn, instructionCount(region), {
      level: this.#options.level ?? DEFAULT_CPU_LEVEL,
      functionAt: (pc) => this.#functionAt(pc),
      limit: this.#largest,
    });
    this.#lap("lift");
    if (this.#options.optimise !== undefined) {
      this.#options.optimise(fn);
      this.#lap("optimise");
    }
    return fn;
  }

  /** The function at an address, if it is small enough to be taken into its callers. */
  #functionAt(pc: number): InlineFunction | null {
    let known = this.#inlined.get(pc);
    if (known === undefined) {
      const isWhole = this.#isFunction(pc) && (this.#planned[this.#owners.get(pc)]?.part ?? null) === null;
      known = isWhole && !runsLongerThan(this.#code, pc, MAX_INLINE_INSTRUCTIONS)
        ? inlineFunction(discoverRegion(this.#code, pc, MAX_INLINE_INSTRUCTIONS + 1))
        : null;
      this.#inlined.set(pc, known);
      // A task that has stopped in a copy goes on in the function itself.
      if (known !== null) this.#want(pc);
    }
    return known;
  }

  /** Functions whose address the region takes, and what follows its system calls (a blocked task goes on there). */
  #wantTaken(region: Region): void {
    const { blocks, sideEntries } = region, continued: number[] = [];
    for (let b = 0; b < blocks.length; b++) {
      const { instructions } = blocks[b];
      for (let i = 0; i < instructions.length; i++) {
        const address = pointerInInstruction(instructions[i]);
        if (address >= 0 && this.#found.mayBeTaken(address)) this.#want(address);
      }
      const end = instructions[instructions.length - 1];
      if (end === undefined || end.row.flow !== FLOW_SYSCALL) continue;
      this.#want(end.nextPc);
      continued.push(end.nextPc);
    }
    if (sideEntries.length + continued.length === 0) return;
    const inside = new Set([...sideEntries, ...continued]);
    region.sideEntries = blocks.map((b) => b.pc).filter((pc) => pc !== region.entryPc && inside.has(pc));
  }
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

/** Counts instructions, and different ones by marks of its own. */
class Tally {
  readonly #seen: CodeMap;
  #instructions = 0;
  #unique = 0;
  #bytes = 0;

  constructor(map: CodeMap) {
    this.#seen = new CodeMap(map.ranges);
  }

  add(region: Region): void {
    for (const { instructions } of region.blocks) {
      this.#instructions += instructions.length;
      for (let i = 0; i < instructions.length; i++) {
        const { pc, length } = instructions[i];
        if (!this.#seen.addFirst(pc, 1)) continue;
        this.#unique++;
        this.#bytes += length;
      }
    }
  }

  totals(): { instructions: number; uniqueInstructions: number; x86Bytes: number } {
    return { instructions: this.#instructions, uniqueInstructions: this.#unique, x86Bytes: this.#bytes };
  }
}
