/**
 * What is expensive about a machine: a wasm memory, and instances of code modules that are bound to it through a table and a pc
 * lookup. A body outlives its machine: cleaned, it waits in a pool for the next process of the same program.
 */
import { HELPERS } from "../ir/helpers.ts";
import { type CodeSpace, type PatchModule, sameBytes } from "./code_cache.ts";
import type { TrapTable } from "./fault.ts";
import { helperBodies } from "./helpers/index.ts";
import type { HelperCpu } from "./helpers/types.ts";
import { LookupTable } from "./lookup_table.ts";
import type { MappedRange } from "./machine.ts";
import { GUEST_BIAS, GUEST_LOWEST } from "./state.ts";

const WASM_PAGE = 65536;
/** 4 GiB less one page, so that byte counts stay below 2^32. */
const MAX_PAGES = 65535;
/** Empty table slots beside those of the code module, for the first patches. */
const SPARE_SLOTS = 64;

/** The machine a body works for. */
export interface BodyOwner extends HelperCpu {
  /** Imports of compiled code: nonzero leaves it. */
  onSyscall(): number;
  onFuel(): number;
  /** Slot of the code of a pc that has none yet; 0 if there can be none. */
  onMiss(pc: number): number;
}

interface CodeExports {
  run(pc: number, depth: number): number;
  next_used_page(from: number, end: number): number;
  lookup: WebAssembly.ExportValue;
  mulhi_u: WebAssembly.ExportValue;
  mulhi_s: WebAssembly.ExportValue;
}

/** Code bound to a memory. */
interface Bound {
  readonly space: CodeSpace;
  readonly table: WebAssembly.Table;
  readonly lookup: LookupTable;
  readonly exports: CodeExports;
  readonly imports: WebAssembly.Imports;
  readonly traps: Map<string, TrapTable>;
  readonly patches: PatchModule[];
  /** 1 for table slots that hold a region or a stub. */
  filled: Uint8Array;
}

export class WasmBody {
  readonly memory: WebAssembly.Memory;
  owner: BodyOwner | null = null;
  #bound: Bound | null = null;
  /** Patches were made for memory as it was under another owner. */
  #patchesInDoubt = false;

  constructor(bytes: number) {
    const initial = Math.max(2, Math.ceil(bytes / WASM_PAGE));
    this.memory = new WebAssembly.Memory({ initial, maximum: MAX_PAGES });
  }

  get bytes(): number {
    return this.memory.buffer.byteLength;
  }

  /** The program whose code it has, or null. */
  get space(): CodeSpace | null {
    return this.#bound?.space ?? null;
  }

  get lookup(): LookupTable {
    return this.#bound!.lookup;
  }

  get exports(): CodeExports {
    return this.#bound!.exports;
  }

  get traps(): ReadonlyMap<string, TrapTable> {
    return this.#bound!.traps;
  }

  /** Has the code of a program, and only patches that fit what is in memory. */
  bind(space: CodeSpace): void {
    const bound = this.#bound;
    if (bound !== null && bound.space === space && (!this.#patchesInDoubt || this.#patchesFit(bound))) {
      this.#patchesInDoubt = false;
      return;
    }
    this.#bindAnew(space);
  }

  #patchesFit({ patches }: Bound): boolean {
    const u8 = new Uint8Array(this.memory.buffer);
    return patches.every((p) => p.ranges.every((r) => sameBytes(u8, r)));
  }

  #bindAnew(space: CodeSpace): void {
    const { code } = space;
    const count = code.entries.length;
    const table = new WebAssembly.Table({ element: "anyfunc", initial: Math.max(256, count + SPARE_SLOTS) });
    const lookup = new LookupTable(new WebAssembly.Memory({ initial: 1 }));
    lookup.copyFrom(space.lookup);
    const helpers: Record<string, WebAssembly.ImportValue> = Object.create(null);
    HELPERS.forEach((h, i) => {
      const body = helperBodies[i];
      helpers[h.name] = (a: number, b: number) => body(this.owner!, a, b);
    });
    const m = {
      memory: this.memory,
      lookup: lookup.memory,
      table,
      syscall: () => this.owner!.onSyscall(),
      fuel: () => this.owner!.onFuel(),
      miss: (pc: number) => this.owner!.onMiss(pc >>> 0),
    };
    const instance = new WebAssembly.Instance(code.module, { m, h: helpers });
    const exports = instance.exports as unknown as CodeExports;
    const filled = new Uint8Array(table.length);
    filled.fill(1, 0, count + 1);
    const { lookup: find, mulhi_u, mulhi_s } = exports;
    this.#bound = {
      space,
      table,
      lookup,
      exports,
      imports: { m: { ...m, find, mulhi_u, mulhi_s }, h: helpers },
      traps: new Map([[code.name, code]]),
      patches: [],
      filled,
    };
    this.#patchesInDoubt = false;
  }

  install(patch: PatchModule): void {
    const bound = this.#bound!, { space, table, lookup } = bound;
    if (space.slotCount > table.length) {
      table.grow(Math.max(space.slotCount, table.length * 2) - table.length);
      const filled = new Uint8Array(table.length);
      filled.set(bound.filled);
      bound.filled = filled;
    }
    const { exports } = new WebAssembly.Instance(patch.module, bound.imports);
    for (const pc of patch.entries) {
      const slot = space.slotOf(pc);
      lookup.set(pc, slot);
      bound.filled[slot] = 1;
    }
    // A stub must not replace code that another patch brought.
    for (const [, slot] of patch.stubs) {
      if (bound.filled[slot]) continue;
      bound.filled[slot] = 1;
      table.set(slot, exports[slot] as (depth: number) => number);
    }
    bound.patches.push(patch);
    bound.traps.set(patch.name, patch);
  }

  /**
   * Code of [start, end) has changed. Patches of it go, and all others with them: slots of dropped regions would keep their
   * code, and starting afresh is simplest and rare. True if they went: compiled code that is being run belongs to no one then.
   */
  codeChanged(start: number, end: number): boolean {
    const overlaps = (r: { start: number; bytes: Uint8Array }) => r.start < end && start < r.start + r.bytes.length;
    if (!this.#bound?.patches.some((p) => p.ranges.some(overlaps))) return false;
    this.#bindAnew(this.#bound.space);
    return true;
  }

  /**
   * Stretches of memory that are not zero, as [from, to) linear addresses on page borders. Only mapped pages can be; looking at
   * others would make the host provide them.
   */
  usedRuns(mapped: readonly MappedRange[]): [from: number, to: number][] {
    const { next_used_page: next } = this.exports, bytes = this.bytes;
    const runs: [number, number][] = [];
    const look = (from: number, end: number): void => {
      let at = next(from, end) >>> 0;
      while (at < end) {
        const start = at;
        let to = at + GUEST_PAGE;
        while (to < end && (at = next(to, end) >>> 0) === to) to += GUEST_PAGE;
        runs.push([start, to]);
        if (to >= end) return;
      }
    };
    look(0, UNMAPPED_BYTES);
    for (const { start, end } of mapped) {
      if (start < GUEST_BIAS + bytes) look(start - GUEST_BIAS, Math.min(end - GUEST_BIAS, bytes));
    }
    return runs;
  }

  /** Zeroes the memory and lets go of the owner. */
  clean(mapped: readonly MappedRange[]): void {
    const u8 = new Uint8Array(this.memory.buffer);
    for (const [from, to] of this.usedRuns(mapped)) u8.fill(0, from, to);
    this.owner = null;
    this.#patchesInDoubt = this.#bound!.patches.length > 0;
  }
}

const GUEST_PAGE = 4096;
/** The state block and what the kernel keeps unmapped behind it. */
const UNMAPPED_BYTES = GUEST_LOWEST - GUEST_BIAS;
