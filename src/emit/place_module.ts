/**
 * A code module is made without knowing which app it will be a part of, so that it can be kept and used again. Here it gets what
 * depends on the others: its name, its place in the table, and entries where tasks were seen to go on in the middle of its
 * regions. Those are stubs behind everything else (side entries, see reentry.ts): no region is made again for them.
 */
import { bug } from "../errors.ts";
import { resumeNumber, resumeRow, type ResumeTable } from "../machine/resume_table.ts";
import { u32Length, WasmBytes } from "./bytes.ts";
import { elementSection, nameSection } from "./module.ts";
import { TYPE_REGION } from "./module_parts.ts";
import { W_END, W_I32_CONST } from "./opcodes.ts";
import { sideEntryBody } from "./runtime_functions.ts";
import {
  readBodies,
  readSections,
  readU32,
  SECTION_CODE,
  SECTION_CUSTOM,
  SECTION_ELEMENT,
  SECTION_FUNCTION,
} from "./wasm_sections.ts";

/** A module as `CodeModuleBuilder.finish` gives it. */
export interface UnplacedModule {
  wasm: Uint8Array<ArrayBuffer>;
  entries: readonly number[];
  resume: ResumeTable;
  frames: ArrayLike<number>;
}

export interface ModulePlace {
  name: string;
  firstSlot: number;
  /** Addresses of the resume table that get entries of their own. */
  sideEntries?: readonly number[];
}

/** `movedBy`: how many bytes further back the code is. */
export interface PlacedModule {
  wasm: Uint8Array<ArrayBuffer>;
  entries: number[];
  movedBy: number;
}

/** Sections between the element section and its neighbours keep their bytes. Throws a bug if `sideEntries` has another address. */
export function placeModule(module: UnplacedModule, { name, firstSlot, sideEntries = [] }: ModulePlace): PlacedModule {
  const { wasm, entries } = module;
  const sections = readSections(wasm), find = (id: number) => sections.find((s) => s.id === id);
  const element = find(SECTION_ELEMENT), code = find(SECTION_CODE);
  if (element === undefined || code === undefined) throw bug("code module without elements or code");
  const firstRegion = entries.length === 0 ? 0 : firstElement(wasm, element.start);
  const stubs = stubsOf(module, firstRegion, sideEntries);
  const out = new WasmBytes(wasm.length + 64 * stubs.length + 1024);
  out.raw(wasm.subarray(0, 8));
  let codeStart = 0;
  for (const { id, start, end } of sections) {
    // Branch hints are before the code, the name is behind it.
    if (id === SECTION_CUSTOM && codeStart > 0) continue;
    if (id === SECTION_CODE) {
      codeStart = addBodies(out, wasm.subarray(start, end), stubs);
    } else if (id === SECTION_FUNCTION) {
      out.section(id, longer(wasm.subarray(start, end), stubs.map(() => TYPE_REGION)));
    } else if (id === SECTION_ELEMENT) {
      const indices = Array.from({ length: entries.length + stubs.length }, (_, i) => firstRegion + i);
      out.section(id, elementSection(indices.length === 0 ? [] : [[firstSlot, indices]]));
    } else {
      const content = new WasmBytes(end - start);
      content.raw(wasm.subarray(start, end));
      out.section(id, content);
    }
  }
  out.section(SECTION_CUSTOM, nameSection(name));
  const placed = out.take(), bodies = readBodies(wasm);
  return {
    wasm: placed,
    entries: [...entries, ...sideEntries],
    movedBy: bodies.length === 0 ? 0 : codeStart - (bodies[0].start - u32Length(bodies[0].end - bodies[0].start)),
  };
}

function stubsOf(
  { entries, resume, frames }: UnplacedModule,
  firstRegion: number,
  pcs: readonly number[],
): Uint8Array[] {
  if (pcs.length === 0) return [];
  const indexOf = new Map(entries.map((pc, i) => [pc, i]));
  return pcs.map((pc) => {
    const row = resumeRow(resume, pc), i = row < 0 ? undefined : indexOf.get(resume.entries[row]);
    if (i === undefined) throw bug("no region can go on there", { pc });
    const isFused = (frames[i] & 1) !== 0;
    return sideEntryBody(pc, resumeNumber(resume.codes[row]), frames[i] >>> 1, firstRegion + i, isFused);
  });
}

/** The index of the first function of the one element segment. */
function firstElement(wasm: Uint8Array, at: number): number {
  // One segment: flags, then i32.const SLOT, end, count, indices.
  const count = readU32(wasm, at);
  if (count.value !== 1 || wasm[count.next] !== 0 || wasm[count.next + 1] !== W_I32_CONST) throw bug("other elements");
  at = count.next + 2;
  while (wasm[at++] & 0x80);
  if (wasm[at++] !== W_END) throw bug("other elements");
  return readU32(wasm, readU32(wasm, at).next).value;
}

/** A vector of single bytes with some more. */
function longer(vector: Uint8Array, more: readonly number[]): WasmBytes {
  const count = readU32(vector, 0), s = new WasmBytes();
  s.u32(count.value + more.length);
  s.raw(vector.subarray(count.next));
  for (const byte of more) s.byte(byte);
  return s;
}

/** The code section with some more functions; gives the offset of the first one's size. */
function addBodies(out: WasmBytes, section: Uint8Array, bodies: readonly Uint8Array[]): number {
  const count = readU32(section, 0), head = new WasmBytes(), tail = new WasmBytes();
  head.u32(count.value + bodies.length);
  for (const body of bodies) {
    tail.u32(body.length);
    tail.raw(body);
  }
  out.byte(SECTION_CODE);
  out.u32(head.length + section.length - count.next + tail.length);
  out.raw(head.view());
  const start = out.length;
  out.raw(section.subarray(count.next));
  out.raw(tail.view());
  return start;
}
