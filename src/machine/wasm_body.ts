/**
 * What is expensive about a machine: a wasm memory, and instances of code modules that are bound to it through a table and a pc
 * lookup. A body outlives its machine: cleaned, it waits in a pool for the next process of the same program.
 */
import { HELPERS } from "../ir/helpers.ts";
import { AccessMap } from "./access_map.ts";
import { MODE_CHECKED } from "./code_mode.ts";
import { areOfOneFile, type CodeLibrary, type FileCode, type PatchModule } from "./code_cache.ts";
import { isReturnSite, resumeNumber, resumeRow, type ResumeTable } from "./resume_table.ts";
import type { TrapTable } from "./trap_table.ts";
import { helperBodies } from "./helpers/index.ts";
import type { HelperCpu } from "./helpers/types.ts";
import { LookupTable } from "./lookup_table.ts";
import type { MappedRange } from "./machine.ts";
import { without } from "./memory_image.ts";
import { RECENT_BYTES, RECENT_START, RecentLookups } from "./recent_lookups.ts";
import { GUEST_BIAS, GUEST_LOWEST } from "./state.ts";

const WASM_PAGE = 65536;
/** 4 GiB less one page, so that byte counts stay below 2^32. */
const MAX_PAGES = 65535;
/** Empty table slots beside those in use, for the first patches. */
const SPARE_SLOTS = 256;

/** The machine a body works for. */
export interface BodyOwner extends HelperCpu {
  /** Imports of compiled code: nonzero leaves it. */
  onSyscall(): number;
  onFuel(): number;
  /** Slot of the code of a pc that is not in the lookup; 0 to have the dispatcher go on there. */
  onMiss(pc: number): number;
  /** The same for a stub, which asks again and again until it has got a slot. */
  onStub(pc: number): number;
}

interface CodeExports {
  run(pc: number, depth: number): number;
  next_used_page(from: number, end: number): number;
  next_different_page(from: number, end: number): number;
  mulhi_u: WebAssembly.ExportValue;
  mulhi_s: WebAssembly.ExportValue;
}

/** Code bound to a memory. */
interface Bound {
  readonly library: CodeLibrary;
  /** Modules made ahead of time. */
  readonly codes: FileCode[];
  readonly table: WebAssembly.Table;
  readonly lookup: LookupTable;
  readonly exports: CodeExports;
  /** For modules made ahead of time, and with what patches need besides. */
  readonly imports: WebAssembly.Imports;
  readonly traps: Map<string, TrapTable>;
  readonly patches: Set<PatchModule>;
  /** Those whose region another patch has taken the place of: they may still be running. */
  readonly replaced: Set<PatchModule>;
  /** The patch that each of their resume points is in, and the patch whose region has an entry. */
  readonly patchOfPoint: Map<number, PatchModule>;
  readonly patchOfEntry: Map<number, PatchModule>;
  /** 1 for table slots of patches that hold a region or a stub. */
  filled: Uint8Array;
}

/** Where compiled code goes on in the middle of a region. */
export interface ResumePlace {
  entry: number;
  /** For STATE_REENTER. */
  number: number;
  isReturn: boolean;
}

export class WasmBody {
  readonly memory: WebAssembly.Memory;
  readonly #recent: RecentLookups;
  owner: BodyOwner | null = null;
  #bound: Bound | null = null;
  /** The mode of what is bound, and what is bound for other modes (code_mode.ts). */
  #mode = 0;
  readonly #others = new Map<number, Bound>();
  #accessMap: AccessMap | null = null;
  /** Patches were made for memory as it was under another owner. */
  #patchesInDoubt = false;
  /** A module stands where the owner has something else. */
  #modulesUnfit = false;

  constructor(bytes: number) {
    const initial = Math.max(2, Math.ceil(bytes / WASM_PAGE));
    this.memory = new WebAssembly.Memory({ initial, maximum: MAX_PAGES });
    this.#recent = new RecentLookups(this.memory);
  }

  get bytes(): number {
    return this.memory.buffer.byteLength;
  }

  /** What pages allow, for checked code. */
  get accessMap(): AccessMap {
    return this.#accessMap ??= new AccessMap();
  }

  /** The mode of the code that exports, lookup and the rest tell of. */
  get mode(): number {
    return this.#mode;
  }

  /** Has code of another mode from now on; `codes` are the modules of mode 0. Not while compiled code is running. */
  enterMode(mode: number, codes: readonly FileCode[]): void {
    const { library } = this.#bound!;
    this.#others.set(this.#mode, this.#bound!);
    const known = this.#others.get(mode);
    this.#others.delete(mode);
    this.#mode = mode;
    if (known === undefined) return this.#bindAnew(mode === 0 ? codes : [], library);
    this.#bound = known;
    this.#recent.clear();
    if (mode === 0) { for (const code of codes) this.addCode(code); }
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

  /**
   * Has these modules, and only patches that fit what is in memory. Modules from an earlier owner stay if nothing is mapped
   * where they belong (see occupied): nothing can be from now on without a call of codeChanged.
   */
  bind(codes: readonly FileCode[], library: CodeLibrary): void {
    const bound = this.#bound;
    if (bound === null || bound.library !== library || !this.#fits(bound, codes)) return this.#bindAnew(codes, library);
    this.#patchesInDoubt = false;
    for (const code of codes) this.addCode(code);
  }

  /** Before bind: what is mapped at these addresses is other code than modules know there, but for `codes`. */
  occupied(ranges: readonly MappedRange[], codes: readonly FileCode[]): void {
    const present = this.#bound?.codes ?? [];
    const isOther = (p: FileCode) =>
      !codes.some((code) => areOfOneFile(code, p)) && ranges.some((r) => r.start < p.end && p.start < r.end);
    if (present.some(isOther)) this.#modulesUnfit = true;
  }

  #fits({ codes: present, patches }: Bound, codes: readonly FileCode[]): boolean {
    if (this.#modulesUnfit) return false;
    const conflict = present.some((p) => codes.some((c) => !areOfOneFile(c, p) && c.start < p.end && p.start < c.end));
    if (conflict || !this.#patchesInDoubt) return !conflict;
    const words = new Int32Array(this.memory.buffer);
    return [...patches].every((p) => p.surroundings === null && !p.ranges.some((r) => r.differs(words)));
  }

  #bindAnew(codes: readonly FileCode[], library: CodeLibrary): void {
    const table = new WebAssembly.Table({ element: "anyfunc", initial: library.slotCount + SPARE_SLOTS });
    const lookup = new LookupTable(new WebAssembly.Memory({ initial: 1 }), 0, this.#recent);
    lookup.copyFrom(library.lookupOf(codes));
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
      stub: (pc: number) => this.owner!.onStub(pc >>> 0),
      ...this.#mode & MODE_CHECKED ? { access: this.accessMap.memory } : {},
    };
    const { exports } = new WebAssembly.Instance(library.base.module, { m, h: helpers });
    this.#bound = {
      library,
      codes: [],
      table,
      lookup,
      exports: exports as unknown as CodeExports,
      imports: { m: { ...exports, ...m }, h: helpers },
      traps: new Map(),
      patches: new Set(),
      replaced: new Set(),
      patchOfPoint: new Map(),
      patchOfEntry: new Map(),
      filled: new Uint8Array(table.length),
    };
    this.#patchesInDoubt = this.#modulesUnfit = false;
    for (const code of codes) this.#instantiate(code);
  }

  /** Instantiates a module made ahead of time; its regions go into the table by themselves. */
  #instantiate(code: FileCode): void {
    const { library, codes, imports, traps } = this.#bound!;
    this.#growTable(library.slotCount);
    const { covered: memory } = code;
    new WebAssembly.Instance(code.module, memory === undefined ? imports : { ...imports, covered: { memory } });
    codes.push(code);
    traps.set(code.name, code);
  }

  /** Adds a module to those that are there. Compiled code may be running. */
  addCode(code: FileCode): void {
    const { codes, lookup, patchOfEntry } = this.#bound!;
    if (codes.includes(code)) return;
    this.#instantiate(code);
    const { entries, firstSlot } = code;
    for (let i = 0; i < entries.length; i++) {
      lookup.set(entries[i], firstSlot + i);
      patchOfEntry.delete(entries[i]);
    }
  }

  #growTable(slots: number): void {
    const bound = this.#bound!, { table } = bound;
    if (slots <= table.length) return;
    table.grow(Math.max(slots, table.length * 2) - table.length);
    const filled = new Uint8Array(table.length);
    filled.set(bound.filled);
    bound.filled = filled;
  }

  install(patch: PatchModule): void {
    const bound = this.#bound!, { library, table, lookup } = bound;
    this.#growTable(library.slotCount);
    const { exports } = new WebAssembly.Instance(patch.module, bound.imports);
    for (const pc of patch.entries) {
      const slot = library.slotOf(pc);
      lookup.set(pc, slot);
      bound.filled[slot] = 1;
      const before = bound.patchOfEntry.get(pc);
      if (before !== undefined && before !== patch) bound.replaced.add(before);
      bound.patchOfEntry.set(pc, patch);
    }
    bound.replaced.delete(patch);
    for (const pc of patch.resume.pcs) bound.patchOfPoint.set(pc, patch);
    // A stub must not replace code that another patch brought.
    for (const [pc, slot] of patch.stubs) {
      if (bound.filled[slot]) continue;
      bound.filled[slot] = 1;
      const known = lookup.get(pc);
      table.set(slot, known === 0 ? exports[slot] as (depth: number) => number : table.get(known));
    }
    bound.patches.add(patch);
    bound.traps.set(patch.name, patch);
  }

  /** How many patches have been replaced and not been forgotten. */
  get replaced(): number {
    return this.#bound!.replaced.size;
  }

  /** No compiled code is running: what was replaced will not be run again. */
  forgetReplaced(): void {
    const { replaced, patches, traps } = this.#bound!;
    if (replaced.size === 0) return;
    for (const patch of replaced) {
      patches.delete(patch);
      traps.delete(patch.name);
    }
    replaced.clear();
  }

  /** Where code that is here can go on at an address; null if it cannot. Valid until the next call. */
  resumePlace(pc: number): ResumePlace | null {
    const { codes, patchOfPoint, patchOfEntry, lookup } = this.#bound!;
    const patch = patchOfPoint.get(pc);
    if (patch !== undefined) {
      const { resume } = patch, row = resumeRow(resume, pc);
      // Another patch, or a module that came later, may have taken the place of the one with this number.
      if (row >= 0 && patchOfEntry.get(resume.entries[row]) === patch) return placeOf(resume, row);
    }
    for (const { start, end, resume } of codes) {
      const row = pc >= start && pc < end ? resumeRow(resume, pc) : -1;
      if (row < 0) continue;
      const entry = resume.entries[row];
      return lookup.get(entry) === 0 || patchOfEntry.has(entry) ? null : placeOf(resume, row);
    }
    return null;
  }

  /**
   * Code of [start, end) has changed, but for that of the file of `except`; `isFixed`: from now on there may be some that the program cannot
   * write. Patches and modules of it go, and all other patches with them: slots of dropped regions would keep their code, and
   * starting afresh is simplest and rare. True if they went: compiled code that is being run belongs to no one then.
   */
  codeChanged(start: number, end: number, isFixed: boolean, except?: FileCode): boolean {
    const bound = this.#bound;
    if (bound === null) return false;
    const isSpared = (code: FileCode) => except !== undefined && areOfOneFile(code, except);
    const isHit = (code: FileCode) => code.start < end && start < code.end && !isSpared(code);
    const overlaps = (r: { start: number; bytes: Uint8Array }) => r.start < end && start < r.start + r.bytes.length;
    const isNear = ({ surroundings: s }: PatchModule) => isFixed && s !== null && s.start < end && start < s.end;
    const isOutdated = ({ codes, patches }: Bound) =>
      codes.some(isHit) || [...patches].some((p) => isNear(p) || p.ranges.some(overlaps));
    for (const [mode, other] of this.#others) if (isOutdated(other)) this.#others.delete(mode);
    if (!isOutdated(bound)) return false;
    this.#bindAnew(bound.codes.filter((code) => !isHit(code)), bound.library);
    return true;
  }

  /**
   * Stretches of memory that are not zero, as [from, to) linear addresses on page borders. Only mapped pages can be; looking at
   * others would make the host provide them. Nobody looks at those of `except` (ascending and apart, as `mapped` is).
   */
  usedRuns(mapped: readonly MappedRange[], except: readonly MappedRange[] = []): [from: number, to: number][] {
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
    for (const { start, end } of without([...UNMAPPED, ...mapped], except)) {
      if (start < GUEST_BIAS + bytes) look(start - GUEST_BIAS, Math.min(end - GUEST_BIAS, bytes));
    }
    return runs;
  }

  /** Zeroes all of the memory, of which only mapped pages can be anything else; but for the pages of `except`. */
  zero(mapped: readonly MappedRange[], except: readonly MappedRange[] = []): void {
    const u8 = new Uint8Array(this.memory.buffer);
    for (const [from, to] of this.usedRuns(mapped, except)) u8.fill(0, from, to);
  }

  /**
   * Zeroes the part of a stack that nobody uses, from its upper end down to where nothing has been written for a long way. What
   * may be below that means nothing to a program; to look at it would cost more than all else, as most of each 8 MB has never
   * been touched.
   */
  zeroStack({ start, end }: MappedRange): void {
    const u8 = new Uint8Array(this.memory.buffer), { next_used_page: next } = this.exports;
    const least = start - GUEST_BIAS;
    for (let to = Math.min(end - GUEST_BIAS, u8.length), isUsed = true; isUsed && to > least;) {
      const from = Math.max(least, to - UNTOUCHED_STACK_BYTES);
      isUsed = false;
      for (let at = from; (at = next(at, to) >>> 0) < to; at += GUEST_PAGE) {
        u8.fill(0, at, at + GUEST_PAGE);
        isUsed = true;
      }
      to = from;
    }
  }

  /** Lets go of the owner. The memory is kept as it is. */
  release(): void {
    this.owner = null;
    if (this.#mode !== 0) {
      this.#bound = this.#others.get(0) ?? null;
      this.#recent.clear();
      this.#mode = 0;
    }
    this.#others.clear();
    this.#patchesInDoubt = this.#bound !== null && this.#bound.patches.size > 0;
  }
}

/** What resumePlace gives: it is asked at every stop. */
const place: ResumePlace = { entry: 0, number: 0, isReturn: false };

function placeOf({ entries, codes }: ResumeTable, row: number): ResumePlace {
  place.entry = entries[row];
  place.number = resumeNumber(codes[row]);
  place.isReturn = isReturnSite(codes[row]);
  return place;
}

const GUEST_PAGE = 4096;
/** A stack in which so much is zero has not been used below. */
const UNTOUCHED_STACK_BYTES = 256 * 1024;
/**
 * The state block, and what the kernel keeps unmapped behind it; but for what was looked up last, which is the body's own and
 * fits its code whoever has it.
 */
const UNMAPPED: readonly MappedRange[] = [
  { start: GUEST_BIAS, end: GUEST_BIAS + RECENT_START },
  { start: GUEST_BIAS + RECENT_START + RECENT_BYTES, end: GUEST_LOWEST },
];
