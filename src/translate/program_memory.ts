/** A process's address space as the translator wants it: ranges by what can be done to them, and the ELF files in them. */
import type { AddressRange, ElfFacts } from "../discover/elf_facts.ts";
import { elfFacts } from "../discover/elf_facts.ts";
import type { ProgramMemory } from "../discover/entries.ts";
import { ET_EXEC, isElf, parseHeader } from "../elf/header.ts";
import { parseSegments, PT_LOAD } from "../elf/segments.ts";
import { pageDown, PROT_EXEC, PROT_READ, PROT_WRITE } from "../kernel/abi/mman.ts";
import type { AddressSpace } from "../kernel/memory/address_space.ts";
import { readFileAt } from "../rootfs/lookup.ts";
import type { Tree } from "../rootfs/tree.ts";

/** `profile`: addresses at which code was entered while the program ran. */
export function programMemory(space: AddressSpace, tree: Tree, profile: readonly number[]): ProgramMemory {
  const executable: AddressRange[] = [], readOnly: AddressRange[] = [], writable: AddressRange[] = [];
  /** Lowest address at which a file is mapped from its beginning. */
  const files = new Map<string, number>();
  for (const { start, end, prot, file, fileOffset, name } of space.vmas) {
    if (!(prot & (PROT_READ | PROT_EXEC))) continue;
    const list = prot & PROT_WRITE ? writable : prot & PROT_EXEC ? executable : readOnly;
    list.push({ start, end });
    if (file !== null && fileOffset === 0 && !files.has(name)) files.set(name, start);
  }
  const elfs: ElfFacts[] = [];
  for (const [path, start] of files) {
    const bytes = readFileAt(tree, path);
    if (bytes === undefined || !isElf(bytes)) continue;
    const header = parseHeader(bytes, { file: path });
    const table = bytes.subarray(header.phoff, header.phoff + header.phnum * header.phentsize);
    const first = parseSegments(table, header, bytes.length, { file: path }).find((s) => s.type === PT_LOAD);
    if (first === undefined) continue;
    const base = header.type === ET_EXEC ? 0 : start - pageDown(first.vaddr);
    elfs.push(elfFacts(bytes, base));
  }
  return { u8: space.machine.memory.u8, executable, readOnly, writable, elfs, profile };
}
