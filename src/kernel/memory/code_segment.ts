import { ELF_HEADER_BYTES, ET_EXEC, isElf, parseHeader, PROGRAM_HEADER_BYTES } from "../../elf/header.ts";
import { parseSegments, PF_X, PT_LOAD } from "../../elf/segments.ts";
import { TranslatorError } from "../../errors.ts";
import type { MappedRange } from "../../machine/machine.ts";
import { pageDown, pageUp } from "../abi/mman.ts";
import type { Kernel } from "../kernel.ts";
import type { FileDescription } from "../vfs/file_description.ts";

/**
 * Where the code of an ELF file is once the file's bytes from `fileOffset` on are mapped at [start, end): the executable segment,
 * if that mapping holds all of it, and puts it where a dynamic linker would. Undefined for every other mapping and every other file:
 * code made ahead of time does not fit those.
 */
export function codeSegment(
  k: Kernel,
  file: FileDescription,
  fileOffset: number,
  start: number,
  end: number,
): MappedRange | undefined {
  const read = (offset: number, length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    const n = file.pread(k, k.currentTask, bytes, 0, length, offset);
    return bytes.subarray(0, Math.max(n, 0));
  };
  const head = read(0, ELF_HEADER_BYTES);
  if (!isElf(head)) return undefined;
  try {
    const header = parseHeader(head);
    const table = read(header.phoff, header.phnum * PROGRAM_HEADER_BYTES);
    const segments = parseSegments(table, header, Number.MAX_SAFE_INTEGER);
    // A file that was cut off is left to the guest.
    if (segments.some((s) => s.filesz > 0 && read(s.offset + s.filesz - 1, 1).length === 0)) return undefined;
    const code = segments.find((s) => s.type === PT_LOAD && s.memsz > 0 && s.flags & PF_X);
    if (code === undefined || fileOffset !== pageDown(code.offset)) return undefined;
    if (header.type === ET_EXEC && start !== pageDown(code.vaddr)) return undefined;
    const codeEnd = start + pageUp(code.vaddr + code.filesz) - pageDown(code.vaddr);
    return codeEnd <= end && codeEnd > start ? { start, end: codeEnd } : undefined;
  } catch (e) {
    // Something that only looks like a program.
    if (e instanceof TranslatorError) return undefined;
    throw e;
  }
}
