/**
 * A machine that runs compiled code: one wasm memory for the guest, one for the pc lookup, a table of regions, the code module
 * (ahead of time, or an empty base) and patch modules for what was compiled since.
 *
 * A pc without a region is a miss: it is compiled on the spot where there is a compiler and the host allows it, and
 * interpreted until it reaches compiled code otherwise.
 */
import { bug } from "../errors.ts";
import { HELPERS } from "../ir/helpers.ts";
import { type CodeSpace, type PatchModule } from "./code_cache.ts";
import { innermostFrame, pcAtOffset, trapReason, type TrapTable } from "./fault.ts";
import { GuestMemory } from "./guest_memory.ts";
import { helperBodies } from "./helpers/index.ts";
import { LookupTable } from "./lookup_table.ts";
import type { Machine, MachineClient } from "./machine.ts";
import {
  GUEST_LOWEST,
  MXCSR_RC,
  STATE_FUEL,
  STATE_MXCSR,
  STATE_RIP,
  STATE_STOP,
  STATE_STOP_INFO,
  STOP_NONE,
  STOP_ROUNDING,
  STOP_SEGV,
  STOP_SYSCALL,
  STOP_YIELD,
} from "./state.ts";

const PAGE_BYTES = 65536;
/** 4 GiB less one page, so that byte counts stay below 2^32. */
const MAX_PAGES = 65535;

/**
 * Host stack given to compiled code, in units of 16 bytes (see emit/region.ts): about 400 KB of the 984 KB that V8 has, the
 * rest being for JavaScript frames below and helpers above.
 */
const DEPTH_UNITS = 25_000;

/** Loop iterations between two questions to the kernel. */
const FUEL = 100_000;

/**
 * A loop entered cold stays in V8's baseline code until it returns; leaving and re-entering it at its header lets the optimised
 * code take over. So many times per header, then it is left alone.
 */
const TIER_ESCAPES = 40;

/** Compiles the region of a pc (and perhaps more). Null if there is no code there. */
export interface LazyCompiler {
  compile(u8: Uint8Array, pc: number, slotOf: (pc: number) => number): PatchModule | null;
}

/** Runs guest code from rip without compiling, until `isCompiled(pc)` or something stops. Returns 0 or a STOP_ reason. */
export interface MissInterpreter {
  run(machine: WasmMachine, isCompiled: (pc: number) => boolean): number;
}

/** What all machines of one kernel share. */
export interface WasmShared {
  /** The base code: a code module without regions. */
  readonly base: CodeSpace;
  /** Code made ahead of time, by program key (see programLoaded). */
  readonly programs: { get(key: string): CodeSpace | undefined };
  readonly compiler: LazyCompiler | null;
  readonly interpreter: MissInterpreter | null;
}

class WasmGuestMemory extends GuestMemory {
  constructor(readonly memory: WebAssembly.Memory) {
    super();
    this.setBuffer(memory.buffer as ArrayBuffer);
  }

  growTo(guestEnd: number): boolean {
    const missing = guestEnd - this.guestEnd;
    if (missing <= 0) return true;
    try {
      this.memory.grow(Math.ceil(missing / PAGE_BYTES));
    } catch {
      return false;
    }
    this.setBuffer(this.memory.buffer as ArrayBuffer);
    return true;
  }
}

interface CodeExports {
  run(pc: number, depth: number): number;
  lookup: WebAssembly.ExportValue;
  mulhi_u: WebAssembly.ExportValue;
  mulhi_s: WebAssembly.ExportValue;
}

const NO_CLIENT: MachineClient = { syscall: () => 1, wantsYield: () => false, tscNs: () => 0 };

export class WasmMachine implements Machine {
  readonly memory: GuestMemory;
  client: MachineClient = NO_CLIENT;
  readonly #wasmMemory: WebAssembly.Memory;
  #table!: WebAssembly.Table;
  #lookup!: LookupTable;
  #exports!: CodeExports;
  #imports!: WebAssembly.Imports;
  #space: CodeSpace;
  /** 1 for table slots that hold a region or a stub. */
  #filled = new Uint8Array(0);
  /** Patch modules in this machine's table. */
  #patches: PatchModule[] = [];
  #traps = new Map<string, TrapTable>();
  #escapes = new Map<number, number>();
  #reenter = false;
  #instantiated = false;

  constructor(readonly shared: WasmShared, initialBytes = 0, space: CodeSpace = shared.base) {
    const pages = Math.max(2, Math.ceil(initialBytes / PAGE_BYTES));
    this.#wasmMemory = new WebAssembly.Memory({ initial: pages, maximum: MAX_PAGES });
    this.memory = new WasmGuestMemory(this.#wasmMemory);
    this.#space = space;
  }

  // Instances are made at the first run: a machine that only ever execs never needs the first program's code.
  #instantiate(): void {
    const { code } = this.#space;
    const count = code.entries.length;
    this.#table = new WebAssembly.Table({ element: "anyfunc", initial: Math.max(256, count + 64) });
    this.#lookup = new LookupTable(new WebAssembly.Memory({ initial: 1 }), count + 16);
    const helpers: Record<string, WebAssembly.ImportValue> = Object.create(null);
    HELPERS.forEach((h, i) => {
      const body = helperBodies[i];
      helpers[h.name] = (a: number, b: number) => body(this, a, b);
    });
    const m = {
      memory: this.#wasmMemory,
      lookup: this.#lookup.memory,
      table: this.#table,
      syscall: () => this.#syscall(),
      fuel: () => this.#fuel(),
    };
    const instance = new WebAssembly.Instance(code.module, { m, h: helpers });
    const exports = instance.exports as unknown as CodeExports;
    this.#exports = exports;
    this.#imports = {
      m: { ...m, find: exports.lookup, mulhi_u: exports.mulhi_u, mulhi_s: exports.mulhi_s },
      h: helpers,
    };
    this.#filled = new Uint8Array(this.#table.length);
    this.#filled.fill(1, 0, count + 1);
    for (let i = 0; i < count; i++) this.#lookup.set(code.entries[i], i + 1);
    this.#patches = [];
    this.#traps = new Map([[code.name, code]]);
    this.#escapes = new Map();
    this.#instantiated = true;
  }

  /** The kernel has loaded a program: if it was compiled ahead of time under this key, its code is used from now on. */
  programLoaded(key: string): void {
    const space = this.shared.programs.get(key) ?? this.shared.base;
    if (space === this.#space) return;
    this.#space = space;
    this.#instantiated = false;
  }

  run(): number {
    if (!this.#instantiated) this.#instantiate();
    const words = this.memory.i32;
    words[STATE_STOP >> 2] = STOP_NONE;
    words[STATE_STOP_INFO >> 2] = 0;
    if (words[STATE_FUEL >> 2] <= 0) words[STATE_FUEL >> 2] = FUEL;
    for (;;) {
      const { interpreter } = this.shared;
      const stop = interpreter === null || this.#roundsToNearest()
        ? this.#runCompiled()
        : interpreter.run(this, () => this.#roundsToNearest());
      if (stop !== STOP_NONE && stop !== STOP_ROUNDING) return stop;
      this.memory.i32[STATE_STOP >> 2] = STOP_NONE;
    }
  }

  /** What compiled code takes for granted; without an interpreter it has to do for other roundings too. */
  #roundsToNearest(): boolean {
    return (this.memory.i32[STATE_MXCSR >> 2] & MXCSR_RC) === 0;
  }

  #runCompiled(): number {
    let pc = this.memory.i32[STATE_RIP >> 2] >>> 0;
    for (;;) {
      if (this.#lookup.get(pc) === 0) {
        const stop = this.#miss(pc);
        if (stop !== STOP_NONE) return stop;
        pc = this.memory.i32[STATE_RIP >> 2] >>> 0;
        continue;
      }
      let next: number;
      try {
        next = this.#exports.run(pc, DEPTH_UNITS);
      } catch (e) {
        return this.#fault(e);
      }
      if (next !== 0) {
        pc = next >>> 0;
        this.#setRip(pc);
        continue;
      }
      const stop = this.memory.i32[STATE_STOP >> 2];
      if (stop !== STOP_NONE) return stop;
      if (!this.#reenter) return this.#segv(0);
      this.#reenter = false;
      pc = this.memory.i32[STATE_RIP >> 2] >>> 0;
    }
  }

  #syscall(): number {
    if (this.client.syscall() === 0) return 0;
    this.memory.i32[STATE_STOP >> 2] = STOP_SYSCALL;
    return 1;
  }

  #fuel(): number {
    const words = this.memory.i32;
    if (this.client.wantsYield()) {
      words[STATE_STOP >> 2] = STOP_YIELD;
      return 1;
    }
    const pc = words[STATE_RIP >> 2] >>> 0;
    const escapes = this.#escapes.get(pc) ?? 0;
    if (escapes >= TIER_ESCAPES) return 0;
    if (this.shared.compiler === null && this.#lookup.get(pc) === 0) return 0;
    this.#escapes.set(pc, escapes + 1);
    this.#reenter = true;
    return 1;
  }

  #setRip(pc: number): void {
    const words = this.memory.i32;
    words[STATE_RIP >> 2] = pc | 0;
    words[(STATE_RIP >> 2) + 1] = 0;
  }

  #segv(pc: number): number {
    this.#setRip(pc);
    const words = this.memory.i32;
    words[STATE_STOP_INFO >> 2] = pc | 0;
    return words[STATE_STOP >> 2] = STOP_SEGV;
  }

  /** Makes code for a pc, or interprets from there. Returns a STOP_ reason, or STOP_NONE with rip where to go on. */
  #miss(pc: number): number {
    const { shared } = this;
    this.#setRip(pc);
    if (pc < GUEST_LOWEST || pc >= this.memory.guestEnd) return this.#segv(pc);
    const cached = this.#space.cache.find(pc, this.memory.u8);
    if (cached !== undefined) {
      this.#install(cached);
      return STOP_NONE;
    }
    const { misses } = this.#space;
    misses.set(pc, (misses.get(pc) ?? 0) + 1);
    if (shared.compiler !== null) {
      const patch = shared.compiler.compile(this.memory.u8, pc, (p) => this.#space.slotOf(p));
      if (patch !== null) {
        this.#space.cache.add(patch);
        this.#install(patch);
        return STOP_NONE;
      }
    }
    if (shared.interpreter === null) throw bug("no compiler and no interpreter for a miss", { pc });
    return shared.interpreter.run(this, (p) => this.#lookup.get(p) !== 0);
  }

  #install(patch: PatchModule): void {
    const { slotCount } = this.#space;
    if (slotCount > this.#table.length) {
      this.#table.grow(Math.max(slotCount, this.#table.length * 2) - this.#table.length);
      const filled = new Uint8Array(this.#table.length);
      filled.set(this.#filled);
      this.#filled = filled;
    }
    const { exports } = new WebAssembly.Instance(patch.module, this.#imports);
    for (const pc of patch.entries) {
      const slot = this.#space.slotOf(pc);
      this.#lookup.set(pc, slot);
      this.#filled[slot] = 1;
    }
    // A stub must not replace code that another patch brought.
    for (const [, slot] of patch.stubs) {
      if (this.#filled[slot]) continue;
      this.#filled[slot] = 1;
      this.#table.set(slot, exports[slot] as (depth: number) => number);
    }
    this.#patches.push(patch);
    this.#traps.set(patch.name, patch);
  }

  #fault(e: unknown): number {
    if (!(e instanceof WebAssembly.RuntimeError)) throw e;
    const words = this.memory.i32;
    const reason = trapReason(e.message, words[STATE_STOP_INFO >> 2]);
    const frame = innermostFrame(e.stack ?? "");
    const table = frame === null ? undefined : this.#traps.get(frame.module);
    const pc = table === undefined ? -1 : pcAtOffset(table, frame!.offset);
    if (reason === 0 || pc < 0) throw bug(`unexpected trap: ${e.message} at ${frame?.module}+${frame?.offset}`);
    this.#setRip(pc);
    words[STATE_STOP_INFO >> 2] = 0;
    return words[STATE_STOP >> 2] = reason;
  }

  fork(): WasmMachine {
    const copy = new WasmMachine(this.shared, this.memory.u8.length, this.#space);
    copy.client = this.client;
    copyPages(this.memory.u8, copy.memory.u8);
    return copy;
  }

  blank(): WasmMachine {
    const machine = new WasmMachine(this.shared);
    machine.client = this.client;
    return machine;
  }

  codeChanged(start: number, end: number): void {
    if (!this.#instantiated) return;
    const overlaps = (r: { start: number; bytes: Uint8Array }) => r.start < end && start < r.start + r.bytes.length;
    if (this.#patches.some((p) => p.ranges.some(overlaps))) this.#dropPatches();
  }

  // Slots of dropped regions keep running code of theirs that is on no stack: codeChanged comes from the kernel, when no
  // compiled code is active. Starting afresh is simplest and rare.
  #dropPatches(): void {
    this.#instantiate();
  }

  dispose(): void {
    this.#patches = [];
    this.#instantiated = false;
  }
}

/** Copies what is not zero into zeroed memory, page by page: untouched guest memory stays uncommitted. */
function copyPages(from: Uint8Array, to: Uint8Array): void {
  const words = new Int32Array(from.buffer, from.byteOffset, from.length >> 2);
  for (let page = 0; page < from.length; page += 4096) {
    let i = page >> 2;
    const end = i + 1024;
    while (i < end && words[i] === 0) i++;
    if (i < end) to.set(from.subarray(page, page + 4096), page);
  }
}
