/**
 * Lazily compiled modules, shared by all machines of a kernel: after fork and execve of the same program the code is there
 * already. A module fits an address space if the bytes it was made from are there; that is compared, not assumed.
 */
import type { MissRecord } from "./misses.ts";
import type { ResumeTable } from "./resume_table.ts";
import type { TrapTable } from "./trap_table.ts";
import type { MappedRange } from "./machine.ts";
import type { CodeRange } from "./code_range.ts";
import { LookupTable } from "./lookup_table.ts";

/** Slot 0 is never a region. */
export const FIRST_SLOT = 1;

/** Regions compiled together, with what they were made from. */
export interface PatchModule extends TrapTable {
  readonly name: string;
  readonly module: WebAssembly.Module;
  /** Entry pcs of its regions. */
  readonly entries: number[];
  /** Where its regions can go on after a stop. */
  readonly resume: ResumeTable;
  /** Targets of its calls: the module exports a stub for each under the slot's number. */
  readonly stubs: [pc: number, slot: number][];
  readonly ranges: CodeRange[];
  /** What was known of its code (CODE_ bits): where it can be written, the module compares the ranges when it is entered. */
  readonly traits: number;
  /** Of code that can be written: its number, or 0, and where it takes for granted that there is no other code than such. */
  readonly guard: number;
  readonly surroundings: MappedRange | null;
}

/** A code module, ready to instantiate. */
export interface LoadedCode extends TrapTable {
  readonly name: string;
  readonly module: WebAssembly.Module;
  /** Entry pcs; entries[i] is in table slot firstSlot + i. */
  readonly entries: ArrayLike<number>;
  readonly firstSlot: number;
  /** Where its regions can go on after a stop. */
  readonly resume: ResumeTable;
}

/** A code module made ahead of time from a file of the image, for the place [start, end) of its executable mapping. */
export interface FileCode extends LoadedCode {
  readonly file: number;
  readonly start: number;
  readonly end: number;
  /** Where it notes what of it is run (emit/covered_module.ts). */
  readonly covered?: WebAssembly.Memory;
}

/** Modules of one file for one place: they are parts of the same translation. */
export function areOfOneFile(a: FileCode, b: FileCode): boolean {
  return a.file === b.file && a.start === b.start && a.end === b.end;
}

/** Code that is being made, or will be. */
export interface LaterCode {
  /** The guest has got to an address of it; false if it is rather asked for function by function than waited for. */
  isWorthWaiting(): boolean;
  /** Waits for the function at an address, as it is in this memory; null if it cannot be had by itself. */
  functionAt(pc: number, u8: Uint8Array, slots: Slots): PatchModule | null;
  /** Waits for all of it; undefined if there will be none. Gives the same at each call. */
  wait(): FileCode | undefined;
  /** What wait() has given; from then on processes begin with it. */
  readonly code?: FileCode | undefined;
  /** True if the host has yet to bring it, and the guest is to wait for that: `done` is called then. Absent if it is there. */
  bring?(done: () => void): boolean;
  /**
   * Whether it has a region for an address, or, unless that is all that is asked, one that can go on there. Absent if that is not
   * known yet.
   */
  has?(pc: number, asEntry: boolean): boolean;
  /** It is not there to be had. */
  readonly isLeftOut?: boolean;
}

/** What there is of a file's code: all of it now or later, or some of it now and the rest later. */
export interface FoundCode {
  readonly code?: FileCode | undefined;
  readonly later?: LaterCode | undefined;
}

/** Finds the code for a file of the image that is mapped executable at [start, end). */
export type FindFileCode = (file: number, start: number, end: number) => FoundCode | undefined;

/** What is known of a program from its runs: whose code was missing, and what it maps. */
export interface ProgramRecord {
  /** Entries asked for that had no code: at build time the profile, at run time what translate missed. */
  readonly misses: Map<number, MissRecord>;
  /** Where tasks went on in the middle of a region, with how often: such addresses are worth an entry. */
  readonly resumed: Map<number, number>;
  /** Executable mappings of files of the image, by file. */
  readonly files: Map<number, { start: number; end: number }>;
}

/** Table slots of code that is compiled as it is reached. */
export interface Slots {
  /** The slot of a pc, given one if it has none. */
  slotOf(pc: number): number;
  /** Whether the pc has a slot: it is an entry, or some region leaves for it. */
  hasSlot(pc: number): boolean;
}

/**
 * All code of a kernel's machines: the base module (dispatcher, no regions), the modules made ahead of time, and what was
 * compiled since. Table slots are numbered once for all machines, so that a patch made for one fits the tables of all.
 */
export class CodeLibrary implements Slots {
  readonly cache: CodeCache = new CodeCache();
  /** By program key (Machine.programLoaded). */
  readonly programs: Map<string, ProgramRecord> = new Map();
  readonly #slots = new Map<number, number>();
  #nextSlot: number;
  readonly #lookups = new Map<string, LookupTable>();

  /** `slots`: how many the modules made ahead of time have, those of `find` included. */
  constructor(readonly base: LoadedCode, slots = 0, readonly find: FindFileCode = () => undefined) {
    this.#nextSlot = FIRST_SLOT + slots;
  }

  program(key: string): ProgramRecord {
    let record = this.programs.get(key);
    if (record === undefined) {
      this.programs.set(key, record = { misses: new Map(), resumed: new Map(), files: new Map() });
    }
    return record;
  }

  /** The lookup of a body that has these modules and no patches, to be copied. */
  lookupOf(codes: readonly LoadedCode[]): LookupTable {
    const key = codes.map((code) => code.name).join(" ");
    let lookup = this.#lookups.get(key);
    if (lookup === undefined) this.#lookups.set(key, lookup = lookupOf(codes));
    return lookup;
  }

  /** A lookup made ahead (LookupTable.encode) for modules by their names. */
  addLookup(names: readonly string[], bytes: Uint8Array): void {
    this.#lookups.set(names.join(" "), LookupTable.decode(bytes));
  }

  /** Slots in use: slot numbers are below this. */
  get slotCount(): number {
    return this.#nextSlot;
  }

  /** See Slots: of patches. */
  slotOf(pc: number): number {
    let slot = this.#slots.get(pc);
    if (slot === undefined) this.#slots.set(pc, slot = this.#nextSlot++);
    return slot;
  }

  hasSlot(pc: number): boolean {
    return this.#slots.has(pc);
  }

  /** Slots for a module that is made now; gives the first. */
  reserveSlots(count: number): number {
    const first = this.#nextSlot;
    this.#nextSlot += count;
    return first;
  }
}

/** The entries of code modules in their slots. */
export function lookupOf(codes: readonly Pick<LoadedCode, "entries" | "firstSlot">[]): LookupTable {
  const count = codes.reduce((n, code) => n + code.entries.length, 0);
  const table = new LookupTable(new WebAssembly.Memory({ initial: 1 }), count + 16);
  for (const { entries, firstSlot } of codes) {
    for (let i = 0; i < entries.length; i++) table.set(entries[i], firstSlot + i);
  }
  return table;
}

/** Versions of the code at an address that are kept: just-in-time compilers reuse memory. */
const MAX_VERSIONS = 8;

export class CodeCache {
  readonly #byEntry = new Map<number, PatchModule[]>();
  /** The module made last that can go on at an address. */
  readonly #byResumePoint = new Map<number, PatchModule>();
  /** What guarded modules were made from, by their numbers. */
  readonly #guarded = new Map<number, readonly CodeRange[]>();

  add(module: PatchModule): void {
    for (const pc of module.entries) {
      const list = this.#byEntry.get(pc);
      if (list === undefined) this.#byEntry.set(pc, [module]);
      else if (list.push(module) > MAX_VERSIONS) this.#guarded.delete(list.shift()!.guard);
    }
    if (module.guard !== 0) this.#guarded.set(module.guard, module.ranges);
    for (const pc of module.resume.pcs) this.#byResumePoint.set(pc, module);
  }

  /** A module with a region for the pc whose code bytes are those in this memory, and that has its like around it up to there. */
  find(pc: number, memory: Int32Array, traits = 0, surroundings: MappedRange | null = null): PatchModule | undefined {
    return this.#byEntry.get(pc)?.find((m) => fits(m, memory, traits) && covers(surroundings, m.surroundings));
  }

  /** Whether the memory holds anything else than a guarded module was made from; true, too, if the module is not kept any more. */
  hasChanged(guard: number, memory: Int32Array): boolean {
    const ranges = this.#guarded.get(guard);
    if (ranges === undefined) return true;
    for (let i = 0; i < ranges.length; i++) if (ranges[i].differs(memory)) return true;
    return false;
  }

  /** A module, made from the code in this memory, one of whose regions can go on at the pc. */
  findResumable(pc: number, memory: Int32Array, traits = 0): PatchModule | undefined {
    const module = this.#byResumePoint.get(pc);
    return module !== undefined && fits(module, memory, traits) ? module : undefined;
  }
}

function fits(module: PatchModule, memory: Int32Array, traits: number): boolean {
  return module.traits === traits && !module.ranges.some((r) => r.differs(memory));
}

function covers(outer: MappedRange | null, inner: MappedRange | null): boolean {
  return inner === null || (outer !== null && outer.start <= inner.start && inner.end <= outer.end);
}
