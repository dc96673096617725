import { setInt64 } from "./stat.ts";

/** struct linux_dirent64 and linux_dirent: include/linux/dirent.h, fs/readdir.c. */

export const DT_UNKNOWN = 0, DT_FIFO = 1, DT_CHR = 2, DT_DIR = 4, DT_BLK = 6, DT_REG = 8, DT_LNK = 10, DT_SOCK = 12;

/** d_type is the file type of st_mode, shifted down. */
export function direntType(mode: number): number {
  return (mode >>> 12) & 15;
}

/** Bytes of one record: header 19, name, NUL, rounded up to 8. */
export function dirent64Bytes(nameBytes: number): number {
  return (19 + nameBytes + 1 + 7) & ~7;
}

export function writeDirent64(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  ino: number,
  nextOffset: number,
  type: number,
  name: Uint8Array,
): void {
  const length = dirent64Bytes(name.length);
  setInt64(view, at, ino);
  setInt64(view, at + 8, nextOffset);
  view.setUint16(at + 16, length, true);
  bytes[at + 18] = type;
  bytes.set(name, at + 19);
  bytes.fill(0, at + 19 + name.length, at + length);
}

/** Bytes of one old record: header 18, name, NUL, d_type in the last byte, rounded up to 8. */
export function direntBytes(nameBytes: number): number {
  return (18 + nameBytes + 2 + 7) & ~7;
}

export function writeDirent(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  ino: number,
  nextOffset: number,
  type: number,
  name: Uint8Array,
): void {
  const length = direntBytes(name.length);
  setInt64(view, at, ino);
  setInt64(view, at + 8, nextOffset);
  view.setUint16(at + 16, length, true);
  bytes.set(name, at + 18);
  bytes.fill(0, at + 18 + name.length, at + length);
  bytes[at + length - 1] = type;
}
