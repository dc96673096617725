import { badInput, type ErrorPlace } from "../errors.ts";
import { type ElfHeader, PROGRAM_HEADER_BYTES, readU64 } from "./header.ts";

export const PT_LOAD = 1, PT_DYNAMIC = 2, PT_INTERP = 3, PT_NOTE = 4, PT_PHDR = 6, PT_TLS = 7;
export const PT_GNU_EH_FRAME = 0x6474e550, PT_GNU_STACK = 0x6474e551, PT_GNU_RELRO = 0x6474e552;
export const PF_X = 1, PF_W = 2, PF_R = 4;

/** One program header. Addresses are the file's own (before a load base is added). */
export interface Segment {
  type: number;
  flags: number;
  offset: number;
  vaddr: number;
  filesz: number;
  memsz: number;
  align: number;
}

const PAGE = 4096;
/** Guest addresses end here. */
const ADDRESS_LIMIT = 0x100000000;

/**
 * Reads program headers from `bytes`, which start at the table, and checks all that a loader relies on: sizes within the file,
 * addresses below 4 GiB, PT_LOADs ascending without overlap and congruent to their offsets.
 */
export function parseSegments(
  bytes: Uint8Array,
  header: ElfHeader,
  fileSize: number,
  place: ErrorPlace = {},
): Segment[] {
  if (bytes.length < header.phnum * PROGRAM_HEADER_BYTES) throw badInput("program headers are truncated", place);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const segments: Segment[] = [];
  for (let i = 0; i < header.phnum; i++) {
    const at = i * PROGRAM_HEADER_BYTES, what = `program header ${i}:`;
    // GNU_STACK and others leave fields unset or odd: only loaded parts are held to the rules.
    const type = view.getUint32(at, true);
    if (
      type !== PT_LOAD && type !== PT_INTERP && type !== PT_PHDR && type !== PT_DYNAMIC && type !== PT_TLS &&
      type !== PT_NOTE && type !== PT_GNU_EH_FRAME && type !== PT_GNU_RELRO
    ) {
      continue;
    }
    const s: Segment = {
      type,
      flags: view.getUint32(at + 4, true),
      offset: readU64(view, at + 8, `${what} offset`, place),
      vaddr: readU64(view, at + 16, `${what} address`, place),
      filesz: readU64(view, at + 32, `${what} file size`, place),
      memsz: readU64(view, at + 40, `${what} memory size`, place),
      align: readU64(view, at + 48, `${what} alignment`, place),
    };
    checkSegment(s, i, fileSize, place);
    segments.push(s);
  }
  checkLoads(segments.filter((s) => s.type === PT_LOAD), place);
  return segments;
}

function checkSegment(s: Segment, i: number, fileSize: number, place: ErrorPlace): void {
  if (s.filesz > 0 && s.offset + s.filesz > fileSize) {
    throw badInput(
      `program header ${i} ends at ${s.offset + s.filesz}, beyond the file's ${fileSize} bytes (truncated?)`,
      place,
    );
  }
  if (s.type !== PT_LOAD) return;
  if (s.filesz > s.memsz) throw badInput(`segment ${i} has more bytes in the file than in memory`, place);
  if (s.vaddr + s.memsz > ADDRESS_LIMIT) {
    throw badInput(`segment ${i} at 0x${s.vaddr.toString(16)} lies beyond 4 GiB`, place);
  }
  if (s.align > 1 && !isPowerOfTwo(s.align)) throw badInput(`segment ${i} has alignment ${s.align}`, place);
  if (s.vaddr % PAGE !== s.offset % PAGE) throw badInput(`segment ${i} is not aligned with its file offset`, place);
}

function checkLoads(loads: readonly Segment[], place: ErrorPlace): void {
  if (loads.length === 0) throw badInput("program has no loadable segment", place);
  for (let i = 1; i < loads.length; i++) {
    if (loads[i].vaddr < loads[i - 1].vaddr + loads[i - 1].memsz) {
      throw badInput(`loadable segments ${i - 1} and ${i} overlap`, place);
    }
  }
}

function isPowerOfTwo(n: number): boolean {
  return Number.isInteger(Math.log2(n));
}

/** Path of the dynamic linker from PT_INTERP's bytes. */
export function parseInterpreter(bytes: Uint8Array, place: ErrorPlace = {}): string {
  // Linux: 2..PATH_MAX bytes with a NUL at the end.
  if (bytes.length < 2 || bytes.length > 4096 || bytes[bytes.length - 1] !== 0) throw badInput("bad PT_INTERP", place);
  const nul = bytes.indexOf(0);
  return new TextDecoder().decode(bytes.subarray(0, nul));
}
