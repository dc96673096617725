import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import type { Dentry } from "./dentry.ts";
import type { FileDescription } from "./file_description.ts";
import type { FileSystem } from "./file_system.ts";
import { Inode } from "./inode.ts";
import { DirectoryDescription } from "./directory_description.ts";
import { EPERM } from "../abi/errno.ts";

/** One name as getdents shows it. Reused: a listing fills the same object again and again. */
export class DirectoryEntry {
  name = "";
  ino = 0;
  /** DT_ constant. */
  type = 0;
  /** Position after this entry. */
  next = 0;
}

/** Position of a directory's first child: "." and ".." come before. */
export const FIRST_CHILD = 2;

export abstract class DirectoryInode extends Inode {
  /** Child dentry of `self` (a dentry of this inode), null if there is none, or -errno. */
  abstract lookup(k: Kernel, t: Task, self: Dentry, name: string): Dentry | null | number;

  /** Fills `out` with the first child at or after `position` (>= FIRST_CHILD); false at the end. */
  abstract entryAt(k: Kernel, t: Task, position: number, out: DirectoryEntry): boolean;

  /** Whether entries may be made and removed here; 0 or the errno that says why not (EPERM as in procfs). */
  changeRefused(): number {
    return -EPERM;
  }
  isEmpty(): boolean {
    return false;
  }
  /** Enters `inode` under `name`, which is free. The caller has checked everything. */
  attach(_self: Dentry, _name: string, _inode: Inode): Dentry {
    throw new Error("directory cannot be changed");
  }
  /** Takes a child's name out. */
  detach(_child: Dentry): void {
    throw new Error("directory cannot be changed");
  }
  /** Moves an existing dentry in under a new name (rename). */
  adopt(_self: Dentry, _name: string, _child: Dentry): void {
    throw new Error("directory cannot be changed");
  }

  override open(_k: Kernel, _t: Task, dentry: Dentry, _flags: number): FileDescription | number {
    return new DirectoryDescription(dentry, this);
  }

  constructor(fs: FileSystem, ino: number, mode: number, uid: number, gid: number) {
    super(fs, ino, mode, uid, gid);
    this.nlink = 2;
  }
}
