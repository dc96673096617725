/**
 * Lazily compiled modules, shared by all machines of a kernel: after fork and execve of the same program the code is there
 * already. A module fits an address space if the bytes it was made from are there; that is compared, not assumed.
 */
import type { TrapTable } from "./fault.ts";
import { LookupTable } from "./lookup_table.ts";
import { GUEST_BIAS } from "./state.ts";

/** A stretch of guest memory that compiled code depends on. */
export interface CodeRange {
  start: number;
  bytes: Uint8Array;
}

/** Regions compiled together, with what they were made from. */
export interface PatchModule extends TrapTable {
  readonly name: string;
  readonly module: WebAssembly.Module;
  /** Entry pcs of its regions. */
  readonly entries: number[];
  /** Targets of its calls: the module exports a stub for each under the slot's number. */
  readonly stubs: [pc: number, slot: number][];
  readonly ranges: CodeRange[];
}

/** A code module, ready to instantiate. */
export interface LoadedCode extends TrapTable {
  readonly name: string;
  readonly module: WebAssembly.Module;
  /** Entry pcs; entries[i] is in table slot i + 1. */
  readonly entries: ArrayLike<number>;
  /** The lookup of these entries, if it was made ahead (LookupTable.encode). */
  readonly lookup?: Uint8Array;
}

/**
 * A code module and what was compiled on top of it. All machines that run it share the numbering of table slots, so that a
 * patch made for one fits the tables of all.
 */
export class CodeSpace {
  readonly cache: CodeCache = new CodeCache();
  /** Entries asked for that had no code, with how often: at build time the profile, at run time what translate missed. */
  readonly misses: Map<number, number> = new Map();
  /** Made when it is first asked for: a program without misses needs none. */
  #slots: Map<number, number> | null = null;
  #nextSlot: number;
  #lookup: LookupTable | null = null;

  constructor(readonly code: LoadedCode) {
    this.#nextSlot = code.entries.length + 1;
  }

  /** The lookup of a machine that has no patches yet, to be copied. */
  get lookup(): LookupTable {
    const { lookup, entries } = this.code;
    return this.#lookup ??= lookup === undefined ? lookupOf(entries) : LookupTable.decode(lookup);
  }

  /** Slots in use: slot numbers are below this. */
  get slotCount(): number {
    return this.#nextSlot;
  }

  /** The slot of a pc, given one if it has none. */
  slotOf(pc: number): number {
    if (this.#slots === null) {
      const { entries } = this.code;
      this.#slots = new Map();
      for (let i = 0; i < entries.length; i++) this.#slots.set(entries[i], i + 1);
    }
    let slot = this.#slots.get(pc);
    if (slot === undefined) this.#slots.set(pc, slot = this.#nextSlot++);
    return slot;
  }
}

/** Entries in slots from 1 on, as code modules have them. */
export function lookupOf(entries: ArrayLike<number>): LookupTable {
  const table = new LookupTable(new WebAssembly.Memory({ initial: 1 }), entries.length + 16);
  for (let i = 0; i < entries.length; i++) table.set(entries[i], i + 1);
  return table;
}

export class CodeCache {
  readonly #byEntry = new Map<number, PatchModule[]>();

  add(module: PatchModule): void {
    for (const pc of module.entries) {
      const list = this.#byEntry.get(pc);
      if (list === undefined) this.#byEntry.set(pc, [module]);
      else list.push(module);
    }
  }

  /** A module with a region for the pc whose code bytes are those in this memory. */
  find(pc: number, u8: Uint8Array): PatchModule | undefined {
    return this.#byEntry.get(pc)?.find((m) => m.ranges.every((r) => sameBytes(u8, r)));
  }
}

/** True if the memory holds these bytes there. */
export function sameBytes(u8: Uint8Array, { start, bytes }: CodeRange): boolean {
  const at = start - GUEST_BIAS;
  if (at + bytes.length > u8.length) return false;
  for (let i = 0; i < bytes.length; i++) if (u8[at + i] !== bytes[i]) return false;
  return true;
}
