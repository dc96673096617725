/** Regions that helpers made, as bytes for another thread. */
import type { MadeRegion } from "./region_sharing.ts";

/** What a helper was asked for and, unless it was too large, made. */
export interface Answer {
  pc: number;
  made: MadeRegion | null;
}

/** Words before each answer: pc, words of all of it, least depth, flags, and the lengths of LISTS and BYTES. */
const HEAD = 4;
const LISTS = 8, BYTES = 3;
const IS_MADE = 1, IS_FUSED = 2, HAS_NO_DEPTH = 4;

export function encodeAnswers(answers: readonly Answer[]): SharedArrayBuffer {
  const plans = answers.map(planOf), words = plans.reduce((n, plan) => n + plan.words, 0);
  const buffer = new SharedArrayBuffer(4 * words), out = new Int32Array(buffer), bytes = new Uint8Array(buffer);
  let at = 0;
  for (const { pc, made, lists, blobs, words } of plans) {
    const end = at + words;
    out[at] = pc;
    out[at + 1] = words;
    if (made !== null) {
      const { minDepth, fused } = made.region, isFinite = minDepth !== -Infinity;
      out[at + 2] = isFinite ? minDepth : 0;
      out[at + 3] = IS_MADE | (fused ? IS_FUSED : 0) | (isFinite ? 0 : HAS_NO_DEPTH);
    }
    at += HEAD;
    for (const list of lists) out[at++] = list.length;
    for (const blob of blobs) out[at++] = blob.length;
    for (const list of lists) {
      out.set(list, at);
      at += list.length;
    }
    let byte = 4 * at;
    for (const blob of blobs) {
      bytes.set(blob, byte);
      byte += blob.length;
    }
    at = end;
  }
  return buffer;
}

interface Plan extends Answer {
  lists: ArrayLike<number>[];
  blobs: Uint8Array[];
  words: number;
}

function planOf({ pc, made }: Answer): Plan {
  if (made === null) return { pc, made, lists: [], blobs: [], words: HEAD };
  const { region: { traps, openCalls, targets, sideEntries, resumePoints, body, hints }, asked, blocks } = made;
  const sides = sideEntries.flatMap(({ pc, number }) => [pc, number]);
  const lists = [traps.notes, traps.sites, openCalls, targets, sides, resumePoints, asked, blocks];
  const rows = made.unsupported.length === 0 ? NO_BYTES : new TextEncoder().encode(JSON.stringify(made.unsupported));
  const blobs = [body, hints, rows];
  const bytes = blobs.reduce((n, { length }) => n + length, 0);
  const words = HEAD + LISTS + BYTES + lists.reduce((n, { length }) => n + length, 0) + (bytes + 3 >> 2);
  return { pc, made, lists, blobs, words };
}

const NO_BYTES = new Uint8Array(0);

/** Views of the buffer, which has to stay as it is. */
export function decodeAnswers(buffer: ArrayBufferLike): Answer[] {
  const all = new Int32Array(buffer), answers: Answer[] = [];
  for (let at = 0; at < all.length; at += all[at + 1]) answers.push({ pc: all[at] >>> 0, made: decodeMade(all, at) });
  return answers;
}

function decodeMade(all: Int32Array, start: number): MadeRegion | null {
  const flags = all[start + 3];
  if ((flags & IS_MADE) === 0) return null;
  let length = start + HEAD, at = length + LISTS + BYTES;
  const list = () => all.subarray(at, at += all[length++]);
  const addresses = () => Array.from(list(), (pc) => pc >>> 0);
  const notes = list(), sites = list(), openCalls = list(), targets = addresses();
  const sides = list(), resumePoints = list(), asked = addresses(), blocks = addresses();
  let byte = 4 * at;
  const blob = () => {
    const bytes = new Uint8Array(all.buffer, byte, all[length++]);
    byte += bytes.length;
    return bytes;
  };
  const body = blob(), hints = blob(), rows = blob();
  const sideEntries = Array.from({ length: sides.length / 2 }, (_, i) => ({
    pc: sides[2 * i] >>> 0,
    number: sides[2 * i + 1],
  }));
  return {
    region: {
      entryPc: all[start] >>> 0,
      body,
      hints,
      traps: { notes, sites },
      sideEntries,
      resumePoints,
      minDepth: flags & HAS_NO_DEPTH ? -Infinity : all[start + 2],
      fused: (flags & IS_FUSED) !== 0,
      openCalls,
      targets,
    },
    asked,
    blocks,
    // Text in shared memory cannot be decoded.
    unsupported: rows.length === 0 ? [] : JSON.parse(new TextDecoder().decode(new Uint8Array(rows))),
  };
}
