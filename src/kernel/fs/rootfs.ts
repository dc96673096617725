import type { InodeNumber, Tree } from "../../rootfs/tree.ts";
import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { Dentry } from "../vfs/dentry.ts";
import { type DirectoryEntry, FIRST_CHILD } from "../vfs/directory_inode.ts";
import { FileSystem } from "../vfs/file_system.ts";
import { Inode } from "../vfs/inode.ts";
import { FileContents, type LowerBytes } from "./file_contents.ts";
import { MemoryDirectory, MemoryFile, MemorySymlink } from "./memory_inodes.ts";
import { FifoInode } from "./pipe.ts";
import { OVERLAYFS_SUPER_MAGIC } from "../abi/statfs.ts";
import { DT_DIR, DT_FIFO, DT_LNK, DT_REG } from "../abi/dirent.ts";

const DIRENT_TYPES = { file: DT_REG, directory: DT_DIR, symlink: DT_LNK, fifo: DT_FIFO };

/**
 * The root file system: the image's read-only tree with a writable layer in memory over it, as a container's overlayfs.
 * Inodes of the image are made when a path first reaches them. Those that stayed as the image has them are not saved:
 * forgetUnchanged() lets go of them before a snapshot, and they are made again on demand.
 */
export class RootFileSystem extends FileSystem {
  static override readonly savedFields: readonly string[] = [...FileSystem.savedFields, "inodes"];
  /** Inodes made so far of files of the image, by number there: hard links must meet in one inode. */
  private readonly inodes = new Map<InodeNumber, Inode>();
  /** Not saved: attach() gives it back. */
  tree!: Tree;
  /** Names of the directories listed so far, in order; not saved. */
  private listings = new Map<InodeNumber, readonly string[]>();

  constructor(tree: Tree, dev: number) {
    super("overlay", dev, OVERLAYFS_SUPER_MAGIC);
    this.tree = tree;
    // Numbers of files made at run time start far above those of any image.
    this.nextIno = 0x1000000;
    this.root = new Dentry("", null, this.inodeOf(tree.root));
  }

  /** After a restore. */
  attach(tree: Tree): void {
    this.tree = tree;
    this.listings = new Map();
  }

  inodeOf(number: InodeNumber): Inode {
    const known = this.inodes.get(number);
    if (known !== undefined) return known;
    const made = this.make(number);
    this.inodes.set(number, made);
    return made;
  }

  namesOf(number: InodeNumber): readonly string[] {
    let names = this.listings.get(number);
    if (names === undefined) this.listings.set(number, names = [...this.tree.children(number).keys()]);
    return names;
  }

  direntTypeOf(number: InodeNumber): number {
    return DIRENT_TYPES[this.tree.inode(number).type];
  }

  /** Drops cached inodes that are as in the image and that no open file holds, so that a snapshot does not carry them. */
  forgetUnchanged(): void {
    for (const [number, inode] of this.inodes) {
      if (inode instanceof RootfsDirectory) inode.forgetUnchangedChildren();
      else if (isForgettable(inode)) this.inodes.delete(number);
    }
  }

  /** Files of the image that are open, or mapped, and show their bytes: nobody asks for these again before reading them. */
  openFiles(): InodeNumber[] {
    const numbers: InodeNumber[] = [];
    for (const inode of this.inodes.values()) {
      const shown = inode instanceof MemoryFile && inode.openCount > 0 ? inode.contents.shownFile : null;
      if (shown !== null) numbers.push(shown.number);
    }
    return numbers;
  }

  private make(number: InodeNumber): Inode {
    const from = this.tree.inode(number);
    const { mode, uid, gid } = from;
    let inode: Inode;
    if (from.type === "directory") inode = new RootfsDirectory(this, number, mode, uid, gid);
    else if (from.type === "symlink") inode = new MemorySymlink(this, number, uid, gid, from.target);
    else if (from.type === "fifo") inode = new FifoInode(this, number, mode, uid, gid);
    else {
      const contents = new FileContents(new RootfsBytes(this, number), from.size);
      inode = new MemoryFile(this, number, mode, uid, gid, contents);
    }
    inode.nlink = from.nlink;
    inode.mtimeSec = inode.ctimeSec = inode.atimeSec = from.mtime;
    inode.mtimeNsec = inode.ctimeNsec = inode.atimeNsec = from.mtimeNs;
    inode.changed = false;
    return inode;
  }
}

function isForgettable(inode: Inode): boolean {
  return !inode.changed && inode.openCount === 0 && inode.watches === null && inode.locks === null;
}

/** Contents of a file of the image. */
export class RootfsBytes implements LowerBytes {
  static readonly savedFields: readonly string[] = ["fs", "number"];
  constructor(private readonly fs: RootFileSystem, readonly number: InodeNumber) {}

  read(position: number, target: Uint8Array, at: number, length: number): void {
    this.fs.tree.readInto(this.number, position, target, at, length);
  }

  bring(done: (problem: string | null) => void): boolean {
    return this.fs.tree.bring(this.number, done);
  }
}

/** A directory of the image. Names taken out are remembered (overlayfs's whiteouts); names made come after the image's. */
export class RootfsDirectory extends MemoryDirectory {
  static override readonly savedFields: readonly string[] = [...MemoryDirectory.savedFields, "removed"];
  private readonly removed = new Set<string>();
  declare readonly fs: RootFileSystem;

  constructor(fs: RootFileSystem, ino: number, mode: number, uid: number, gid: number) {
    super(fs, ino, mode, uid, gid);
    this.nextCookie = FIRST_CHILD + fs.tree.children(ino).size;
  }

  private get lower(): ReadonlyMap<string, InodeNumber> {
    return this.fs.tree.children(this.ino);
  }

  override get size(): number {
    return 4096;
  }
  override get blocks(): number {
    return 8;
  }

  override child(self: Dentry, name: string): Dentry | null {
    const known = this.children.get(name);
    if (known !== undefined) return known;
    const number = this.lower.get(name);
    if (number === undefined || this.removed.has(name)) return null;
    const child = new Dentry(name, self, this.fs.inodeOf(number));
    this.children.set(name, child);
    return child;
  }

  override entryAt(k: Kernel, t: Task, position: number, out: DirectoryEntry): boolean {
    const lower = this.lower, end = FIRST_CHILD + lower.size;
    if (position < end) {
      const names = this.fs.namesOf(this.ino);
      for (; position < end; position++) {
        const name = names[position - FIRST_CHILD];
        if (this.removed.has(name)) continue;
        const mounted = this.children.get(name)?.mounted;
        const number = lower.get(name)!;
        out.name = name;
        out.ino = mounted ? mounted.root.inode.ino : number;
        out.type = mounted ? DT_DIR : this.fs.direntTypeOf(number);
        out.next = position + 1;
        return true;
      }
    }
    return super.entryAt(k, t, position, out);
  }

  override isEmpty(): boolean {
    return this.removed.size === this.lower.size && super.isEmpty();
  }

  override detach(child: Dentry): void {
    if (child.cookie === 0) this.removed.add(child.name);
    super.detach(child);
  }

  forgetUnchangedChildren(): void {
    for (const [name, child] of this.children) {
      // Directories stay: cwd, mounts and deeper changes hang on them.
      if (child.cookie === 0 && !child.inode.isDirectory && isForgettable(child.inode)) this.children.delete(name);
    }
  }
}
