import type { Tree } from "../../rootfs/tree.ts";
import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { Dentry, pathOf, throughMounts } from "./dentry.ts";
import { AnonymousInode } from "./anonymous.ts";
import { Arrivals } from "./arrivals.ts";
import type { FileDescription } from "./file_description.ts";
import { FileSystem } from "./file_system.ts";
import { FsContext } from "./fs_context.ts";
import { ATIME, CTIME, type Inode, MTIME } from "./inode.ts";
import { LOOKUP_EMPTY, LOOKUP_FOLLOW, PathWalker } from "./path.ts";
import { MAY_EXEC, permission } from "./permission.ts";
import { isOpenForWriting } from "./text_busy.ts";
import { type ConsoleSink, LineSink } from "../fs/console.ts";
import { mountDevices } from "../fs/devfs.ts";
import { MemoryDirectory, MemoryFile } from "../fs/memory_inodes.ts";
import type { DevptsFileSystem } from "../fs/tty/devpts.ts";
import { mountProc } from "../fs/procfs/mount.ts";
import { mountSys } from "../fs/sysfs.ts";
import { RootFileSystem } from "../fs/rootfs.ts";
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW } from "../abi/fcntl.ts";
import { EACCES, ELOOP, ETXTBSY } from "../abi/errno.ts";
import { ANON_INODE_FS_MAGIC, PIPEFS_MAGIC, SOCKFS_MAGIC } from "../abi/statfs.ts";

export { FsContext };

export interface OpenedProgram {
  /** Reads through pread; the caller gives it back with dropDescription(). */
  description: FileDescription;
  /** Absolute path after symbolic links, what /proc/self/exe shows. */
  path: string;
  size: number;
  mode: number;
  uid: number;
  gid: number;
  /** True if its content is that of the image's file of this path. */
  isImageFile: boolean;
}

/** The file systems of a guest and what mounts them together. */
export class Vfs {
  static readonly savedFields: readonly string[] = [
    "rootfs",
    "pipefs",
    "sockfs",
    "memfdfs",
    "devpts",
    "mqueue",
    "anonymousInode",
    "mounts",
    "nextDev",
    "nextRenameCookie",
    "watchCount",
  ];
  readonly rootfs: RootFileSystem;
  /** File systems without a mount point, for what has no path. */
  readonly pipefs: FileSystem;
  readonly sockfs: FileSystem;
  readonly memfdfs: FileSystem;
  /** Pseudoterminals; set when /dev is mounted. */
  devpts!: DevptsFileSystem;
  /** POSIX message queues; set when /dev is mounted. */
  mqueue!: FileSystem;
  /** The one inode of epoll, eventfd, timerfd, signalfd and inotify descriptions, as in Linux. */
  readonly anonymousInode: Inode;
  /** Mounted file systems in the order of /proc/mounts. */
  readonly mounts: FileSystem[] = [];
  /** Cookie that ties the two halves of a rename in inotify. */
  nextRenameCookie = 1;
  /** inotify watches anywhere: while there are none, changes need tell nobody. */
  watchCount = 0;
  /** Where stdout and stderr go. Not saved. */
  console: ConsoleSink;
  /** Path resolution; its fields hold the result of the last walk. Not saved. */
  walker = new PathWalker();
  /** Not saved. */
  arrivals = new Arrivals();
  private nextDev = 40;

  /** The image's tree with a writable layer over it, and /dev, /proc and /sys mounted in it. */
  constructor(k: Kernel, tree: Tree, console: ConsoleSink = new LineSink(k.host)) {
    this.console = console;
    this.rootfs = new RootFileSystem(tree, this.allocateDev());
    this.mounts.push(this.rootfs);
    this.pipefs = new FileSystem("pipefs", this.allocateDev(), PIPEFS_MAGIC);
    this.sockfs = new FileSystem("sockfs", this.allocateDev(), SOCKFS_MAGIC);
    this.memfdfs = new FileSystem("tmpfs", this.allocateDev(), 0x01021994);
    const anonymous = new FileSystem("anon_inodefs", this.allocateDev(), ANON_INODE_FS_MAGIC);
    this.anonymousInode = new AnonymousInode(anonymous, anonymous.allocateIno(), 0o600, 0, 0);
    mountProc(this);
    mountDevices(this);
    mountSys(this);
    for (const fs of this.mounts) {
      if (fs !== this.rootfs) stampAll(k, fs.root);
    }
    if (!this.directoryAt("/tmp")) {
      this.makeDirectory("/tmp", 0o1777).inode.touch(k, ATIME | MTIME | CTIME);
    }
  }

  /** After a restore: what is not saved comes from the new host. */
  attach(tree: Tree, console: ConsoleSink): void {
    this.rootfs.attach(tree);
    this.console = console;
    this.walker = new PathWalker();
    this.arrivals = new Arrivals();
  }

  /** Before a snapshot: lets go of what the image can give again. */
  forgetUnchanged(): void {
    this.rootfs.forgetUnchanged();
  }

  /** Root and working directory for the first process. */
  newContext(): FsContext {
    return new FsContext(this.rootfs.root, this.rootfs.root);
  }

  allocateDev(): number {
    return this.nextDev++;
  }

  /** Mounts a file system, making the directory if the image lacks it. */
  mountAt(path: string, fs: FileSystem): void {
    const at = this.directoryAt(path) ?? this.makeDirectory(path, 0o755);
    this.mountOn(at, fs);
  }

  mountOn(at: Dentry, fs: FileSystem): void {
    at.mounted = fs;
    fs.mountPoint = at;
    this.mounts.push(fs);
  }

  /**
   * Opens a program for execve and the loader: resolves `path` as the task sees it (relative to `dirfd` or AT_FDCWD;
   * `flags` are AT_ flags), checks that it is a regular file with execute permission. A negative errno on failure, or BLOCKED.
   */
  openExecutable(k: Kernel, t: Task, dirfd: number, path: string, flags: number): OpenedProgram | number {
    const follow = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
    const found = this.walker.walk(k, t, dirfd, path, follow | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0));
    if (found < 0) return found;
    const dentry = this.walker.dentry!, inode = dentry.inode;
    if (inode.isSymlink) return -ELOOP;
    if (!inode.isRegular) return -EACCES;
    const refused = permission(t.process.credentials, inode, MAY_EXEC);
    if (refused) return refused;
    if (isOpenForWriting(k, inode)) return -ETXTBSY;
    const awaited = this.arrivals.await(k, t, inode);
    if (awaited < 0) return awaited;
    const description = inode.open(k, t, dentry, 0);
    if (typeof description === "number") return description;
    description.refs = 1;
    const { size, mode, uid, gid } = inode;
    return {
      description,
      path: pathOf(dentry, t.process.fs.root),
      size,
      mode: mode & 0o7777,
      uid,
      gid,
      isImageFile: isImageFile(inode),
    };
  }

  /** The directory at an absolute path without symbolic links, or null. */
  directoryAt(path: string): Dentry | null {
    let d: Dentry = throughMounts(this.rootfs.root);
    for (const name of path.split("/")) {
      if (name === "") continue;
      if (!(d.inode instanceof MemoryDirectory)) return null;
      const child = d.inode.child(d, name);
      if (child === null) return null;
      d = throughMounts(child);
    }
    return d.inode.isDirectory ? d : null;
  }

  /** Makes a directory and the missing ones above it; what is in the way and is no directory gives way. */
  makeDirectory(path: string, mode: number): Dentry {
    let d = throughMounts(this.rootfs.root);
    for (const name of path.split("/")) {
      if (name === "") continue;
      const inode = d.inode as MemoryDirectory;
      let child = inode.child(d, name);
      if (child !== null && !child.inode.isDirectory) {
        inode.detach(child);
        child = null;
      }
      child ??= inode.attach(d, name, new MemoryDirectory(inode.fs, inode.fs.allocateIno(), mode, 0, 0));
      d = throughMounts(child);
    }
    return d;
  }
}

function isImageFile(inode: Inode): boolean {
  return inode instanceof MemoryFile && inode.contents.isImageFile;
}

function stampAll(k: Kernel, d: Dentry): void {
  d.inode.touch(k, ATIME | MTIME | CTIME);
  if (d.inode instanceof MemoryDirectory) { for (const child of d.inode.children.values()) stampAll(k, child); }
}
