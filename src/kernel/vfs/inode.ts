import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import type { Dentry } from "./dentry.ts";
import type { FileDescription } from "./file_description.ts";
import type { FileSystem } from "./file_system.ts";
import type { FileLocks } from "./locks.ts";
import type { InotifyWatch } from "../fs/inotify.ts";
import { type Attributes, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from "../abi/stat.ts";
import { EINVAL, ENXIO } from "../abi/errno.ts";

/** Which times touch() sets. */
export const ATIME = 1, MTIME = 2, CTIME = 4;

/** A file, apart from its names (dentries) and its openings (descriptions). Fields are what stat shows. */
export abstract class Inode implements Attributes {
  static readonly savedFields: readonly string[] = [
    "fs",
    "ino",
    "mode",
    "nlink",
    "uid",
    "gid",
    "rdev",
    "atimeSec",
    "atimeNsec",
    "mtimeSec",
    "mtimeNsec",
    "ctimeSec",
    "ctimeNsec",
    "openCount",
    "changed",
    "locks",
    "watches",
    "xattrs",
  ];

  nlink = 1;
  rdev = 0;
  atimeSec = 0;
  atimeNsec = 0;
  mtimeSec = 0;
  mtimeNsec = 0;
  ctimeSec = 0;
  ctimeNsec = 0;
  /** Descriptions open on this inode. */
  openCount = 0;
  /** Differs from what the image has, so a snapshot must keep it. Always true for files made at run time. */
  changed = true;
  locks: FileLocks | null = null;
  watches: InotifyWatch[] | null = null;
  xattrs: Map<string, Uint8Array> | null = null;

  constructor(
    readonly fs: FileSystem,
    readonly ino: number,
    public mode: number,
    public uid: number,
    public gid: number,
  ) {}

  get dev(): number {
    return this.fs.dev;
  }
  get size(): number {
    return 0;
  }
  get blksize(): number {
    return 4096;
  }
  get blocks(): number {
    return 0;
  }
  get isDirectory(): boolean {
    return (this.mode & S_IFMT) === S_IFDIR;
  }
  get isSymlink(): boolean {
    return (this.mode & S_IFMT) === S_IFLNK;
  }
  get isRegular(): boolean {
    return (this.mode & S_IFMT) === S_IFREG;
  }

  /** Sets the chosen times to now. */
  touch(k: Kernel, which: number): void {
    const ms = k.clock.realtimeMs();
    const sec = Math.floor(ms / 1000);
    const nsec = Math.floor((ms - sec * 1000) * 1e6);
    if (which & ATIME) {
      this.atimeSec = sec;
      this.atimeNsec = nsec;
    }
    if (which & MTIME) {
      this.mtimeSec = sec;
      this.mtimeNsec = nsec;
    }
    if (which & CTIME) {
      this.ctimeSec = sec;
      this.ctimeNsec = nsec;
    }
    // Times of reading alone are not worth keeping an image file in the snapshot.
    if (which !== ATIME) this.changed = true;
  }

  /**
   * A read: atime as mount option relatime has it, only if it is not later than the last change. (That a day-old atime is
   * renewed too is left out: it would cost a look at the clock with every read.)
   */
  accessed(k: Kernel): void {
    if (this.fs.readOnly) return;
    const { atimeSec: sec, atimeNsec: nsec } = this;
    const isLater = (sec > this.mtimeSec || (sec === this.mtimeSec && nsec > this.mtimeNsec)) &&
      (sec > this.ctimeSec || (sec === this.ctimeSec && nsec > this.ctimeNsec));
    if (!isLater) this.touch(k, ATIME);
  }

  /** A new description, permissions already checked; -errno if this kind of file cannot be opened so. */
  open(_k: Kernel, _t: Task, _dentry: Dentry, _flags: number): FileDescription | number {
    return -ENXIO;
  }

  /** Sets the length of a regular file. */
  truncate(_k: Kernel, _size: number): number {
    return -EINVAL;
  }

  /** The last name and the last opening are gone: contents may be dropped. */
  forget(): void {}
}

/** A symbolic link whose text is followed; procfs's magic links override target(). */
export abstract class SymlinkInode extends Inode {
  /** What readlink shows. */
  abstract text(k: Kernel, t: Task): string | number;
  /** Where the link leads when it is not to be walked by its text (procfs), else null. */
  target(_k: Kernel, _t: Task): Dentry | number | null {
    return null;
  }
}
