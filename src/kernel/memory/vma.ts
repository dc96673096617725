import { PROT_EXEC, PROT_WRITE } from "../abi/mman.ts";
import type { SharedPages } from "./shared_pages.ts";
import type { FileDescription } from "../vfs/file_description.ts";

/** One line of /proc/self/maps: a run of pages mapped alike. Page-aligned guest addresses, end exclusive. */
export class Vma {
  static readonly savedFields: readonly string[] = [
    "start",
    "end",
    "prot",
    "flags",
    "file",
    "fileOffset",
    "pages",
    "views",
    "name",
  ];
  start: number;
  end: number;
  /** PROT_ bits. */
  prot: number;
  /** MAP_SHARED or MAP_PRIVATE, MAP_ANONYMOUS, MAP_GROWSDOWN, MAP_NORESERVE. */
  flags: number;
  /** Mapped file; this mapping holds one reference. */
  file: FileDescription | null = null;
  /** Offset in the file of `start`. */
  fileOffset = 0;
  /** With MAP_SHARED: the file's pages that others may map, too. */
  pages: SharedPages | null = null;
  /** How many mappings of the same pages this one stands for (double_mapping.ts). */
  views = 1;
  /** "[heap]", "[stack]", or the path. */
  name = "";

  constructor(start: number, end: number, prot: number, flags: number) {
    this.start = start;
    this.end = end;
    this.prot = prot;
    this.flags = flags;
  }
}

/** Flag of a Vma, beside the MAP_ flags: reserved without access, and never opened. It holds nothing but zeros. */
export const VMA_UNTOUCHED = 0x4000_0000;

/** True for memory of this protection: its code changes by system calls alone. */
export function isFixedCode(prot: number): boolean {
  return (prot & (PROT_EXEC | PROT_WRITE)) === PROT_EXEC;
}
