/** Just enough of the wasm binary format to take a module apart by sections and function bodies. */
import { bug } from "../errors.ts";

export interface WasmSection {
  id: number;
  /** Content: [start, end), without id and size. */
  start: number;
  end: number;
}

/** Where something lies: [start, end). */
export interface ByteSpan {
  start: number;
  end: number;
}

export const SECTION_CUSTOM = 0,
  SECTION_TYPE = 1,
  SECTION_IMPORT = 2,
  SECTION_FUNCTION = 3,
  SECTION_EXPORT = 7,
  SECTION_ELEMENT = 9,
  SECTION_CODE = 10;

export function readSections(wasm: Uint8Array): WasmSection[] {
  const sections: WasmSection[] = [];
  for (let at = 8; at < wasm.length;) {
    const id = wasm[at];
    const size = readU32(wasm, at + 1);
    const start = size.next, end = start + size.value;
    if (end > wasm.length) throw bug("wasm section beyond the module's end", { offset: at });
    sections.push({ id, start, end });
    at = end;
  }
  return sections;
}

/** The function bodies of the code section, without their sizes. */
export function readBodies(wasm: Uint8Array): ByteSpan[] {
  const code = readSections(wasm).find((s) => s.id === SECTION_CODE);
  if (code === undefined) return [];
  const count = readU32(wasm, code.start);
  const bodies: ByteSpan[] = [];
  let at = count.next;
  for (let i = 0; i < count.value; i++) {
    const size = readU32(wasm, at);
    bodies.push({ start: size.next, end: size.next + size.value });
    at = size.next + size.value;
  }
  return bodies;
}

/** What is imported, by the byte behind its names. */
const IMPORT_FUNCTION = 0, IMPORT_TABLE = 1, IMPORT_GLOBAL = 3;

/** How many functions a module imports: the indices of its own begin there. */
export function importedFunctions(wasm: Uint8Array): number {
  const section = readSections(wasm).find((s) => s.id === SECTION_IMPORT);
  if (section === undefined) return 0;
  let { value: count, next: at } = readU32(wasm, section.start), functions = 0;
  for (; count > 0; count--) {
    for (let names = 2; names > 0; names--) {
      const length = readU32(wasm, at);
      at = length.next + length.value;
    }
    const kind = wasm[at++];
    if (kind === IMPORT_FUNCTION) {
      functions++;
      at = readU32(wasm, at).next;
    } else if (kind === IMPORT_GLOBAL) at += 2;
    else {
      if (kind === IMPORT_TABLE) at++;
      const hasMost = wasm[at++] & 1;
      at = readU32(wasm, at).next;
      if (hasMost) at = readU32(wasm, at).next;
    }
  }
  return functions;
}

/** An unsigned LEB128 number, and where it ends. */
export function readU32(wasm: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  for (let shift = 0;; shift += 7) {
    const byte = wasm[at++];
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80 || shift >= 28) return { value: value >>> 0, next: at };
  }
}
