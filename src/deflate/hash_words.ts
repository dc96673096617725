/** FNV-1a over the bytes behind the last whole 32-bit word, then the words: any one that is another makes another hash. */
export function hashWords(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let hash = 0x811c9dc5;
  const end = bytes.length & ~3;
  for (let at = end; at < bytes.length; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193);
  for (let at = 0; at < end; at += 4) hash = Math.imul(hash ^ view.getUint32(at, true), 0x01000193);
  return hash >>> 0;
}
