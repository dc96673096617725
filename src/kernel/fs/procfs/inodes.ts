import type { Kernel } from "../../kernel.ts";
import { encodeBytes } from "../../memory/byte_string.ts";
import type { Task } from "../../task/task.ts";
import { Dentry, pathOf } from "../../vfs/dentry.ts";
import { type DirectoryEntry, DirectoryInode, FIRST_CHILD } from "../../vfs/directory_inode.ts";
import type { FileDescription } from "../../vfs/file_description.ts";
import type { FileSystem } from "../../vfs/file_system.ts";
import { Inode, SymlinkInode } from "../../vfs/inode.ts";
import { InodeDescription } from "../../vfs/inode_description.ts";
import { decodeBytes } from "../../memory/byte_string.ts";
import { direntType } from "../../abi/dirent.ts";
import { SEEK_CUR, SEEK_SET } from "../../abi/fcntl.ts";
import { EINVAL, EIO } from "../../abi/errno.ts";
import { POLL_READABLE, POLL_WRITABLE } from "../../abi/poll.ts";
import { S_IFDIR, S_IFLNK, S_IFREG } from "../../abi/stat.ts";

/**
 * Inodes of procfs and sysfs are made anew on each lookup and hold only what says which entry they are, so that an open
 * one can be saved; contents are made when they are read.
 */
export abstract class GeneratedFile extends Inode {
  constructor(fs: FileSystem, ino: number, permissions: number, uid = 0, gid = 0) {
    super(fs, ino, S_IFREG | permissions, uid, gid);
  }

  /** The contents, or -errno. */
  abstract generate(k: Kernel, t: Task): string | Uint8Array | number;

  /** A write of `text`; 0 or -errno. */
  accept(_k: Kernel, _t: Task, _text: string): number {
    return -EIO;
  }

  override open(_k: Kernel, _t: Task, dentry: Dentry, _flags: number): FileDescription | number {
    return new GeneratedDescription(dentry, this);
  }

  /** O_TRUNC is taken and ignored. */
  override truncate(): number {
    return 0;
  }
}

/** An open generated file: one text from the first read to the last, made again when reading starts over (seq_file). */
export class GeneratedDescription extends InodeDescription<GeneratedFile> {
  static override readonly savedFields: readonly string[] = [...InodeDescription.savedFields, "contents"];
  private contents: Uint8Array = new Uint8Array(0);

  poll(): number {
    return POLL_READABLE | POLL_WRITABLE;
  }
  describe(): string {
    return pathOf(this.dentry!, this.inode.fs.root);
  }
  override get canBeWatched(): boolean {
    return false;
  }
  override get writesInPieces(): boolean {
    return false;
  }

  override read(k: Kernel, t: Task, bytes: Uint8Array, at: number, length: number): number {
    const n = this.pread(k, t, bytes, at, length, this.offset);
    if (n > 0) this.offset += n;
    return n;
  }

  override pread(k: Kernel, t: Task, bytes: Uint8Array, at: number, length: number, position: number): number {
    if (position === 0) {
      const made = this.inode.generate(k, t);
      if (typeof made === "number") return made;
      this.contents = typeof made === "string" ? encodeBytes(made) : made;
    }
    const n = Math.max(0, Math.min(length, this.contents.length - position));
    bytes.set(this.contents.subarray(position, position + n), at);
    return n;
  }

  override write(k: Kernel, t: Task, bytes: Uint8Array, at: number, length: number): number {
    const result = this.inode.accept(k, t, decodeBytes(bytes, at, at + length));
    return result < 0 ? result : length;
  }

  override pwrite(k: Kernel, t: Task, bytes: Uint8Array, at: number, length: number, _position: number): number {
    return this.write(k, t, bytes, at, length);
  }

  override seek(_k: Kernel, offset: number, whence: number): number {
    const to = whence === SEEK_SET ? offset : whence === SEEK_CUR ? this.offset + offset : -1;
    return to < 0 ? -EINVAL : this.offset = to;
  }
}

/** A directory whose entries are made on demand. */
export abstract class GeneratedDirectory extends DirectoryInode {
  constructor(fs: FileSystem, ino: number, permissions = 0o555, uid = 0, gid = 0) {
    super(fs, ino, S_IFDIR | permissions, uid, gid);
  }

  /** Names in the directory, in order. */
  abstract names(k: Kernel, t: Task): readonly string[];
  /** The inode of a name; null if there is none. */
  abstract entry(k: Kernel, t: Task, name: string): Inode | null;

  override lookup(k: Kernel, t: Task, self: Dentry, name: string): Dentry | null {
    const inode = this.entry(k, t, name);
    if (inode === null) return null;
    for (const d of this.fs.innerMounts) if (d.inode.ino === inode.ino) return d;
    inode.touch(k, ALL_TIMES);
    return new Dentry(name, self, inode);
  }

  override entryAt(k: Kernel, t: Task, position: number, out: DirectoryEntry): boolean {
    const names = this.names(k, t);
    for (let i = position - FIRST_CHILD; i < names.length; i++) {
      const inode = this.entry(k, t, names[i]);
      if (inode === null) continue;
      out.name = names[i];
      out.ino = inode.ino;
      out.type = direntType(inode.mode);
      out.next = i + FIRST_CHILD + 1;
      return true;
    }
    return false;
  }
}

const ALL_TIMES = 7;

/** A link whose text is made on demand. */
export abstract class GeneratedLink extends SymlinkInode {
  constructor(fs: FileSystem, ino: number, uid = 0, gid = 0) {
    super(fs, ino, S_IFLNK | 0o777, uid, gid);
  }
}

/** A stable inode number from a path: FNV-1a, kept clear of the small numbers. */
export function inodeNumberOf(path: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193);
  return 0xf0000000 + ((hash >>> 4) & 0x0fffffff);
}
