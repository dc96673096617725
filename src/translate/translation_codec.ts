/** Translations as bytes, to be kept in files. */
import { badInput } from "../errors.ts";
import type { Translation } from "./translate.ts";

const MAGIC = 0x5254474c; // "LGTR"
const PARTS = ["wasm", "traps", "resume", "frames", "entries"] as const;

/** What is small, as JSON. */
type Head = Pick<Translation, "name" | "firstSlot" | "stats"> & {
  unsupported: (Omit<Translation["unsupported"][number], "bytes"> & { bytes: number[] })[];
  lengths: number[];
};

export function encodeTranslation(t: Translation): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encodeInto(t, (length) => new ArrayBuffer(length)));
}

/** The same for another thread to read: without a copy in between, which would be as large as the code. */
export function encodeShared(t: Translation): SharedArrayBuffer {
  return encodeInto(t, (length) => new SharedArrayBuffer(length));
}

function encodeInto<T extends ArrayBufferLike>(t: Translation, make: (length: number) => T): T {
  const parts = partsOf(t);
  const head: Head = {
    name: t.name,
    firstSlot: t.firstSlot,
    stats: t.stats,
    unsupported: t.unsupported.map((u) => ({ ...u, bytes: [...u.bytes] })),
    lengths: parts.map((p) => p.length),
  };
  const json = new TextEncoder().encode(JSON.stringify(head));
  const buffer = make(8 + json.length + parts.reduce((n, p) => n + p.length, 0));
  const out = new Uint8Array(buffer), view = new DataView(buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, json.length, true);
  out.set(json, 8);
  let at = 8 + json.length;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return buffer;
}

/** Throws a TranslatorError if the bytes are nothing that encodeTranslation gives. */
export function decodeTranslation(bytes: Uint8Array): Translation {
  const bad = () => badInput("not a translation");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8 || view.getUint32(0, true) !== MAGIC) throw bad();
  const jsonEnd = 8 + view.getUint32(4, true);
  if (jsonEnd > bytes.length) throw bad();
  let head: Head;
  try {
    head = JSON.parse(new TextDecoder().decode(bytes.slice(8, jsonEnd)));
  } catch {
    throw bad();
  }
  const { name, firstSlot, stats, unsupported, lengths } = head ?? {};
  const isWhole = Array.isArray(lengths) && lengths.length === PARTS.length &&
    lengths.every((n) => Number.isInteger(n) && n >= 0) &&
    lengths.reduce((n, length) => n + length, jsonEnd) === bytes.length;
  if (!isWhole || typeof name !== "string" || typeof stats !== "object" || !Array.isArray(unsupported)) throw bad();
  let at = jsonEnd;
  // Copies, each with a buffer of its own.
  const [wasm, traps, resume, frames, entries] = lengths.map((n) => new Uint8Array(bytes.subarray(at, at += n)));
  if (frames.length % 4 !== 0 || entries.length % 4 !== 0 || !Number.isInteger(firstSlot)) throw bad();
  return {
    name,
    wasm,
    entries: [...new Uint32Array(entries.buffer)],
    firstSlot,
    traps,
    resume,
    frames: new Uint32Array(frames.buffer),
    unsupported: unsupported.map((u) => ({ ...u, bytes: Uint8Array.from(u.bytes) })),
    stats,
  };
}

function partsOf({ wasm, traps, resume, frames, entries }: Translation): Uint8Array[] {
  return [wasm, traps, resume, new Uint8Array(frames.buffer), new Uint8Array(Uint32Array.from(entries).buffer)];
}
