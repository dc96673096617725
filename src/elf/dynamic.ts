/** What the dynamic linker reads of a file before it is mapped (gABI, "Dynamic Section"). */
import type { ErrorPlace } from "../errors.ts";
import type { ElfHeader } from "./header.ts";
import { stringAt } from "./sections.ts";
import { parseSegments, PT_DYNAMIC, PT_LOAD, type Segment } from "./segments.ts";

const DT_NULL = 0,
  DT_NEEDED = 1,
  DT_STRTAB = 5,
  DT_STRSZ = 10,
  DT_INIT = 12,
  DT_FINI = 13,
  DT_SONAME = 14,
  DT_RPATH = 15,
  DT_RUNPATH = 29;
const ENTRY_BYTES = 16;

export interface DynamicInfo {
  /** Names of the libraries it needs, in order. */
  needed: string[];
  /** Its own name for others; "" if it has none. */
  soname: string;
  /** Directories to search, as they are written ($ORIGIN and all). */
  rpath: string[];
  runpath: string[];
  /** Addresses of what is called at the very beginning and end. */
  endFunctions: number[];
}

/**
 * The dynamic section of a whole file; null for a static one. Damage to it gives less, and no error; damaged program headers
 * throw a TranslatorError.
 */
export function parseDynamic(file: Uint8Array, header: ElfHeader, place: ErrorPlace = {}): DynamicInfo | null {
  const table = file.subarray(header.phoff, header.phoff + header.phnum * header.phentsize);
  const segments = parseSegments(table, header, file.length, place);
  const dynamic = segments.find((s) => s.type === PT_DYNAMIC);
  if (dynamic === undefined) return null;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const tags: [tag: number, value: number][] = [];
  for (let at = dynamic.offset; at + ENTRY_BYTES <= dynamic.offset + dynamic.filesz; at += ENTRY_BYTES) {
    const tag = view.getUint32(at, true);
    if (tag === DT_NULL) break;
    tags.push([tag, view.getUint32(at + 8, true)]);
  }
  const value = (wanted: number) => tags.find(([tag]) => tag === wanted)?.[1];
  const strings = offsetOf(segments, value(DT_STRTAB) ?? -1), size = value(DT_STRSZ) ?? 0;
  const text = (at: number) => strings < 0 ? "" : stringAt(file, strings, size, at);
  const list = (wanted: number) => tags.filter(([tag]) => tag === wanted).map(([, at]) => text(at));
  const directories = (wanted: number) => list(wanted).flatMap((paths) => paths.split(":")).filter((p) => p !== "");
  return {
    needed: list(DT_NEEDED).filter((name) => name !== ""),
    soname: list(DT_SONAME)[0] ?? "",
    rpath: directories(DT_RPATH),
    runpath: directories(DT_RUNPATH),
    endFunctions: tags.filter(([tag, address]) => (tag === DT_INIT || tag === DT_FINI) && address > 0).map(([, at]) =>
      at
    ),
  };
}

function offsetOf(segments: readonly Segment[], address: number): number {
  const s = segments.find((s) => s.type === PT_LOAD && address >= s.vaddr && address < s.vaddr + s.filesz);
  return s === undefined ? -1 : address - s.vaddr + s.offset;
}
