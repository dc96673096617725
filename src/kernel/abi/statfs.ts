import { setInt64 } from "./stat.ts";

/** struct statfs and the magic numbers of file systems: arch/x86 asm/statfs.h, include/uapi/linux/magic.h. */
export const STATFS_BYTES = 120;

export const OVERLAYFS_SUPER_MAGIC = 0x794c7630, TMPFS_MAGIC = 0x01021994, PROC_SUPER_MAGIC = 0x9fa0;
export const SYSFS_MAGIC = 0x62656572, PIPEFS_MAGIC = 0x50495045, SOCKFS_MAGIC = 0x534f434b;
export const ANON_INODE_FS_MAGIC = 0x09041934, DEVPTS_SUPER_MAGIC = 0x1cd1, CGROUP2_SUPER_MAGIC = 0x63677270;

export const ST_RDONLY = 1, ST_NOSUID = 2, ST_NODEV = 4, ST_NOEXEC = 8, ST_VALID = 0x20, ST_RELATIME = 0x1000;

export interface FileSystemStatistics {
  readonly type: number;
  readonly blockSize: number;
  readonly blocks: number;
  readonly blocksFree: number;
  readonly files: number;
  readonly filesFree: number;
  readonly flags: number;
  readonly id: number;
}

export function writeStatfs(view: DataView, at: number, s: FileSystemStatistics): void {
  setInt64(view, at, s.type);
  setInt64(view, at + 8, s.blockSize);
  setInt64(view, at + 16, s.blocks);
  setInt64(view, at + 24, s.blocksFree);
  setInt64(view, at + 32, s.blocksFree);
  setInt64(view, at + 40, s.files);
  setInt64(view, at + 48, s.filesFree);
  view.setUint32(at + 56, s.id, true);
  view.setUint32(at + 60, 0, true);
  setInt64(view, at + 64, 255); // f_namelen
  setInt64(view, at + 72, s.blockSize); // f_frsize
  setInt64(view, at + 80, s.flags | ST_VALID);
  for (let i = 88; i < STATFS_BYTES; i += 8) setInt64(view, at + i, 0);
}
