/**
 * Puts regions into wasm modules. Two kinds: a *code module* is self-contained (its own lookup, dispatcher and wide multiply,
 * direct calls among its regions; what `translate` makes, and with no regions the base for lazily compiled code), and a *patch
 * module* adds regions to a running code module through the shared table.
 */
import { bug } from "../errors.ts";
import { HELPERS } from "../ir/helpers.ts";
import type { IrFunction } from "../ir/function.ts";
import { FIRST_SLOT } from "../machine/code_cache.ts";
import type { ResumeTable } from "../machine/resume_table.ts";
import { SITE_COLUMNS, type TrapTable } from "../machine/trap_table.ts";
import { branchHintSection, NO_HINTS } from "./branch_hints.ts";
import { u32Length, WasmBytes } from "./bytes.ts";
import { CodeLayout } from "./code_layout.ts";
import { type DetachedRegion, RegionAttacher } from "./detached_region.ts";
import { FUNCTION_OPS, functionOpNumber } from "./function_ops.ts";
import {
  FUSED,
  HELPER,
  IMPORT,
  Imports,
  TYPE_FUNCTION_OP,
  TYPE_MULHI,
  TYPE_REGION,
  TYPE_RUN,
  TYPE_STOP,
  TYPE_THROUGH,
  typeSection,
} from "./module_parts.ts";
import { W_END, W_I32_CONST } from "./opcodes.ts";
import { RegionEmitter } from "./region.ts";
import { NOTE_WORDS, type RegionCode, type RegionTarget } from "./region_code.ts";
import { buildResumeTable } from "./resume_table.ts";
import { sideEntryBody, stubBody } from "./runtime_functions.ts";
import { TrapTableBuilder } from "./trap_recorder.ts";

/** A module and how its code maps back to guest addresses. Trap offsets count from the module's first byte. */
export interface RegionModule extends TrapTable {
  bytes: Uint8Array<ArrayBuffer>;
  /** Region entries in table order: entries[i] is in slot `firstSlot + i` (code modules), or as placed (patch modules). */
  entries: number[];
}

/** A module as it has been made: its regions are as they were emitted. */
export interface CodeModule extends RegionModule {
  /** Where its regions can go on after a stop. */
  resume: ResumeTable;
}

/** A self-contained module, with what it takes to add entries to it (place_module.ts). */
export interface FileModule extends CodeModule {
  /**
   * For each entry that has a region of its own: twice the region's minDepth, and 1 more if it is `fused`. For the others
   * OF_ANOTHER and the index of the entry whose region they enter.
   */
  frames: Uint32Array<ArrayBuffer>;
}

/** See FileModule.frames. */
export const OF_ANOTHER = 0x80000000;

export interface Placed {
  body: Uint8Array;
  type: number;
  region: RegionCode | null;
  /** Guest pc of a region's side entry, whose body is made at the end. */
  sideEntry?: number;
}

/** Bytes of all sections but those that have something for each function. */
const ROOM_FOR_HEADS = 1 << 12;

/** Sections from the function section on; `elements` are (slot, function index) runs. */
export function assemble(
  name: string,
  imports: Imports,
  functions: Placed[],
  exports: [name: string, index: number][],
  elements: [slot: number, indices: number[]][],
  startFunction = -1,
): CodeModule {
  const codeLength = sum(functions, ({ body: { length } }) => u32Length(length) + length) + u32Length(functions.length);
  const hints = branchHintSection(imports.functions, functions.map(({ region }) => region?.hints ?? NO_HINTS));
  const out = new WasmBytes(codeLength + (hints?.length ?? 0) + 8 * functions.length + ROOM_FOR_HEADS);
  out.raw(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
  out.section(1, typeSection());
  out.section(2, imports.section());
  const funcs = new WasmBytes();
  funcs.u32(functions.length);
  for (const f of functions) funcs.u32(f.type);
  out.section(3, funcs);
  const hasGlobal = startFunction >= 0;
  if (hasGlobal) {
    const globals = new WasmBytes();
    for (const b of [1, 0x7f, 0x01, W_I32_CONST, 0, W_END]) globals.byte(b);
    out.section(6, globals);
  }
  const exported = new WasmBytes();
  exported.u32(exports.length + (hasGlobal ? 1 : 0));
  if (hasGlobal) {
    exported.name(FUSED);
    exported.byte(3);
    exported.u32(0);
  }
  for (const [field, index] of exports) {
    exported.name(field);
    exported.byte(0);
    exported.u32(index);
  }
  out.section(7, exported);
  if (hasGlobal) {
    const start = new WasmBytes();
    start.u32(startFunction);
    out.section(8, start);
  }
  out.section(9, elementSection(elements));

  const maps = functions.flatMap(({ region }) => region?.traps ?? []);
  const traps = new TrapTableBuilder(
    sum(maps, (m) => m.notes.length / NOTE_WORDS),
    sum(maps, (m) => m.sites.length / SITE_COLUMNS.length),
  );
  if (hints !== null) out.section(0, hints);
  out.byte(10);
  out.u32(codeLength);
  out.u32(functions.length);
  for (const { body, region } of functions) {
    out.u32(body.length);
    if (region !== null) traps.add(region.traps, out.length);
    out.raw(body);
  }
  out.section(0, nameSection(name));
  return {
    bytes: out.take(),
    entries: functions.flatMap((f) => f.sideEntry ?? f.region?.entryPc ?? []),
    resume: buildResumeTable(functions.flatMap((f) => f.region ?? [])),
    ...traps.table(),
  };
}

function sum<T>(list: readonly T[], count: (item: T) => number): number {
  return list.reduce((n, item) => n + count(item), 0);
}

/** Segments of functions for the table, each from a slot on. */
export function elementSection(segments: readonly [slot: number, indices: readonly number[]][]): WasmBytes {
  const s = new WasmBytes();
  s.u32(segments.length);
  for (const [slot, indices] of segments) {
    s.u32(0);
    s.byte(W_I32_CONST);
    s.s32(slot);
    s.byte(W_END);
    s.u32(indices.length);
    for (const i of indices) s.u32(i);
  }
  return s;
}

/** A module name shows in stack traces ("wasm://wasm/NAME-hash:..."): faults are told apart by it. */
export function nameSection(name: string): WasmBytes {
  const inner = new WasmBytes();
  inner.name(name);
  const s = new WasmBytes();
  s.name("name");
  s.byte(0);
  s.u32(inner.length);
  s.raw(inner.view());
  return s;
}

/**
 * Compiles regions into one self-contained module. Their IR comes one at a time, so that not all is in memory at once.
 */
export class CodeModuleBuilder {
  readonly #layout: CodeLayout;
  readonly #functions: Placed[];
  readonly #emitter: RegionEmitter;
  readonly #attacher = new RegionAttacher();
  readonly #index = new Map<number, number>();
  readonly #sideEntries = new Map<number, { region: RegionCode; number: number }>();
  readonly #entries: number[] = [];

  /**
   * `entries` are the guest pcs of the first regions that will be added. Where regions call or jump to a pc that `accepts`
   * says yes to, it becomes an entry too, so that all such transfers are direct: reserve and fill places until `entries` has no more.
   */
  constructor(readonly name: string, entries: readonly number[], accepts: (pc: number) => boolean = () => false) {
    const none: RegionTarget = { kind: "none" };
    this.#layout = new CodeLayout((pc) => {
      let index = this.#index.get(pc);
      if (index === undefined) {
        if (!accepts(pc)) return none;
        index = this.want(pc);
      }
      return { kind: "function", index };
    });
    this.#functions = this.#layout.functions.map((f) => ({ ...f, region: null }));
    for (const pc of entries) this.want(pc);
    this.#emitter = new RegionEmitter(this.#layout.plan);
  }

  /** Guest pcs of all regions, in the order in which their places have to be reserved. Grows. */
  get entries(): readonly number[] {
    return this.#entries;
  }

  /** Makes a pc an entry; gives its function index. */
  want(pc: number): number {
    let index = this.#index.get(pc);
    if (index === undefined) this.#index.set(pc, index = this.#layout.firstRegion + this.#entries.push(pc) - 1);
    return index;
  }

  /** Keeps the place of the next entry, for fill() or makeSideEntry(). */
  reserve(): void {
    this.#functions.push({ body: new Uint8Array(0), type: TYPE_REGION, region: null });
  }

  /** Emits a region whose place was reserved, or emits it anew. */
  fill(fn: IrFunction): void {
    this.#put(this.#emitter.emit(fn));
  }

  /** Takes a region that was emitted elsewhere; what it calls becomes an entry. */
  attach(detached: DetachedRegion): void {
    this.#put(this.#attacher.attach(detached, (pc) => this.want(pc)));
  }

  #put(region: RegionCode): void {
    this.#functions[this.#placeOf(region.entryPc)] = { body: region.body, type: TYPE_REGION, region };
    for (const { pc, number } of region.sideEntries) this.#sideEntries.set(pc, { region, number });
  }

  /** An entry whose place was reserved is a side entry of a region that has been, or will be, emitted. */
  makeSideEntry(pc: number): void {
    this.#functions[this.#placeOf(pc)].sideEntry = pc;
  }

  #placeOf(pc: number): number {
    return this.want(pc) - this.#layout.imports.functions;
  }

  #sideEntryBody(pc: number): Uint8Array {
    const side = this.#sideEntries.get(pc);
    if (side === undefined) throw bug(`no region has the side entry 0x${pc.toString(16)}`);
    const { region: { entryPc, minDepth, fused }, number } = side;
    return sideEntryBody(pc, number, minDepth, this.want(entryPc), fused);
  }

  #frameOf({ region, sideEntry }: Placed): number {
    if (region !== null) return 2 * region.minDepth + +region.fused;
    return (OF_ANOTHER | (this.want(this.#sideEntries.get(sideEntry!)!.region.entryPc) - this.#layout.firstRegion)) >>>
      0;
  }

  /** The module; its regions go into the table from `firstSlot` on. */
  finish(firstSlot: number = FIRST_SLOT): FileModule {
    for (const f of this.#functions) if (f.sideEntry !== undefined) f.body = this.#sideEntryBody(f.sideEntry);
    const { imports, exports, start, firstRegion } = this.#layout;
    const regions = this.#functions.slice(firstRegion - imports.functions);
    const indices = regions.map((_, i) => firstRegion + i);
    const module = assemble(
      this.name,
      imports,
      this.#functions,
      exports,
      indices.length ? [[firstSlot, indices]] : [],
      start,
    );
    return { ...module, frames: Uint32Array.from(regions, (placed) => this.#frameOf(placed)) };
  }
}

/** A patch module: its regions go into the table by themselves, stubs are exported under their slot number. */
export interface PatchCode extends CodeModule {
  /** Targets of the regions outside the patch: a stub has the region compiled when it is first called. */
  stubs: [pc: number, slot: number][];
}

/** Regions for a running machine. `slotOf` gives (allocating it) the table slot of a pc. */
export function buildPatchModule(
  name: string,
  regions: IrFunction[],
  slotOf: (pc: number) => number,
  resumable = true,
): PatchCode {
  const targets = new Map<number, number>();
  const noteSlot = (pc: number): number => {
    const slot = slotOf(pc);
    targets.set(pc, slot);
    return slot;
  };
  const im = new Imports();
  const { syscall, fuel, miss } = im.machine("stub");
  const mulhiU = im.func(IMPORT, "mulhi_u", TYPE_MULHI);
  const mulhiS = im.func(IMPORT, "mulhi_s", TYPE_MULHI);
  // Only the helpers that are used, in order of first use: most regions use none, and each import costs at instantiation.
  const helperIndex = new Map<number, number>(), functionOpIndex = new Map<number, number>();
  let fusedImported = false, accessImported = false, reenter = -1, callThrough = -1, jumpThrough = -1;
  const emitter = new RegionEmitter({
    syscall,
    fuel,
    mulhiU,
    mulhiS,
    regionType: TYPE_REGION,
    resumable,
    callThrough: () => callThrough < 0 ? callThrough = im.func(IMPORT, "call_through", TYPE_THROUGH) : callThrough,
    jumpThrough: () => jumpThrough < 0 ? jumpThrough = im.func(IMPORT, "jump_through", TYPE_THROUGH) : jumpThrough,
    reenter: () => reenter < 0 ? reenter = im.func(IMPORT, "reenter", TYPE_STOP) : reenter,
    fused: () => {
      if (!fusedImported) im.fused();
      fusedImported = true;
      return 0;
    },
    access: () => {
      if (!accessImported) im.memory("access");
      accessImported = true;
      return 2;
    },
    functionOp: (op) => {
      let i = functionOpIndex.get(op);
      const n = functionOpNumber(op);
      if (i === undefined) functionOpIndex.set(op, i = im.func(IMPORT, FUNCTION_OPS[n].name, TYPE_FUNCTION_OP + n));
      return i;
    },
    helper: (n) => {
      let i = helperIndex.get(n);
      if (i === undefined) helperIndex.set(n, i = im.func(HELPER, HELPERS[n].name, TYPE_RUN));
      return i;
    },
    target: (pc) => ({ kind: "slot", slot: noteSlot(pc) }),
  });
  const functions = regions.map((fn): Placed => {
    const region = emitter.emit(fn);
    return { body: region.body, type: TYPE_REGION, region };
  });
  const elements = regions.map((fn, i): [number, number[]] => [slotOf(fn.entryPc), [im.functions + i]]);
  for (const fn of regions) targets.delete(fn.entryPc);
  const exports: [string, number][] = [];
  for (const [pc, slot] of targets) {
    exports.push([
      `${slot}`,
      im.functions + functions.push({ body: stubBody(pc, miss, TYPE_REGION), type: TYPE_REGION, region: null }) - 1,
    ]);
  }
  return { ...assemble(name, im, functions, exports, elements), stubs: [...targets] };
}
