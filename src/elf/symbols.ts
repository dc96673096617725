import type { ElfHeader } from "./header.ts";
import { parseSections, SHT_DYNSYM, SHT_SYMTAB, stringAt } from "./sections.ts";

/** A function or object with a name. Address is the file's own, before a load base is added. */
export interface ElfSymbol {
  name: string;
  address: number;
  size: number;
  isFunction: boolean;
}

const SYMBOL_BYTES = 24;
const STT_FUNC = 2, STT_OBJECT = 1, STT_GNU_IFUNC = 10;

/** Defined symbols of .symtab and .dynsym, by address; one a (name, address). */
export function parseSymbols(file: Uint8Array, header: ElfHeader): ElfSymbol[] {
  const sections = parseSections(file, header);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const symbols = new Map<string, ElfSymbol>();
  for (const table of sections) {
    if (table.type !== SHT_SYMTAB && table.type !== SHT_DYNSYM) continue;
    const strings = sections[table.link];
    if (strings === undefined) continue;
    for (let at = table.offset; at + SYMBOL_BYTES <= table.offset + table.size; at += SYMBOL_BYTES) {
      const kind = file[at + 4] & 15, section = view.getUint16(at + 6, true);
      if (section === 0 || (kind !== STT_FUNC && kind !== STT_OBJECT && kind !== STT_GNU_IFUNC)) continue;
      const name = stringAt(file, strings.offset, strings.size, view.getUint32(at, true));
      const address = view.getUint32(at + 8, true) + view.getUint32(at + 12, true) * 4294967296;
      const size = view.getUint32(at + 16, true) + view.getUint32(at + 20, true) * 4294967296;
      if (name !== "") symbols.set(`${address} ${name}`, { name, address, size, isFunction: kind !== STT_OBJECT });
    }
  }
  return [...symbols.values()].sort((a, b) => a.address - b.address || (a.name < b.name ? -1 : 1));
}

/** Answers "which function is this address in?" for reports. */
export class SymbolIndex {
  private readonly functions: ElfSymbol[];

  /** `symbols` sorted by address, as parseSymbols gives them. */
  constructor(symbols: readonly ElfSymbol[], private readonly base = 0) {
    this.functions = symbols.filter((s) => s.isFunction);
  }

  /** The function that contains the guest address; one without a size reaches to the next. */
  find(address: number): ElfSymbol | undefined {
    const wanted = address - this.base;
    let low = 0, high = this.functions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.functions[middle].address <= wanted) low = middle + 1;
      else high = middle;
    }
    // Several names may share the address, and a sized one further down may still contain it.
    for (let i = low - 1; i >= 0 && i >= low - 4; i--) {
      const s = this.functions[i];
      if (wanted < s.address + s.size || (s.size === 0 && i === low - 1)) return s;
    }
    return undefined;
  }

  /** "name+0x12", or the bare address. */
  describe(address: number): string {
    const s = this.find(address);
    if (s === undefined) return `0x${address.toString(16)}`;
    const offset = address - this.base - s.address;
    return offset === 0 ? s.name : `${s.name}+0x${offset.toString(16)}`;
  }
}
