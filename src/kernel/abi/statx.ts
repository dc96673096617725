import { type Attributes, majorOf, minorOf, setInt64 } from "./stat.ts";

/** struct statx and its masks: include/uapi/linux/stat.h. */
export const STATX_BYTES = 256;
export const STATX_BASIC_STATS = 0x7ff, STATX_BTIME = 0x800, STATX_MNT_ID = 0x1000, STATX__RESERVED = 0x80000000;
export const STATX_ATTR_MOUNT_ROOT = 0x2000;

/** Writes struct statx (STATX_BYTES) at `at`: the basic fields, the birth time as far as known and the mount id. */
export function writeStatx(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  a: Attributes,
  mountId: number,
  isMountRoot: boolean,
): void {
  bytes.fill(0, at, at + STATX_BYTES);
  view.setUint32(at, STATX_BASIC_STATS | STATX_MNT_ID, true);
  view.setUint32(at + 4, a.blksize, true);
  view.setUint32(at + 8, isMountRoot ? STATX_ATTR_MOUNT_ROOT : 0, true);
  view.setUint32(at + 16, a.nlink, true);
  view.setUint32(at + 20, a.uid, true);
  view.setUint32(at + 24, a.gid, true);
  view.setUint16(at + 28, a.mode, true);
  setInt64(view, at + 32, a.ino);
  setInt64(view, at + 40, a.size);
  setInt64(view, at + 48, a.blocks);
  view.setUint32(at + 56, STATX_ATTR_MOUNT_ROOT, true); // attributes_mask
  setTimestamp(view, at + 64, a.atimeSec, a.atimeNsec);
  setTimestamp(view, at + 96, a.ctimeSec, a.ctimeNsec);
  setTimestamp(view, at + 112, a.mtimeSec, a.mtimeNsec);
  view.setUint32(at + 128, majorOf(a.rdev), true);
  view.setUint32(at + 132, minorOf(a.rdev), true);
  view.setUint32(at + 136, majorOf(a.dev), true);
  view.setUint32(at + 140, minorOf(a.dev), true);
  setInt64(view, at + 144, mountId);
}

function setTimestamp(view: DataView, at: number, sec: number, nsec: number): void {
  setInt64(view, at, sec);
  view.setUint32(at + 8, nsec, true);
}
