import { type ElfHeader, SECTION_HEADER_BYTES } from "./header.ts";

export const SHT_SYMTAB = 2, SHT_STRTAB = 3, SHT_NOTE = 7, SHT_NOBITS = 8, SHT_DYNSYM = 11;

/** One section header, with its name. */
export interface Section {
  name: string;
  type: number;
  addr: number;
  offset: number;
  size: number;
  link: number;
  entsize: number;
}

/**
 * Section headers of a whole file, for reports and code discovery. Sections are hints that strip(1) may have damaged: what
 * does not fit the file is left out, nothing throws.
 */
export function parseSections(file: Uint8Array, header: ElfHeader): Section[] {
  const { shoff, shnum, shentsize } = header;
  if (shnum === 0 || shentsize !== SECTION_HEADER_BYTES || shoff + shnum * SECTION_HEADER_BYTES > file.length) {
    return [];
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const u64 = (at: number) => view.getUint32(at, true) + view.getUint32(at + 4, true) * 4294967296;
  const sections: Section[] = [], nameAt: number[] = [];
  for (let i = 0; i < shnum; i++) {
    const at = shoff + i * SECTION_HEADER_BYTES;
    const s: Section = {
      name: "",
      type: view.getUint32(at + 4, true),
      addr: u64(at + 16),
      offset: u64(at + 24),
      size: u64(at + 32),
      link: view.getUint32(at + 40, true),
      entsize: u64(at + 56),
    };
    if (s.type !== SHT_NOBITS && s.offset + s.size > file.length) s.size = 0;
    nameAt.push(view.getUint32(at, true));
    sections.push(s);
  }
  const names = sections[header.shstrndx];
  if (names !== undefined) sections.forEach((s, i) => s.name = stringAt(file, names.offset, names.size, nameAt[i]));
  return sections;
}

/** String from a string table; "" if it is not there. */
export function stringAt(file: Uint8Array, table: number, size: number, at: number): string {
  if (at >= size) return "";
  const start = table + at, limit = table + size;
  const nul = file.indexOf(0, start);
  return nameDecoder.decode(file.subarray(start, nul < 0 || nul > limit ? limit : nul));
}

const nameDecoder = new TextDecoder();
