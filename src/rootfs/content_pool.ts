import { compareBytes } from "./names.ts";

/** Numbers contents in the order in which they first come; equal bytes get the same number. */
export class ContentPool {
  readonly contents: Uint8Array[] = [];
  private readonly idsByHash = new Map<string, number[]>();

  /** The number of this content. */
  add(content: Uint8Array): number {
    const key = `${content.length}:${hashWords(content)}`;
    const ids = this.idsByHash.get(key);
    const known = ids?.find((id) => compareBytes(this.contents[id], content) === 0);
    if (known !== undefined) return known;
    const id = this.contents.push(content) - 1;
    if (ids === undefined) this.idsByHash.set(key, [id]);
    else ids.push(id);
    return id;
  }
}

// FNV-1a over 32-bit words: only finds candidates, equality is decided by the bytes.
function hashWords(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let hash = 0x811c9dc5;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) hash = Math.imul(hash ^ view.getUint32(at, true), 0x01000193);
  for (; at < bytes.length; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193);
  return hash >>> 0;
}
