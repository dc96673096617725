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
