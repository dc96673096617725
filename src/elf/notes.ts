import type { ElfHeader } from "./header.ts";
import { parseSections, SHT_NOTE } from "./sections.ts";

/** One note: "GNU" 3 is the build id, "Go" 4 Go's build id, "GNU" 1 the ABI tag. */
export interface Note {
  owner: string;
  type: number;
  bytes: Uint8Array;
}

/** Notes of all note sections; damaged ones end the section's list. */
export function parseNotes(file: Uint8Array, header: ElfHeader): Note[] {
  const notes: Note[] = [];
  for (const s of parseSections(file, header)) {
    if (s.type === SHT_NOTE) notes.push(...readNotes(file.subarray(s.offset, s.offset + s.size)));
  }
  return notes;
}

/** Notes of one PT_NOTE segment or SHT_NOTE section. */
export function readNotes(bytes: Uint8Array): Note[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const notes: Note[] = [];
  for (let at = 0; at + 12 <= bytes.length;) {
    const nameSize = view.getUint32(at, true), size = view.getUint32(at + 4, true), type = view.getUint32(at + 8, true);
    const content = at + 12 + align4(nameSize), end = content + size;
    if (end > bytes.length) break;
    const owner = new TextDecoder().decode(bytes.subarray(at + 12, at + 12 + Math.max(0, nameSize - 1)));
    notes.push({ owner, type, bytes: bytes.slice(content, end) });
    at = content + align4(size);
  }
  return notes;
}

function align4(n: number): number {
  return Math.ceil(n / 4) * 4;
}

/** The linker's build id in hexadecimal, or "". */
export function buildId(notes: readonly Note[]): string {
  const note = notes.find((n) => n.owner === "GNU" && n.type === 3);
  return note === undefined ? "" : Array.from(note.bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

const NT_GNU_PROPERTY_TYPE_0 = 5, GNU_PROPERTY_X86_ISA_1_NEEDED = 0xc0008002;

/**
 * The x86-64 level that a file says it cannot do without (System V ABI, AMD64 supplement, "Program Property"): 1 to 4, or 0 if
 * it does not say. The dynamic linker refuses files that the processor does not suffice for.
 */
export function neededLevel(notes: readonly Note[]): number {
  let level = 0;
  for (const { owner, type, bytes } of notes) {
    if (owner !== "GNU" || type !== NT_GNU_PROPERTY_TYPE_0) continue;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + 12 <= bytes.length;) {
      const property = view.getUint32(at, true), size = view.getUint32(at + 4, true);
      if (property === GNU_PROPERTY_X86_ISA_1_NEEDED && size === 4) {
        level = Math.max(level, 32 - Math.clz32(view.getUint32(at + 8, true) & 15));
      }
      at += 8 + Math.ceil(size / 8) * 8;
    }
  }
  return level;
}
