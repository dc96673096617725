/** Bytes that a name or path takes as the guest sees it: UTF-8, with escaped bytes (memory/byte_string.ts) counting one. */
export function nameBytes(name: string): number {
  let bytes = name.length;
  // Short ASCII names are the rule; a name of n UTF-16 units has at most 3n bytes.
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    if (c < 0x80) continue;
    if (c < 0x800) bytes += 1;
    else if (c >= 0xd800 && c < 0xdc00) {
      bytes += 2; // A pair is two units and four bytes.
      i++;
    } else if (c < 0xdc00 || c > 0xdfff) bytes += 2;
  }
  return bytes;
}
