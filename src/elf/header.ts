import { badInput, type ErrorPlace, unsupported } from "../errors.ts";

/** ELF64 file header (System V gABI, chapter 4; elf(5)), as far as x86-64 Linux programs need it. */
export interface ElfHeader {
  /** ET_EXEC or ET_DYN. */
  type: number;
  entry: number;
  /** Program headers. */
  phoff: number;
  phentsize: number;
  phnum: number;
  /** Section headers; all zero in a stripped-down file. */
  shoff: number;
  shentsize: number;
  shnum: number;
  shstrndx: number;
}

export const ELF_HEADER_BYTES = 64;
export const PROGRAM_HEADER_BYTES = 56;
export const SECTION_HEADER_BYTES = 64;
export const ET_EXEC = 2, ET_DYN = 3;
const EM_X86_64 = 62, EM_386 = 3, EM_AARCH64 = 183;

/** True if the file claims to be ELF at all. */
export function isElf(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/** Reads and checks the header; throws what the user should know when the file is not a 64-bit x86-64 Linux program. */
export function parseHeader(bytes: Uint8Array, place: ErrorPlace = {}): ElfHeader {
  if (!isElf(bytes)) throw badInput("not an ELF file", place);
  if (bytes.length < ELF_HEADER_BYTES) throw badInput("ELF header is truncated", place);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const machine = view.getUint16(18, true);
  if (bytes[4] === 1) {
    throw badInput(`32-bit program${machine === EM_386 ? " (i386)" : ""}; only x86-64 can be translated`, place);
  }
  if (bytes[4] !== 2) throw badInput(`ELF class ${bytes[4]} does not exist`, place);
  if (bytes[5] !== 1) throw badInput("big-endian program; only x86-64 can be translated", place);
  if (bytes[6] !== 1) throw badInput(`ELF version ${bytes[6]} does not exist`, place);
  if (machine !== EM_X86_64) {
    const name = machine === EM_AARCH64 ? "arm64" : `machine ${machine}`;
    throw unsupported(`program for ${name}; only x86-64 can be translated`, place);
  }
  const type = view.getUint16(16, true);
  if (type !== ET_EXEC && type !== ET_DYN) throw badInput(`ELF type ${type} is not a program`, place);
  const header: ElfHeader = {
    type,
    entry: readU64(view, 24, "entry point", place),
    phoff: readU64(view, 32, "program header offset", place),
    phentsize: view.getUint16(54, true),
    phnum: view.getUint16(56, true),
    shoff: readU64(view, 40, "section header offset", place),
    shentsize: view.getUint16(58, true),
    shnum: view.getUint16(60, true),
    shstrndx: view.getUint16(62, true),
  };
  if (header.phnum === 0) throw badInput("program has no program headers", place);
  if (header.phentsize !== PROGRAM_HEADER_BYTES) {
    throw badInput(`program header size ${header.phentsize}, not 56`, place);
  }
  // Linux refuses more than a page of them (binfmt_elf.c, load_elf_phdrs allows 64 KiB).
  if (header.phnum * PROGRAM_HEADER_BYTES > 65536) {
    throw badInput(`${header.phnum} program headers are too many`, place);
  }
  return header;
}

/** A 64-bit field as a number; values beyond 2^53 have no place in a file we can load. */
export function readU64(view: DataView, at: number, what: string, place: ErrorPlace): number {
  const value = view.getUint32(at, true) + view.getUint32(at + 4, true) * 4294967296;
  if (value > Number.MAX_SAFE_INTEGER) throw badInput(`${what} 0x${value.toString(16)} is out of range`, place);
  return value;
}
