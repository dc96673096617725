/** Names for the functions of translated modules, so that profilers can tell them: "libc.so.6:0x9a120", the address in the file. */
import { basename } from "node:path";
import { parseHeader } from "../src/elf/header.ts";
import { parseSegments, PF_X, PT_LOAD } from "../src/elf/segments.ts";
import { parseSymbols, SymbolIndex } from "../src/elf/symbols.ts";
import { WasmBytes } from "../src/emit/bytes.ts";
import { readSections, readU32, SECTION_CUSTOM, SECTION_EXPORT } from "../src/emit/wasm_sections.ts";
import { pageDown } from "../src/kernel/abi/mman.ts";

/** Subsections of a name section (core specification, appendix). */
const MODULE = 0, FUNCTIONS = 1;
const SECTION_START = 8, EXPORT_FUNCTION = 0;

/** A module with names for its regions; its code stays where it is. `module` is its own name. */
export function withNames(
  wasm: Uint8Array,
  module: string,
  entries: ArrayLike<number>,
  nameOf: (pc: number) => string,
): Uint8Array<ArrayBuffer> {
  const sections = readSections(wasm), last = sections.at(-1)!;
  if (last.id !== SECTION_CUSTOM) throw new Error(`the module ${module} does not end with its names`);
  const names = new Map<number, string>();
  for (const [index, name] of exportedFunctions(wasm)) names.set(index, name);
  // Regions come behind the start function (CodeModuleBuilder).
  const first = readU32(wasm, sections.find((s) => s.id === SECTION_START)!.start).value + 1;
  for (let i = 0; i < entries.length; i++) names.set(first + i, nameOf(entries[i]));
  const out = new WasmBytes();
  out.raw(wasm.subarray(0, headStart(wasm, last.start)));
  const section = new WasmBytes();
  section.name("name");
  subsection(section, MODULE, (s) => s.name(module));
  subsection(section, FUNCTIONS, (s) => {
    s.u32(names.size);
    for (const [index, name] of [...names].sort(([a], [b]) => a - b)) {
      s.u32(index);
      s.name(name);
    }
  });
  out.section(SECTION_CUSTOM, section);
  return out.take();
}

function subsection(out: WasmBytes, id: number, fill: (s: WasmBytes) => void): void {
  const content = new WasmBytes();
  fill(content);
  out.byte(id);
  out.u32(content.length);
  out.raw(content.view());
}

/** Where the section begins whose content starts there: its id, and its size, of one to five bytes. */
function headStart(wasm: Uint8Array, content: number): number {
  for (let n = 1; n <= 5; n++) {
    if (wasm[content - n - 1] === SECTION_CUSTOM && readU32(wasm, content - n).next === content) return content - n - 1;
  }
  throw new Error("no section begins there");
}

function exportedFunctions(wasm: Uint8Array): Map<number, string> {
  const found = new Map<number, string>();
  const section = readSections(wasm).find((s) => s.id === SECTION_EXPORT)!;
  let { value: count, next: at } = readU32(wasm, section.start);
  for (; count > 0; count--) {
    const length = readU32(wasm, at), end = length.next + length.value;
    const name = new TextDecoder().decode(wasm.subarray(length.next, end));
    const index = readU32(wasm, end + 1);
    if (wasm[end] === EXPORT_FUNCTION) found.set(index.value, name);
    at = index.next;
  }
  return found;
}

/** Names of addresses in a file whose executable segment is at `start`: file, symbol where there is one, address in the file. */
export function symbolNames(bytes: Uint8Array, path: string, start: number): (pc: number) => string {
  const header = parseHeader(bytes);
  const table = bytes.subarray(header.phoff, header.phoff + header.phnum * header.phentsize);
  const code = parseSegments(table, header, bytes.length).find((s) => s.type === PT_LOAD && s.flags & PF_X)!;
  const base = start - pageDown(code.vaddr), symbols = new SymbolIndex(parseSymbols(bytes, header));
  return (pc) => `${basename(path)}:${symbols.find(pc - base)?.name ?? ""}@${(pc - base).toString(16)}`;
}
