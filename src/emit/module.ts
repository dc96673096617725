/**
 * Puts regions into wasm modules. Two kinds: a *code module* is self-contained (its own lookup, dispatcher and wide multiply,
 * direct calls among its regions; what `translate` makes, and with no regions the base for lazily compiled code), and a *patch
 * module* adds regions to a running code module through the shared table.
 */
import { bug } from "../errors.ts";
import { helperNumber, HELPERS } from "../ir/helpers.ts";
import type { IrFunction } from "../ir/function.ts";
import { FIRST_SLOT } from "../machine/code_cache.ts";
import { branchHintSection, NO_HINTS } from "./branch_hints.ts";
import { u32Length, WasmBytes } from "./bytes.ts";
import { FUNCTION_OPS, functionOpNumber, probeFusedBody } from "./function_ops.ts";
import { W_END, W_I32_CONST } from "./opcodes.ts";
import { nextDifferentPageBody, nextUsedPageBody } from "./page_scan.ts";
import { SITE_COLUMNS, type TrapTable } from "../machine/trap_table.ts";
import { RegionEmitter } from "./region.ts";
import { type ModulePlan, NOTE_WORDS, type RegionCode, type RegionTarget } from "./region_code.ts";
import { TrapTableBuilder } from "./trap_recorder.ts";
import {
  callThroughBody,
  findBody,
  jumpThroughBody,
  lookupBody,
  mulhiSBody,
  mulhiUBody,
  reenterBody,
  runBody,
  sideEntryBody,
  stubBody,
} from "./runtime_functions.ts";
import type { ResumeTable } from "../machine/resume_table.ts";
import { buildResumeTable } from "./resume_table.ts";

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
  /** For each of the entries that has a region of its own: twice the region's minDepth, and 1 more if it is `fused`. */
  frames: Uint32Array<ArrayBuffer>;
}

/** Module and field names of imports; machine/wasm_machine.ts provides them. */
const IMPORT = "m", HELPER = "h", FUSED = "fused";

// Type indices.
export const TYPE_REGION = 0; // (i32) -> i32
const TYPE_STOP = 1; // () -> i32
const TYPE_MULHI = 2; // (i64, i64) -> i64
const TYPE_RUN = 3; // (i32, i32) -> i32; also helpers

const TYPE_START = 4; // () -> nothing
const TYPE_FUNCTION_OP = 5; // that of FUNCTION_OPS[0], and so on

const TYPES: readonly (readonly [params: readonly number[], results: readonly number[]])[] = [
  [[0x7f], [0x7f]],
  [[], [0x7f]],
  [[0x7e, 0x7e], [0x7e]],
  [[0x7f, 0x7f], [0x7f]],
  [[], []],
  ...FUNCTION_OPS.map(({ params, result }) => [params, [result]] as const),
];

function typeSection(): WasmBytes {
  const s = new WasmBytes();
  s.u32(TYPES.length);
  for (const [params, results] of TYPES) {
    s.byte(0x60);
    s.u32(params.length);
    for (const p of params) s.byte(p);
    s.u32(results.length);
    for (const r of results) s.byte(r);
  }
  return s;
}

class Imports {
  readonly #out = new WasmBytes();
  #count = 0;
  functions = 0;

  #head(module: string, name: string): void {
    this.#out.name(module);
    this.#out.name(name);
    this.#count++;
  }

  memory(name: string): void {
    this.#head(IMPORT, name);
    for (const b of [0x02, 0x00, 0x01]) this.#out.byte(b);
  }

  table(name: string): void {
    this.#head(IMPORT, name);
    for (const b of [0x01, 0x70, 0x00, 0x01]) this.#out.byte(b);
  }

  func(module: string, name: string, type: number): number {
    this.#head(module, name);
    this.#out.byte(0x00);
    this.#out.u32(type);
    return this.functions++;
  }

  /** The one global, which a code module exports. */
  fused(): void {
    this.#head(IMPORT, FUSED);
    for (const b of [0x03, 0x7f, 0x01]) this.#out.byte(b);
  }

  section(): WasmBytes {
    const s = new WasmBytes();
    s.u32(this.#count);
    s.raw(this.#out.view());
    return s;
  }
}

interface Placed {
  body: Uint8Array;
  type: number;
  region: RegionCode | null;
  /** Guest pc of a region's side entry, whose body is made at the end. */
  sideEntry?: number;
}

/** Bytes of all sections but those that have something for each function. */
const ROOM_FOR_HEADS = 1 << 12;

/** Sections from the function section on; `elements` are (slot, function index) runs. */
function assemble(
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

/** All helpers are imported, in the order of their numbers. */
function importHelpers(imports: Imports): number {
  const first = imports.functions;
  for (const h of HELPERS) imports.func(HELPER, h.name, TYPE_RUN);
  return first;
}

/**
 * Compiles regions into one self-contained module. Their IR comes one at a time, so that not all is in memory at once.
 */
export class CodeModuleBuilder {
  readonly #imports = new Imports();
  readonly #functions: Placed[] = [];
  readonly #emitter: RegionEmitter;
  readonly #index = new Map<number, number>();
  readonly #sideEntries = new Map<number, { region: RegionCode; number: number }>();
  readonly #entries: number[] = [];
  readonly #firstRegion: number;
  readonly #start: number;
  readonly #plan: ModulePlan;
  readonly #exports: [string, number][];

  /**
   * `entries` are the guest pcs of the first regions that will be added. Where regions call or jump to a pc that `accepts`
   * says yes to, it becomes an entry too, so that all such transfers are direct: reserve and fill places until `entries` has no more.
   */
  constructor(readonly name: string, entries: readonly number[], accepts: (pc: number) => boolean = () => false) {
    const im = this.#imports;
    im.memory("memory");
    im.memory("lookup");
    im.table("table");
    const syscall = im.func(IMPORT, "syscall", TYPE_STOP);
    const fuel = im.func(IMPORT, "fuel", TYPE_STOP);
    const miss = im.func(IMPORT, "miss", TYPE_REGION);
    const firstHelper = importHelpers(im);
    const lookup = im.functions, mulhiU = lookup + 1, mulhiS = lookup + 2, run = lookup + 3, nextUsedPage = lookup + 4;
    const nextDifferentPage = lookup + 5, reenter = lookup + 6, callThrough = lookup + 7, jumpThrough = lookup + 8;
    const find = lookup + 9;
    const own = (body: Uint8Array, type: number) => this.#functions.push({ body, type, region: null });
    own(lookupBody(find), TYPE_REGION);
    own(mulhiUBody(), TYPE_MULHI);
    own(mulhiSBody(mulhiU), TYPE_MULHI);
    own(runBody(lookup, fuel, firstHelper + helperNumber("stack_end"), TYPE_REGION), TYPE_RUN);
    own(nextUsedPageBody(), TYPE_RUN);
    own(nextDifferentPageBody(), TYPE_RUN);
    own(reenterBody(), TYPE_STOP);
    own(callThroughBody(lookup, TYPE_REGION), TYPE_RUN);
    own(jumpThroughBody(lookup, fuel, TYPE_REGION), TYPE_RUN);
    own(findBody(miss), TYPE_REGION);
    const functionOp = (op: number) => find + 1 + functionOpNumber(op);
    FUNCTION_OPS.forEach((f, i) => own(f.body(), TYPE_FUNCTION_OP + i));
    this.#start = im.functions + own(probeFusedBody(), TYPE_START) - 1;
    this.#exports = [
      ["lookup", lookup],
      ["mulhi_u", mulhiU],
      ["mulhi_s", mulhiS],
      ["run", run],
      ["next_used_page", nextUsedPage],
      ["next_different_page", nextDifferentPage],
      ["reenter", reenter],
      ["call_through", callThrough],
      ["jump_through", jumpThrough],
      ...FUNCTION_OPS.map((f): [string, number] => [f.name, functionOp(f.op)]),
    ];
    this.#firstRegion = this.#start + 1;
    for (const pc of entries) this.want(pc);
    const none: RegionTarget = { kind: "none" };
    this.#plan = {
      syscall,
      fuel,
      lookup,
      mulhiU,
      mulhiS,
      regionType: TYPE_REGION,
      resumable: true,
      callThrough: () => callThrough,
      jumpThrough: () => jumpThrough,
      reenter: () => reenter,
      fused: () => 0,
      access: () => {
        throw bug("checked code is made as it is reached");
      },
      functionOp,
      helper: (n) => firstHelper + n,
      target: (pc) => {
        let index = this.#index.get(pc);
        if (index === undefined) {
          if (!accepts(pc)) return none;
          index = this.want(pc);
        }
        return { kind: "function", index };
      },
    };
    this.#emitter = new RegionEmitter(this.#plan);
  }

  /** Guest pcs of all regions, in the order in which their places have to be reserved. Grows. */
  get entries(): readonly number[] {
    return this.#entries;
  }

  /** Makes a pc an entry; gives its function index. */
  want(pc: number): number {
    let index = this.#index.get(pc);
    if (index === undefined) this.#index.set(pc, index = this.#firstRegion + this.#entries.push(pc) - 1);
    return index;
  }

  /** Keeps the place of the next entry, for fill() or makeSideEntry(). */
  reserve(): void {
    this.#functions.push({ body: new Uint8Array(0), type: TYPE_REGION, region: null });
  }

  /** Emits a region whose place was reserved, or emits it anew. */
  fill(fn: IrFunction): void {
    const region = this.#emitter.emit(fn);
    this.#functions[this.#placeOf(fn.entryPc)] = { body: region.body, type: TYPE_REGION, region };
    for (const { pc, number } of region.sideEntries) this.#sideEntries.set(pc, { region, number });
  }

  /** An entry whose place was reserved is a side entry of a region that has been, or will be, emitted. */
  makeSideEntry(pc: number): void {
    this.#functions[this.#placeOf(pc)].sideEntry = pc;
  }

  #placeOf(pc: number): number {
    return this.want(pc) - this.#imports.functions;
  }

  #sideEntryBody(pc: number): Uint8Array {
    const side = this.#sideEntries.get(pc);
    if (side === undefined) throw bug(`no region has the side entry 0x${pc.toString(16)}`);
    const { region: { entryPc, minDepth, fused }, number } = side;
    return sideEntryBody(pc, number, minDepth, this.want(entryPc), fused);
  }

  /** The module; its regions go into the table from `firstSlot` on. */
  finish(firstSlot: number = FIRST_SLOT): FileModule {
    for (const f of this.#functions) if (f.sideEntry !== undefined) f.body = this.#sideEntryBody(f.sideEntry);
    const regions = this.#functions.slice(this.#firstRegion - this.#imports.functions);
    const indices = regions.map((_, i) => this.#firstRegion + i);
    const module = assemble(
      this.name,
      this.#imports,
      this.#functions,
      this.#exports,
      indices.length ? [[firstSlot, indices]] : [],
      this.#start,
    );
    const frames = Uint32Array.from(regions, ({ region }) => region === null ? 0 : 2 * region.minDepth + +region.fused);
    return { ...module, frames };
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
  im.memory("memory");
  im.memory("lookup");
  im.table("table");
  const syscall = im.func(IMPORT, "syscall", TYPE_STOP);
  const fuel = im.func(IMPORT, "fuel", TYPE_STOP);
  const miss = im.func(IMPORT, "stub", TYPE_REGION);
  const lookup = im.func(IMPORT, "find", TYPE_REGION);
  const mulhiU = im.func(IMPORT, "mulhi_u", TYPE_MULHI);
  const mulhiS = im.func(IMPORT, "mulhi_s", TYPE_MULHI);
  // Only the helpers that are used, in order of first use: most regions use none, and each import costs at instantiation.
  const helperIndex = new Map<number, number>(), functionOpIndex = new Map<number, number>();
  let fusedImported = false, accessImported = false, reenter = -1, callThrough = -1, jumpThrough = -1;
  const emitter = new RegionEmitter({
    syscall,
    fuel,
    lookup,
    mulhiU,
    mulhiS,
    regionType: TYPE_REGION,
    resumable,
    callThrough: () => callThrough < 0 ? callThrough = im.func(IMPORT, "call_through", TYPE_RUN) : callThrough,
    jumpThrough: () => jumpThrough < 0 ? jumpThrough = im.func(IMPORT, "jump_through", TYPE_RUN) : jumpThrough,
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
