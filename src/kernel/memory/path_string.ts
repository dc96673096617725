import type { Task } from "../task/task.ts";
import { encodeBytes } from "./byte_string.ts";
import { readableRange, readCString } from "./user_memory.ts";

/** Paths that were read lately, by where they stood in memory: servers ask for the same ones from the same buffers. */
const SLOTS = 64, LENGTH_MAX = 255;
const knownBytes: (Uint8Array | undefined)[] = new Array(SLOTS).fill(undefined);
const knownTexts: string[] = new Array(SLOTS).fill("");

/**
 * readCString() for paths. To compare the bytes with those that stood there last costs a tenth of making text of them, and text
 * that is the same object is found sooner in what is kept by it.
 */
export function readPath(t: Task, pointer: number): string | number {
  const slot = (pointer ^ (pointer >>> 6)) & (SLOTS - 1), known = knownBytes[slot];
  const at = known === undefined ? -1 : readableRange(t, pointer, known.length);
  if (at >= 0 && begins(t.memory.u8, at, known!)) return knownTexts[slot];
  const text = readCString(t, pointer);
  if (typeof text === "string" && text.length <= LENGTH_MAX) {
    // With the NUL: a longer path may begin with a known one.
    knownBytes[slot] = encodeBytes(`${text}\0`);
    knownTexts[slot] = text;
  }
  return text;
}

function begins(bytes: Uint8Array, at: number, known: Uint8Array): boolean {
  const { length } = known;
  for (let i = 0; i < length; i++) if (bytes[at + i] !== known[i]) return false;
  return true;
}
