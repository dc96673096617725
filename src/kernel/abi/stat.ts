/** File modes and struct stat: include/uapi/linux/stat.h, arch/x86/include/uapi/asm/stat.h. */

export const S_IFMT = 0o170000, S_IFSOCK = 0o140000, S_IFLNK = 0o120000, S_IFREG = 0o100000, S_IFBLK = 0o060000;
export const S_IFDIR = 0o040000, S_IFCHR = 0o020000, S_IFIFO = 0o010000;
export const S_ISUID = 0o4000, S_ISGID = 0o2000, S_ISVTX = 0o1000;
export const S_IXGRP = 0o010;
/** Permission bits with set-id and sticky: what chmod sets. */
export const S_IALLUGO = 0o7777;

export const STAT_BYTES = 144;

/** dev_t as the kernel packs it: 12 bits of major, 20 of minor. */
export function makedev(major: number, minor: number): number {
  return (minor & 0xff) | ((major & 0xfff) << 8) | ((minor & ~0xff) << 12);
}
export function majorOf(dev: number): number {
  return (dev >>> 8) & 0xfff;
}
export function minorOf(dev: number): number {
  return (dev & 0xff) | ((dev >>> 12) & 0xfff00);
}

/** What stat and statx show of a file. Times are seconds since the epoch (possibly negative) and nanoseconds. */
export interface Attributes {
  readonly dev: number;
  readonly ino: number;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: number;
  readonly size: number;
  readonly blksize: number;
  /** In 512-byte units. */
  readonly blocks: number;
  readonly atimeSec: number;
  readonly atimeNsec: number;
  readonly mtimeSec: number;
  readonly mtimeNsec: number;
  readonly ctimeSec: number;
  readonly ctimeNsec: number;
}

/** A 64-bit integer from a double, little-endian, two's complement. */
export function setInt64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setInt32(at + 4, Math.floor(value / 0x100000000), true);
}

/** A signed 64-bit integer as a double (exact below 2^53). */
export function getInt64(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * 0x100000000 + view.getUint32(at, true);
}

/** Writes struct stat (STAT_BYTES) at `at`. */
export function writeStat(view: DataView, at: number, a: Attributes): void {
  setInt64(view, at, a.dev);
  setInt64(view, at + 8, a.ino);
  setInt64(view, at + 16, a.nlink);
  view.setUint32(at + 24, a.mode, true);
  view.setUint32(at + 28, a.uid, true);
  view.setUint32(at + 32, a.gid, true);
  view.setUint32(at + 36, 0, true);
  setInt64(view, at + 40, a.rdev);
  setInt64(view, at + 48, a.size);
  setInt64(view, at + 56, a.blksize);
  setInt64(view, at + 64, a.blocks);
  setInt64(view, at + 72, a.atimeSec);
  setInt64(view, at + 80, a.atimeNsec);
  setInt64(view, at + 88, a.mtimeSec);
  setInt64(view, at + 96, a.mtimeNsec);
  setInt64(view, at + 104, a.ctimeSec);
  setInt64(view, at + 112, a.ctimeNsec);
  setInt64(view, at + 120, 0);
  setInt64(view, at + 128, 0);
  setInt64(view, at + 136, 0);
}
