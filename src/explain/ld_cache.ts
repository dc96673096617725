/** /etc/ld.so.cache of glibc: where ldconfig found libraries (glibc, sysdeps/generic/dl-cache.h). */

const MAGIC = "glibc-ld.so.cache1.1", OLD_MAGIC = "ld.so-1.7.0";
const HEADER_BYTES = 48, ENTRY_BYTES = 24, OLD_HEADER_BYTES = 16, OLD_ENTRY_BYTES = 12;
/** flags of entries: an ELF library for x86-64. */
const FLAG_TYPE = 0xff, FLAG_ELF_LIBC6 = 3, FLAG_ARCHITECTURE = 0xff00, FLAG_X8664 = 0x300;

/** Paths by library name, the preferred one first; empty if the file is of a kind not known. */
export function parseLdCache(file: Uint8Array): Map<string, string[]> {
  const libraries = new Map<string, string[]>();
  const start = newFormat(file);
  if (start < 0) return libraries;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const count = view.getUint32(start + 20, true);
  const text = (offset: number) => {
    const at = start + offset, nul = file.indexOf(0, at);
    return new TextDecoder().decode(file.subarray(at, nul < 0 ? file.length : nul));
  };
  for (let i = 0; i < count; i++) {
    const at = start + HEADER_BYTES + i * ENTRY_BYTES;
    if (at + ENTRY_BYTES > file.length) break;
    const flags = view.getUint32(at, true);
    if ((flags & FLAG_TYPE) !== FLAG_ELF_LIBC6 || (flags & FLAG_ARCHITECTURE) !== FLAG_X8664) continue;
    const name = text(view.getUint32(at + 4, true)), path = text(view.getUint32(at + 8, true));
    const known = libraries.get(name);
    if (known === undefined) libraries.set(name, [path]);
    else known.push(path);
  }
  return libraries;
}

/** Offset of the new format's header, which may stand behind the old format's table; -1 if there is none. */
function newFormat(file: Uint8Array): number {
  const isAt = (magic: string, at: number) =>
    at + HEADER_BYTES <= file.length && new TextDecoder().decode(file.subarray(at, at + magic.length)) === magic;
  if (isAt(MAGIC, 0)) return 0;
  if (!isAt(OLD_MAGIC, 0)) return -1;
  const count = new DataView(file.buffer, file.byteOffset, file.byteLength).getUint32(12, true);
  const behind = Math.ceil((OLD_HEADER_BYTES + count * OLD_ENTRY_BYTES) / 8) * 8;
  return isAt(MAGIC, behind) ? behind : -1;
}
