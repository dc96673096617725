import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { Dentry } from "../vfs/dentry.ts";
import { type DirectoryEntry, DirectoryInode, FIRST_CHILD } from "../vfs/directory_inode.ts";
import type { FileDescription } from "../vfs/file_description.ts";
import type { FileSystem } from "../vfs/file_system.ts";
import { CTIME, Inode, MTIME, SymlinkInode } from "../vfs/inode.ts";
import { RegularFile } from "../vfs/regular_file.ts";
import { nameBytes } from "../vfs/name_length.ts";
import { contentsChanged, flushShared, type SharedPages } from "../memory/shared_pages.ts";
import { FileContents } from "./file_contents.ts";
import { MAX_FILE_BYTES } from "./limits.ts";
import { direntType } from "../abi/dirent.ts";
import { F_SEAL_GROW, F_SEAL_SHRINK } from "../abi/fcntl.ts";
import { EFBIG, EPERM } from "../abi/errno.ts";
import { S_IFDIR, S_IFLNK, S_IFREG } from "../abi/stat.ts";

/** Bytes an entry adds to a tmpfs directory's st_size (BOGO_DIRENT_SIZE). */
const DIRENT_SIZE = 20;

/** A regular file whose contents are in memory, over those of the image if it comes from there. */
export class MemoryFile extends Inode {
  static override readonly savedFields: readonly string[] = [...Inode.savedFields, "contents", "seals", "shared"];
  contents: FileContents;
  /** F_SEAL_ bits of a memfd; -1: not sealable. */
  seals = -1;
  /** Its pages while it is mapped with MAP_SHARED. */
  shared: SharedPages | null = null;

  constructor(fs: FileSystem, ino: number, mode: number, uid: number, gid: number, contents = new FileContents()) {
    super(fs, ino, S_IFREG | (mode & 0o7777), uid, gid);
    this.contents = contents;
  }

  override get size(): number {
    return this.contents.size;
  }
  override get blocks(): number {
    return this.contents.sectors;
  }

  override open(_k: Kernel, _t: Task, dentry: Dentry, _flags: number): FileDescription | number {
    return new RegularFile(dentry, this);
  }

  override truncate(k: Kernel, size: number): number {
    if (size > MAX_FILE_BYTES) return -EFBIG;
    if (this.seals > 0) {
      if (size < this.size && (this.seals & F_SEAL_SHRINK)) return -EPERM;
      if (size > this.size && (this.seals & F_SEAL_GROW)) return -EPERM;
    }
    const old = this.size;
    if (this.shared !== null) flushShared(k, this.shared);
    this.contents.truncate(size);
    // What is new in a file that grows is zero in memory, too.
    if (this.shared !== null) {
      contentsChanged(k, this.shared, Math.min(old, size), Math.max(old, Math.min(old, size) + 1));
    }
    this.touch(k, MTIME | CTIME);
    return 0;
  }

  override forget(): void {
    this.contents = new FileContents();
  }
}

export class MemorySymlink extends SymlinkInode {
  static override readonly savedFields: readonly string[] = [...Inode.savedFields, "path"];

  constructor(fs: FileSystem, ino: number, uid: number, gid: number, private readonly path: string) {
    super(fs, ino, S_IFLNK | 0o777, uid, gid);
  }

  override get size(): number {
    return nameBytes(this.path);
  }
  override text(): string {
    return this.path;
  }
}

/** A directory that can be changed: names made at run time, and below them those of the image (see RootfsDirectory). */
export class MemoryDirectory extends DirectoryInode {
  static override readonly savedFields: readonly string[] = [
    ...Inode.savedFields,
    "children",
    "added",
    "gone",
    "nextCookie",
  ];
  /** Names seen so far. Names of the image appear when they are first looked up. */
  readonly children = new Map<string, Dentry>();
  /** Names made at run time in the order of their cookies; null where one was taken out. */
  protected added: (Dentry | null)[] = [];
  protected gone = 0;
  protected nextCookie = FIRST_CHILD;

  constructor(fs: FileSystem, ino: number, mode: number, uid: number, gid: number) {
    super(fs, ino, S_IFDIR | (mode & 0o7777), uid, gid);
  }

  override get size(): number {
    return DIRENT_SIZE * (FIRST_CHILD + this.added.length - this.gone);
  }

  override lookup(_k: Kernel, _t: Task, self: Dentry, name: string): Dentry | null | number {
    return this.child(self, name);
  }

  child(_self: Dentry, name: string): Dentry | null {
    return this.children.get(name) ?? null;
  }

  override entryAt(_k: Kernel, _t: Task, position: number, out: DirectoryEntry): boolean {
    const low = this.indexFrom(position);
    if (low === this.added.length) return false;
    const child = this.added[low]!;
    const inode = child.mounted === null ? child.inode : child.mounted.root.inode;
    out.name = child.name;
    out.ino = inode.ino;
    out.type = direntType(inode.mode);
    out.next = child.cookie + 1;
    return true;
  }

  override changeRefused(): number {
    return 0;
  }

  override isEmpty(): boolean {
    return this.added.length === this.gone;
  }

  override attach(self: Dentry, name: string, inode: Inode): Dentry {
    const child = new Dentry(name, self, inode);
    this.enter(name, child);
    return child;
  }

  override adopt(self: Dentry, name: string, child: Dentry): void {
    child.name = name;
    child.parent = self;
    this.enter(name, child);
  }

  override detach(child: Dentry): void {
    this.children.delete(child.name);
    if (child.inode.isDirectory) this.nlink--;
    this.changed = true;
    if (child.cookie === 0) return;
    this.added[this.indexFrom(child.cookie)] = null;
    child.cookie = 0;
    if (++this.gone > 16 && this.gone * 2 > this.added.length) {
      this.added = this.added.filter((d) => d !== null);
      this.gone = 0;
    }
  }

  /** Index in `added` of the first child whose cookie is >= `position`. */
  private indexFrom(position: number): number {
    const added = this.added;
    let low = 0, high = added.length;
    while (low < high) {
      // Cookies ascend; a gap left by a removal is bridged by looking right of it.
      const middle = (low + high) >>> 1;
      let probe = middle;
      while (probe < high && added[probe] === null) probe++;
      if (probe < high && added[probe]!.cookie < position) low = probe + 1;
      else high = middle;
    }
    while (low < added.length && added[low] === null) low++;
    return low;
  }

  private enter(name: string, child: Dentry): void {
    child.cookie = this.nextCookie++;
    this.children.set(name, child);
    this.added.push(child);
    if (child.inode.isDirectory) this.nlink++;
    this.changed = true;
  }
}
