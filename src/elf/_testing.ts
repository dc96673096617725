/** ELF files for tests, put together from what they should say. */
import { ET_DYN, ET_EXEC } from "./header.ts";

/** Where code and data of these files are, before a base is added; file offsets are the same. */
export const TEST_CODE = 0x1000, TEST_DATA = 0x3000;
const DYNAMIC = 0x3800, TABLES = 0x4000, SIZE = 0x5000, EXEC_BASE = 0x400000;

export interface TestRelocation {
  /** Address of the word. */
  at: number;
  type: number;
  /** 1 is the first import; those that are defined come behind the imports. */
  symbol?: number;
  addend?: number;
}

export interface TestElf {
  /** ET_EXEC is linked at 0x400000. */
  type?: typeof ET_DYN | typeof ET_EXEC;
  interpreter?: string;
  needed?: readonly string[];
  soname?: string;
  rpath?: string;
  runpath?: string;
  imports?: readonly string[];
  defined?: readonly { name: string; address: number }[];
  code?: readonly number[];
  /** 8-byte words at TEST_DATA. */
  data?: readonly number[];
  rela?: readonly TestRelocation[];
  jumpSlots?: readonly TestRelocation[];
  relr?: readonly bigint[];
  /** x86-64 levels as GNU_PROPERTY_X86_ISA_1_NEEDED has them: bit n - 1 for level n. */
  isaNeeded?: number;
  /** Contents of further sections, by name. */
  sections?: Record<string, Uint8Array>;
}

const PT_LOAD = 1, PT_DYNAMIC = 2, PT_INTERP = 3;
const SHT_PROGBITS = 1, SHT_STRTAB = 3, SHT_NOTE = 7, SHT_DYNSYM = 11;

/** The bytes of a file. It has headers, a page of code, a page of data with the dynamic section, and section headers. */
export function makeTestElf(parts: TestElf): Uint8Array {
  const extra = Object.entries(parts.sections ?? {});
  const bytes = new Uint8Array(SIZE + extra.reduce((n, [, content]) => n + content.length, 0));
  const view = new DataView(bytes.buffer);
  const base = parts.type === ET_EXEC ? EXEC_BASE : 0;
  const word = (at: number, value: number) => view.setUint32(at, value, true);
  let cursor = 0x200;
  const place = (content: Uint8Array): number => {
    const at = cursor;
    bytes.set(content, at);
    cursor = Math.ceil((at + content.length) / 8) * 8;
    return at;
  };

  // Strings and symbols.
  const names: string[] = [""];
  let stringBytes = 1;
  const string = (name: string): number => {
    names.push(name);
    stringBytes += name.length + 1;
    return stringBytes - name.length - 1;
  };
  const tags: [tag: number, value: number][] = [];
  for (const name of parts.needed ?? []) tags.push([1, string(name)]);
  if (parts.soname !== undefined) tags.push([14, string(parts.soname)]);
  if (parts.rpath !== undefined) tags.push([15, string(parts.rpath)]);
  if (parts.runpath !== undefined) tags.push([29, string(parts.runpath)]);
  const symbols = [{ name: "", address: 0 }, ...(parts.imports ?? []).map((name) => ({ name, address: 0 }))];
  symbols.push(...parts.defined ?? []);
  const symbolBytes = new Uint8Array(symbols.length * 24), symbolView = new DataView(symbolBytes.buffer);
  symbols.forEach(({ name, address }, i) => {
    if (i === 0) return;
    symbolView.setUint32(i * 24, string(name), true);
    symbolBytes[i * 24 + 4] = 0x12; // STB_GLOBAL, STT_FUNC
    symbolView.setUint16(i * 24 + 6, address === 0 ? 0 : 1, true);
    symbolView.setUint32(i * 24 + 8, address, true);
  });
  const strings = new TextEncoder().encode(`${names.join("\0")}\0`);
  const stringsAt = place(strings), symbolsAt = place(symbolBytes);
  tags.push([5, base + stringsAt], [10, strings.length], [6, base + symbolsAt], [11, 24]);

  // Relocations.
  const table = (list: readonly TestRelocation[]): Uint8Array => {
    const content = new Uint8Array(list.length * 24), v = new DataView(content.buffer);
    list.forEach(({ at, type, symbol = 0, addend = 0 }, i) => {
      v.setUint32(i * 24, at, true);
      v.setUint32(i * 24 + 8, type, true);
      v.setUint32(i * 24 + 12, symbol, true);
      v.setBigInt64(i * 24 + 16, BigInt(addend), true);
    });
    return content;
  };
  if (parts.rela !== undefined) tags.push([7, base + place(table(parts.rela))], [8, parts.rela.length * 24]);
  if (parts.jumpSlots !== undefined) {
    tags.push([23, base + place(table(parts.jumpSlots))], [2, parts.jumpSlots.length * 24]);
  }
  if (parts.relr !== undefined) {
    tags.push([36, base + place(new Uint8Array(BigUint64Array.from(parts.relr).buffer))], [35, parts.relr.length * 8]);
  }
  tags.forEach(([tag, value], i) => {
    word(DYNAMIC + i * 16, tag);
    word(DYNAMIC + i * 16 + 8, value);
  });

  // Notes, code, data.
  let noteAt = 0;
  if (parts.isaNeeded !== undefined) {
    const note = [4, 0, 0, 0, 16, 0, 0, 0, 5, 0, 0, 0, 0x47, 0x4e, 0x55, 0, 2, 0x80, 0, 0xc0, 4, 0, 0, 0];
    noteAt = place(new Uint8Array([...note, parts.isaNeeded, 0, 0, 0, 0, 0, 0, 0]));
  }
  const interpreter = new TextEncoder().encode(`${parts.interpreter ?? ""}\0`);
  const interpreterAt = place(interpreter);
  const code = parts.code ?? [0xc3];
  bytes.set(code, TEST_CODE);
  (parts.data ?? []).forEach((value, i) => word(TEST_DATA + i * 8, value));

  // Headers.
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, parts.type ?? ET_DYN, true);
  view.setUint16(18, 62, true); // EM_X86_64
  word(20, 1);
  word(24, base + TEST_CODE);
  word(32, 64);
  const headers: [type: number, flags: number, at: number, size: number][] = [
    [PT_LOAD, 4, 0, 0x1000],
    [PT_LOAD, 5, TEST_CODE, code.length],
    [PT_LOAD, 6, TEST_DATA, 0x1000],
    [PT_DYNAMIC, 6, DYNAMIC, (tags.length + 1) * 16],
  ];
  if (parts.interpreter !== undefined) headers.push([PT_INTERP, 4, interpreterAt, interpreter.length]);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, headers.length, true);
  headers.forEach(([type, flags, at, size], i) => {
    const header = 64 + i * 56;
    word(header, type);
    word(header + 4, flags);
    word(header + 8, at);
    word(header + 16, base + at);
    word(header + 32, size);
    word(header + 40, size);
    word(header + 48, 0x1000);
  });

  // Sections.
  const sections: [name: string, type: number, at: number, size: number, link: number][] = [
    ["", 0, 0, 0, 0],
    [".dynsym", SHT_DYNSYM, symbolsAt, symbolBytes.length, 2],
    [".dynstr", SHT_STRTAB, stringsAt, strings.length, 0],
    [".text", SHT_PROGBITS, TEST_CODE, code.length, 0],
  ];
  if (noteAt > 0) sections.push([".note.gnu.property", SHT_NOTE, noteAt, 32, 0]);
  let extraAt = SIZE;
  for (const [name, content] of extra) {
    bytes.set(content, extraAt);
    sections.push([name, SHT_PROGBITS, extraAt, content.length, 0]);
    extraAt += content.length;
  }
  const sectionNames = new TextEncoder().encode(`${sections.map(([name]) => name).join("\0")}\0.shstrtab\0`);
  sections.push([".shstrtab", SHT_STRTAB, TABLES, sectionNames.length, 0]);
  bytes.set(sectionNames, TABLES);
  const sectionTable = TABLES + 0x200;
  word(40, sectionTable);
  view.setUint16(58, 64, true);
  view.setUint16(60, sections.length, true);
  view.setUint16(62, sections.length - 1, true);
  let nameAt = 0;
  sections.forEach(([name, type, at, size, link], i) => {
    const header = sectionTable + i * 64;
    word(header, nameAt);
    word(header + 4, type);
    word(header + 16, at < TABLES ? base + at : 0);
    word(header + 24, at);
    word(header + 32, size);
    word(header + 40, link);
    word(header + 56, type === SHT_DYNSYM ? 24 : 0);
    nameAt += name.length + 1;
  });
  return bytes;
}
