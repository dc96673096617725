/** What an ELF file says about where its code is, for the search of region entries. */
import { parseDynamic } from "../elf/dynamic.ts";
import { parseHeader } from "../elf/header.ts";
import { parseSections, type Section, SHT_DYNSYM, stringAt } from "../elf/sections.ts";
import { parseSegments, PT_GNU_EH_FRAME, PT_LOAD } from "../elf/segments.ts";
import { type ElfSymbol, parseSymbols } from "../elf/symbols.ts";

/** Guest addresses [start, end). */
export interface AddressRange {
  start: number;
  end: number;
}

/** Facts of one loaded ELF file, as guest addresses. */
export interface ElfFacts {
  entry: number;
  /** What the dynamic linker calls before and after all else (DT_INIT, DT_FINI). */
  endFunctions: number[];
  /** Where its segments are. */
  loaded: AddressRange[];
  /** Function symbols; size 0 when unknown. Empty if stripped. */
  functions: { name: string; start: number; size: number }[];
  /** Names that the dynamic linker looks up in other files for this one: at the first call, unless told to bind all at once. */
  imports: string[];
  /** .eh_frame by section header; null without section headers. */
  ehFrame: AddressRange | null;
  /** .eh_frame_hdr by program header; 0 if there is none (statically linked programs). */
  ehFrameHeader: number;
}

/** Reads a whole file that is loaded at `base` (0 unless position independent). */
export function elfFacts(file: Uint8Array, base: number): ElfFacts {
  const header = parseHeader(file);
  const sections = parseSections(file, header);
  const section = sections.find((s) => s.name === ".eh_frame" && s.size > 0);
  const table = file.subarray(header.phoff, header.phoff + header.phnum * header.phentsize);
  const segments = parseSegments(table, header, file.length);
  const segment = segments.find((s) => s.type === PT_GNU_EH_FRAME);
  const isFunction = (s: ElfSymbol) => s.isFunction && s.address > 0;
  return {
    entry: base + header.entry,
    endFunctions: (parseDynamic(file, header)?.endFunctions ?? []).map((address) => base + address),
    loaded: segments.filter((s) => s.type === PT_LOAD)
      .map((s) => ({ start: base + s.vaddr, end: base + s.vaddr + s.memsz })),
    functions: parseSymbols(file, header).filter(isFunction)
      .map(({ name, address, size }) => ({ name, start: base + address, size })),
    imports: namesIn(file, sections),
    ehFrame: section === undefined ? null : { start: base + section.addr, end: base + section.addr + section.size },
    ehFrameHeader: segment === undefined ? 0 : base + segment.vaddr,
  };
}

const SYMBOL_BYTES = 24;

/** Names that the dynamic linker looks up in other files for this one. */
export function importedNames(file: Uint8Array): string[] {
  return namesIn(file, parseSections(file, parseHeader(file)));
}

/** Names that other files can look up in this one. */
export function exportedNames(file: Uint8Array): string[] {
  return namesIn(file, parseSections(file, parseHeader(file)), true);
}

/** Names of undefined, or of defined, symbols in .dynsym. */
function namesIn(file: Uint8Array, sections: readonly Section[], defined = false): string[] {
  const table = sections.find((s) => s.type === SHT_DYNSYM);
  const strings = table === undefined ? undefined : sections[table.link];
  if (table === undefined || strings === undefined) return [];
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const names: string[] = [];
  for (let at = table.offset; at + SYMBOL_BYTES <= table.offset + table.size; at += SYMBOL_BYTES) {
    if ((view.getUint16(at + 6, true) !== 0) !== defined) continue;
    const name = stringAt(file, strings.offset, strings.size, view.getUint32(at, true));
    if (name !== "") names.push(name);
  }
  return names;
}
