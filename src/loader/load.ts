import { GUEST_BIAS } from "../machine/state.ts";
import { badInput, type ErrorPlace } from "../errors.ts";
import { type ElfHeader, ET_DYN, ET_EXEC, PROGRAM_HEADER_BYTES } from "../elf/header.ts";
import { ELF_HEADER_BYTES, parseHeader } from "../elf/header.ts";
import {
  parseInterpreter,
  parseSegments,
  PF_R,
  PF_W,
  PF_X,
  PT_INTERP,
  PT_LOAD,
  PT_PHDR,
  type Segment,
} from "../elf/segments.ts";
import { ENOMEM } from "../kernel/abi/errno.ts";
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_PRIVATE,
  pageDown,
  pageUp,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
} from "../kernel/abi/mman.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { AddressSpace } from "../kernel/memory/address_space.ts";
import { HEAP_ROOM, HIGHEST_END, LOWEST_MAPPING, PIE_BASE } from "../kernel/memory/layout.ts";
import { map, placeForFile } from "../kernel/memory/mmap.ts";
import type { FileDescription } from "../kernel/vfs/file_description.ts";

/** A program to load; the virtual file system's OpenedProgram fits. */
export interface ProgramFile {
  /** Read through pread. */
  description: FileDescription;
  path: string;
  size: number;
}

/** Where a program landed. Guest addresses. */
export interface LoadedProgram {
  /** First instruction: the dynamic linker's if there is one. */
  start: number;
  /** The program's own entry point (AT_ENTRY). */
  entry: number;
  /** Its program headers in memory (AT_PHDR), or 0. */
  phdr: number;
  phnum: number;
  /** Load base of the program (0 unless position independent) and of the dynamic linker (AT_BASE, 0 without). */
  base: number;
  interpreterBase: number;
}

/** Opens the dynamic linker, or gives a negative errno. The loader drops the description. */
export type OpenInterpreter = (path: string) => ProgramFile | number;

/**
 * Maps an ELF program, its heap, its stack and its dynamic linker into an empty address space. A negative errno when files or
 * memory cannot be had; throws a TranslatorError when the program itself is not one.
 */
export function loadProgram(
  k: Kernel,
  space: AddressSpace,
  program: ProgramFile,
  stackBytes: number,
  openInterpreter: OpenInterpreter,
): LoadedProgram | number {
  const image = readImage(k, program);
  const base = image.header.type === ET_EXEC ? fixedBase(k, program, image) : pieBase(k, space, program, image);
  const error = mapImage(k, space, program, image, base);
  if (error < 0) return error;

  space.brkStart = space.brk = base + pageUp(image.end);
  space.heapEnd = space.brkStart + HEAP_ROOM;
  const stackError = mapStack(k, space, stackBytes);
  if (stackError < 0) return stackError;

  const entry = base + image.header.entry;
  const loaded = {
    start: entry,
    entry,
    phdr: phdrAddress(image, base),
    phnum: image.header.phnum,
    base,
    interpreterBase: 0,
  };
  const interp = image.segments.find((s) => s.type === PT_INTERP);
  if (interp === undefined) return loaded;
  const path = parseInterpreter(readBytes(k, program, interp.offset, interp.filesz, { file: program.path }));
  const interpreter = openInterpreter(path);
  if (typeof interpreter === "number") return interpreter;
  return mapInterpreter(k, space, interpreter, loaded);
}

function mapInterpreter(
  k: Kernel,
  space: AddressSpace,
  interpreter: ProgramFile,
  loaded: LoadedProgram,
): LoadedProgram | number {
  const image = readImage(k, interpreter);
  let base = 0;
  if (image.header.type === ET_DYN) {
    const length = pageUp(image.end) - pageDown(image.start) + image.align;
    k.codePlaces.noteInterpreter(interpreter.description.imageFile());
    const hole = placeForFile(k, space, interpreter.description, length);
    if (hole < 0) return hole;
    base = Math.ceil((hole - pageDown(image.start)) / image.align) * image.align;
  }
  const error = mapImage(k, space, interpreter, image, base);
  if (error < 0) return error;
  return { ...loaded, start: base + image.header.entry, interpreterBase: base };
}

interface Image {
  header: ElfHeader;
  segments: Segment[];
  loads: Segment[];
  /** Span of the loaded segments, and the largest alignment of one. */
  start: number;
  end: number;
  align: number;
}

function readImage(k: Kernel, program: ProgramFile): Image {
  const place = { file: program.path };
  const head = readBytes(k, program, 0, Math.min(ELF_HEADER_BYTES, program.size), place);
  const header = parseHeader(head, place);
  const table = readBytes(k, program, header.phoff, header.phnum * PROGRAM_HEADER_BYTES, place);
  const segments = parseSegments(table, header, program.size, place);
  const loads = segments.filter((s) => s.type === PT_LOAD && s.memsz > 0);
  if (loads.length === 0) throw badInput("program has no loadable segment", place);
  const start = loads[0].vaddr, last = loads[loads.length - 1], end = last.vaddr + last.memsz;
  if (header.type === ET_EXEC && start < LOWEST_MAPPING) {
    throw badInput(`program is linked at 0x${start.toString(16)}, below the lowest address that can be mapped`, place);
  }
  if (end > HIGHEST_END - PIE_BASE) throw badInput("program leaves no room for a stack below 4 GiB", place);
  const inside = loads.some((s) => header.entry >= s.vaddr && header.entry < s.vaddr + s.memsz);
  if (!inside) throw badInput(`entry point 0x${header.entry.toString(16)} is in no segment`, place);
  const align = Math.max(4096, ...loads.map((s) => s.align));
  if (align > 0x10000000) throw badInput(`segment alignment ${align} is too large`, place);
  return { header, segments, loads, start, end, align };
}

function readBytes(k: Kernel, program: ProgramFile, offset: number, length: number, place: ErrorPlace): Uint8Array {
  const bytes = new Uint8Array(length);
  const n = program.description.pread(k, k.currentTask, bytes, 0, length, offset);
  if (n !== length) throw badInput(`file is truncated: ${length} bytes wanted`, { ...place, offset });
  return bytes;
}

function fixedBase(k: Kernel, program: ProgramFile, image: Image): number {
  k.codePlaces.noteProgram(program.description.imageFile(), pageUp(image.end));
  return 0;
}

/**
 * Low, and as aligned as the segments want (a 2 MiB alignment is common in static PIEs of some linkers). A program so large that
 * libraries of smaller ones have their places there leaves these to them: loaded elsewhere, they would not fit their code.
 */
function pieBase(k: Kernel, space: AddressSpace, program: ProgramFile, image: Image): number {
  const aligned = (address: number) => Math.ceil((address - pageDown(image.start)) / image.align) * image.align;
  const low = aligned(PIE_BASE), end = low + pageUp(image.end), file = program.description.imageFile();
  const isLow = k.codePlaces.of(file) === undefined && k.codePlaces.overlapping(low + image.start, end) === undefined;
  if (!isLow && file !== 0) {
    const place = placeForFile(k, space, program.description, pageUp(image.end) - pageDown(image.start) + image.align);
    if (place > 0) return aligned(place);
  }
  k.codePlaces.noteProgram(file, end);
  return low;
}

function phdrAddress(image: Image, base: number): number {
  const named = image.segments.find((s) => s.type === PT_PHDR);
  if (named !== undefined) return base + named.vaddr;
  const { phoff, phnum } = image.header;
  const holder = image.loads.find((s) =>
    phoff >= s.offset && phoff + phnum * PROGRAM_HEADER_BYTES <= s.offset + s.filesz
  );
  return holder === undefined ? 0 : base + holder.vaddr + phoff - holder.offset;
}

/** Maps the PT_LOADs as binfmt_elf.c does: file pages, the rest of the last page zeroed, then anonymous zeroes. */
function mapImage(k: Kernel, space: AddressSpace, program: ProgramFile, image: Image, base: number): number {
  for (const s of image.loads) {
    const prot = (s.flags & PF_R ? PROT_READ : 0) | (s.flags & PF_W ? PROT_WRITE : 0) |
      (s.flags & PF_X ? PROT_EXEC : 0);
    const start = pageDown(base + s.vaddr);
    const fileEnd = base + s.vaddr + s.filesz, end = pageUp(base + s.vaddr + s.memsz);
    if (end > HIGHEST_END) return -ENOMEM;
    let anonymousFrom = start;
    if (s.filesz > 0) {
      const error = map(k, space, {
        address: start,
        length: fileEnd - start,
        prot,
        flags: MAP_PRIVATE | MAP_FIXED,
        file: program.description,
        fileOffset: pageDown(s.offset),
        name: program.path,
      });
      if (error < 0) return error;
      anonymousFrom = pageUp(fileEnd);
      // The file goes on after a segment that has .bss; those bytes are not the program's.
      if (s.memsz > s.filesz) space.machine.memory.u8.fill(0, fileEnd - GUEST_BIAS, anonymousFrom - GUEST_BIAS);
    }
    if (end > anonymousFrom) {
      const error = map(k, space, {
        address: anonymousFrom,
        length: end - anonymousFrom,
        prot,
        flags: MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
        file: null,
        fileOffset: 0,
        name: "",
      });
      if (error < 0) return error;
    }
  }
  return 0;
}

function mapStack(k: Kernel, space: AddressSpace, stackBytes: number): number {
  const length = pageUp(stackBytes);
  space.mmapStart = space.heapEnd;
  // After the program and its heap, unless a program linked high leaves more room elsewhere.
  const start = space.findHole(k, length, PROT_READ);
  if (start < 0) return start;
  space.stackTop = start + length;
  space.mmapStart = Math.max(space.heapEnd, space.stackTop);
  return map(k, space, {
    address: start,
    length,
    prot: PROT_READ | PROT_WRITE,
    flags: MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
    file: null,
    fileOffset: 0,
    name: "[stack]",
  });
}
