import type { Dentry } from "./dentry.ts";
import {
  type FileSystemStatistics,
  OVERLAYFS_SUPER_MAGIC,
  ST_RDONLY,
  ST_RELATIME,
  TMPFS_MAGIC,
} from "../abi/statfs.ts";

const NOMINAL_BLOCKS = 262144; // 1 GiB
const NOMINAL_FILES = 1048576;

/** One mounted file system (Linux's super_block and its only mount). */
export class FileSystem {
  static readonly savedFields: readonly string[] = [
    "type",
    "dev",
    "magic",
    "mountId",
    "root",
    "mountPoint",
    "innerMounts",
    "readOnly",
    "options",
    "source",
    "nextIno",
  ];
  root!: Dentry;
  /** The dentry this hides; null for the root file system and for those that are mounted nowhere (pipes). */
  mountPoint: Dentry | null = null;
  /** Dentries in this file system that others are mounted on, where it does not keep its dentries (procfs, sysfs). */
  readonly innerMounts: Dentry[] = [];
  readOnly = false;
  /** Options shown in /proc/mounts, after rw/ro. */
  options = "relatime";
  source: string;
  mountId: number;
  nextIno = 1;

  constructor(
    /** Name as in /proc/filesystems. */
    readonly type: string,
    /** Minor number of the anonymous device that st_dev shows. */
    readonly dev: number,
    readonly magic: number,
  ) {
    this.source = type;
    this.mountId = 20 + dev;
  }

  allocateIno(): number {
    return this.nextIno++;
  }

  /** statfs(2). Sizes are nominal: memory is what limits, and it is shared with everything else. */
  statistics(): FileSystemStatistics {
    const stores = this.magic === OVERLAYFS_SUPER_MAGIC || this.magic === TMPFS_MAGIC;
    return {
      type: this.magic,
      blockSize: 4096,
      blocks: stores ? NOMINAL_BLOCKS : 0,
      blocksFree: stores ? NOMINAL_BLOCKS / 2 : 0,
      files: stores ? NOMINAL_FILES : 0,
      filesFree: stores ? NOMINAL_FILES / 2 : 0,
      flags: (this.readOnly ? ST_RDONLY : 0) | ST_RELATIME,
      id: this.dev,
    };
  }
}
