/**
 * The translate station: a program in guest memory to one wasm module, region by region: discover, lift, optimise, emit. Only
 * one region's instructions and IR are in memory at a time; what stays is its wasm code.
 */
import { type CodeView, discoverRegion } from "../discover/discover.ts";
import { CodeMap } from "../discover/code_map.ts";
import type { CodeEntries, ProgramMemory } from "../discover/entries.ts";
import { CodeOwners } from "../discover/owners.ts";
import { cutIntoParts, type FunctionPart } from "../discover/parts.ts";
import type { Region, RegionBlock } from "../discover/region.ts";
import { CodeModuleBuilder } from "../emit/module.ts";
import type { IrFunction } from "../ir/function.ts";
import type { InlineFunction } from "../lift/inline.ts";
import { type CpuLevel, DEFAULT_CPU_LEVEL } from "../machine/cpu_level.ts";
import { FIRST_SLOT } from "../machine/code_cache.ts";
import { encodeResume } from "../machine/resume_table.ts";
import { encodeTraps } from "../machine/trap_codec.ts";
import { type FoundRegion, MAX_FUNCTION_INSTRUCTIONS, RegionMaker } from "./region_maker.ts";
import type { MadeRegion, RegionSharing } from "./region_sharing.ts";
import { type UnsupportedInstruction, UnsupportedReport } from "./unsupported.ts";

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
  /** Others who make regions of the program, of the same largest size, without `optimise`. */
  sharing?: RegionSharing;
  /** What is known of the program's code already. */
  found?: CodeEntries;
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
  readonly #options: TranslateOptions;
  readonly #now: () => number;
  readonly #ms = { entries: 0, discover: 0, lift: 0, optimise: 0, emit: 0, assemble: 0 };
  #last: number;
  readonly #maker: RegionMaker;
  /** The code, where regions end at functions that were cut into parts. */
  readonly #code: CodeView;
  /** The same, where regions end at what other regions have. */
  readonly #codeBetween: CodeView;
  readonly #owners: CodeOwners;
  readonly #planned: Planned[] = [];
  #hasParts = false;
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
  /** Entries that others have been told of. */
  #offered = 0;

  constructor(program: ProgramMemory, options: TranslateOptions) {
    this.#options = options;
    // It is asked some five times a region: performance.now() would take a thirtieth of the time.
    this.#now = options.now ?? Date.now;
    this.#last = this.#now();
    const { level, maxRegionInstructions } = options;
    this.#maker = new RegionMaker(program, level ?? DEFAULT_CPU_LEVEL, maxRegionInstructions, options.found);
    const { found, code } = this.#maker;
    this.#owners = new CodeOwners(found.map);
    this.#codeBetween = { ...code, isElsewhere: (pc) => this.#owners.get(pc) >= 0 };
    this.#code = { ...code, isElsewhere: (pc) => this.#isInPart(pc) };
    this.#builder = new CodeModuleBuilder(options.name, found.roots, (pc) => this.#accepts(pc));
    this.#unsupported = new UnsupportedReport(program.u8);
    this.#tally = new Tally(found.map);
    options.sharing?.begin(found);
    this.#lap("entries");
  }

  run(): Translation {
    do {
      this.#addEntries();
      this.#placeDeferred();
      this.#emitOpen();
    } while (this.#next < this.#builder.entries.length || this.#deferred.length > 0 || this.#open.size > 0);
    this.#options.sharing?.end();
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
        functions: this.#maker.found.functions,
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

  #isInPart(pc: number): boolean {
    const owner = this.#hasParts ? this.#owners.get(pc) : -1;
    return owner >= 0 && this.#planned[owner].part !== null;
  }

  /** Whether a pc may become an entry: in a part that has been made, only what is one already. */
  #mayBecomeEntry(pc: number): boolean {
    const planned = this.#planned[this.#owners.get(pc)];
    if (planned === undefined || planned.part === null) return this.#maker.found.map.has(pc);
    return !planned.isEmitted || planned.part.entries.has(pc);
  }

  /** The same, and what may be an entry of a part will be one. */
  #accepts(pc: number): boolean {
    if (!this.#mayBecomeEntry(pc)) return false;
    this.#planned[this.#owners.get(pc)]?.part?.entries.add(pc);
    return true;
  }

  #want(pc: number): void {
    if (this.#accepts(pc)) this.#builder.want(pc);
  }

  /** Functions become regions at once; what is no function waits until these are known. */
  #addEntries(): void {
    const builder = this.#builder;
    for (; this.#next < builder.entries.length; this.#next++) {
      this.#offer();
      const pc = builder.entries[this.#next];
      if ((this.#next & 255) === 0) this.#options.onProgress?.(this.#next, builder.entries.length);
      builder.reserve();
      if (this.#maker.isFunction(pc) && !this.#placeInPart(pc)) this.#addFunction(pc);
      else this.#deferred.push(pc);
    }
  }

  /** Tells of functions that will be made. */
  #offer(): void {
    const { sharing } = this.#options, { entries } = this.#builder;
    if (sharing === undefined) return;
    for (; this.#offered < entries.length; this.#offered++) {
      const pc = entries[this.#offered];
      if (this.#maker.isFunction(pc)) sharing.offer(pc);
    }
  }

  #placeDeferred(): void {
    const pcs = this.#deferred;
    this.#deferred = [];
    for (const pc of pcs) {
      if (this.#placeInPart(pc)) continue;
      const owner = this.#planned[this.#owners.get(pc)];
      if (owner === undefined) this.#addRegion(this.#maker.find(pc, this.#codeBetween));
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

  #addFunction(pc: number): void {
    const found = this.#maker.find(pc, this.#code);
    this.#addRegion(found, this.#options.sharing?.take(pc));
  }

  /** Makes the region of an entry whose place is reserved, unless somebody has. */
  #addRegion({ region, instructions, isSmall, labels, wanted }: FoundRegion, made: MadeRegion | null = null): void {
    this.#tally.add(region);
    for (const pc of wanted) this.#want(pc);
    this.#lap("discover");
    if (instructions > this.#maker.largest) return this.#addParts(region);
    if (isSmall) labels.forEach((label) => this.#want(label));
    else this.#plan(region.entryPc, region.sideEntries, region.blocks, null);
    if (made !== null && this.#fits(made)) this.#attach(made, region);
    else this.#fill(region);
    this.#lap("emit");
  }

  /** Whether a helper, who knows nothing of parts, made what would be made here. */
  #fits({ asked, blocks, region: { targets } }: MadeRegion): boolean {
    if (!this.#hasParts) return true;
    if (targets.some((pc) => !this.#mayBecomeEntry(pc))) return false;
    if (blocks.some((pc) => this.#isInPart(pc))) return false;
    for (let i = 0; i < asked.length; i += 2) {
      if ((this.#smallFunction(asked[i])?.instructions ?? 0) !== asked[i + 1]) return false;
    }
    return true;
  }

  #attach({ region: detached, asked, unsupported }: MadeRegion, region: Region): void {
    for (const row of unsupported) this.#unsupported.add(...row);
    this.#addFailures(region);
    for (let i = 0; i < asked.length; i += 2) if (asked[i + 1] > 0) this.#want(asked[i]);
    // As the emitter would: parts get to know of their entries so.
    for (const pc of detached.targets) this.#want(pc);
    this.#builder.attach(detached);
  }

  #addParts(region: Region): void {
    this.#hasParts = true;
    for (const { part, blocks } of cutIntoParts(region, this.#maker.largest)) {
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
    const fn = this.#maker.lift(region, (pc) => this.#functionAt(pc), (insn) => {
      this.#unsupported.add(insn.pc, insn.length, insn.row.text ?? insn.row.mnemonic, insn.row.feature);
    });
    this.#addFailures(region);
    this.#lap("lift");
    if (this.#options.optimise !== undefined) {
      this.#options.optimise(fn);
      this.#lap("optimise");
    }
    return fn;
  }

  #addFailures(region: Region): void {
    for (const { failure } of region.blocks) if (failure !== null) this.#unsupported.addFailure(failure);
  }

  #functionAt(pc: number): InlineFunction | null {
    const known = this.#smallFunction(pc);
    // A task that has stopped in a copy goes on in the function itself.
    if (known !== null) this.#want(pc);
    return known;
  }

  #smallFunction(pc: number): InlineFunction | null {
    let known = this.#inlined.get(pc);
    if (known === undefined) {
      this.#inlined.set(pc, known = this.#isInPart(pc) ? null : this.#maker.smallFunction(pc, this.#code));
    }
    return known;
  }
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
