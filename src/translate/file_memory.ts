/**
 * One ELF file as the dynamic linker puts it into memory, made from its bytes alone: segments at their place, and those
 * relocations applied that do not depend on other files. What the translator finds in it is the same in every process and at
 * any time.
 */
import { badInput } from "../errors.ts";
import type { AddressRange } from "../discover/elf_facts.ts";
import { elfFacts } from "../discover/elf_facts.ts";
import type { CodePointer, ProgramMemory } from "../discover/entries.ts";
import { ET_EXEC, parseHeader } from "../elf/header.ts";
import { applyRelocations } from "../elf/relocations.ts";
import { parseSegments, PF_R, PF_W, PF_X, PT_DYNAMIC, PT_GNU_RELRO, PT_LOAD } from "../elf/segments.ts";
import { pageDown, pageUp } from "../kernel/abi/mman.ts";
import { GUEST_BIAS } from "../machine/state.ts";

/** What is known of a file besides its bytes. */
export interface FileHints {
  /** Addresses at which its code was entered in runs. */
  profile: Iterable<number>;
  /** Words of memory outside the file that may point to its code. */
  pointers: Iterable<CodePointer>;
  /** Names that other files look up. */
  imports: Iterable<string>;
}

/** `start` is where its executable segment is mapped. Throws a TranslatorError if the file has none, or not there. */
export function fileMemory(bytes: Uint8Array, path: string, start: number, hints: FileHints): ProgramMemory {
  const place = { file: path };
  const header = parseHeader(bytes, place);
  const table = bytes.subarray(header.phoff, header.phoff + header.phnum * header.phentsize);
  const segments = parseSegments(table, header, bytes.length, place);
  const loads = segments.filter((s) => s.type === PT_LOAD && s.memsz > 0);
  const code = loads.find((s) => s.flags & PF_X);
  if (code === undefined) throw badInput("file has no executable segment", place);
  const base = header.type === ET_EXEC ? 0 : start - pageDown(code.vaddr);
  if (base + pageDown(code.vaddr) !== start) throw badInput(`code is not for 0x${start.toString(16)}`, place);
  const end = pageUp(Math.max(...loads.map((s) => base + s.vaddr + s.memsz)));
  const u8 = new Uint8Array(end - GUEST_BIAS);
  const executable: AddressRange[] = [], readOnly: AddressRange[] = [], writable: AddressRange[] = [];
  for (const s of loads) {
    u8.set(bytes.subarray(s.offset, s.offset + s.filesz), base + s.vaddr - GUEST_BIAS);
    const list = s.flags & PF_W ? writable : s.flags & PF_X ? executable : s.flags & PF_R ? readOnly : [];
    list.push({ start: pageDown(base + s.vaddr), end: pageUp(base + s.vaddr + s.memsz) });
  }
  const dynamic = segments.find((s) => s.type === PT_DYNAMIC);
  let lazily: number[] = [];
  if (dynamic !== undefined) {
    const memory = new DataView(u8.buffer);
    const { vaddr, filesz } = dynamic;
    lazily = applyRelocations(memory, base - GUEST_BIAS, { start: vaddr, end: vaddr + filesz }, base);
  }
  const relocated = segments.filter((s) => s.type === PT_GNU_RELRO)
    .map((s) => ({ start: base + s.vaddr, end: base + s.vaddr + s.memsz }));
  return {
    u8,
    executable,
    readOnly,
    writable,
    relocated,
    elfs: [elfFacts(bytes, base)],
    profile: [...hints.profile],
    pointers: [...hints.pointers, ...lazily.map((target) => ({ target, mayBeReturnAddress: false }))],
    imports: new Set(hints.imports),
  };
}
