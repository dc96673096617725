import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import type { Dentry } from "./dentry.ts";
import { DirectoryInode } from "./directory_inode.ts";
import { ATIME, CTIME, type Inode, MTIME } from "./inode.ts";
import { MAY_EXEC, MAY_WRITE, permission } from "./permission.ts";
import { nameBytes } from "./name_length.ts";
import { DeviceInode } from "../fs/devices.ts";
import { notifyChange } from "../fs/inotify.ts";
import { MemoryDirectory, MemoryFile, MemorySymlink } from "../fs/memory_inodes.ts";
import { FifoInode } from "../fs/pipe.ts";
import { SocketInode } from "../fs/socket_inode.ts";
import { IN_CREATE, IN_ISDIR } from "../abi/inotify.ts";
import { CAP_FSETID, CAP_MKNOD } from "../abi/capability.ts";
import { NAME_MAX } from "../abi/fcntl.ts";
import { EACCES, EEXIST, EINVAL, ENAMETOOLONG, ENOENT, EPERM, EROFS } from "../abi/errno.ts";
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFMT, S_IFREG, S_IFSOCK, S_ISGID } from "../abi/stat.ts";
import { LAST_NORM, LOOKUP_PARENT } from "./path.ts";

/** Whether the task may make names in the directory (may_create). */
export function mayCreate(t: Task, directory: Dentry): number {
  const inode = directory.inode;
  if (!(inode instanceof DirectoryInode)) return -EPERM;
  if (directory.deleted) return -ENOENT;
  if (inode.fs.readOnly) return -EROFS;
  return permission(t.process.credentials, inode, MAY_WRITE | MAY_EXEC) || inode.changeRefused();
}

/** Walks to where a new name is to be made. 0 with walker.parent and walker.last set, or -errno. */
export function walkToNew(k: Kernel, t: Task, dirfd: number, path: string, makesDirectory: boolean): number {
  const w = k.vfs.walker;
  const found = w.walk(k, t, dirfd, path, LOOKUP_PARENT);
  if (found < 0) return found;
  if (w.lastKind !== LAST_NORM) return -EEXIST;
  if (nameBytes(w.last) > NAME_MAX) return -ENAMETOOLONG;
  const existing = lookupChild(k, t, w.parent, w.last);
  if (typeof existing === "number") return existing;
  if (existing !== null) return -EEXIST;
  // "name/" can only become a directory.
  if (w.trailingSlash && !makesDirectory) return -ENOENT;
  // procfs answers so when it looks for the name, before anybody asks whether it can be made.
  if (w.parent.inode.fs.type === "proc") return -ENOENT;
  return mayCreate(t, w.parent);
}

/** Child of a directory dentry; null if there is none. */
export function lookupChild(k: Kernel, t: Task, parent: Dentry, name: string): Dentry | null | number {
  const inode = parent.inode;
  return inode instanceof DirectoryInode ? inode.lookup(k, t, parent, name) : null;
}

/** A new inode owned by the task, for a name in `directory`; the mode has its type and is already masked. */
export function newInode(k: Kernel, t: Task, directory: Inode, mode: number, rdev = 0): Inode | number {
  const fs = directory.fs, c = t.process.credentials;
  const uid = c.fsuid;
  let gid = c.fsgid;
  // In a set-group-id directory files belong to its group, and directories pass the bit on (inode_init_owner).
  if (directory.mode & S_ISGID) {
    gid = directory.gid;
    if ((mode & S_IFMT) === S_IFDIR) mode |= S_ISGID;
    else if ((mode & 0o2010) === 0o2010 && !c.can(CAP_FSETID) && !c.inGroup(gid)) mode &= ~S_ISGID;
  }
  const ino = fs.allocateIno();
  let inode: Inode;
  switch (mode & S_IFMT) {
    case S_IFREG:
      if (fs.type === "mqueue") return -EACCES; // Queues are made by mq_open alone.
      inode = new MemoryFile(fs, ino, mode, uid, gid);
      break;
    case S_IFDIR:
      inode = new MemoryDirectory(fs, ino, mode, uid, gid);
      break;
    case S_IFIFO:
      inode = new FifoInode(fs, ino, mode, uid, gid);
      break;
    case S_IFSOCK:
      inode = new SocketInode(fs, ino, mode, uid, gid);
      break;
    case S_IFCHR:
    case S_IFBLK:
      // Overlay file systems mark removed names by a device without a number, which anybody may make.
      if (!c.can(CAP_MKNOD) && !((mode & S_IFMT) === S_IFCHR && rdev === 0)) return -EPERM;
      inode = new DeviceInode(fs, ino, mode, uid, gid, rdev);
      break;
    default:
      return -EINVAL;
  }
  inode.touch(k, ATIME | MTIME | CTIME);
  return inode;
}

/** Enters a new inode under a name whose creation mayCreate() has allowed. */
export function enterNew(k: Kernel, parent: Dentry, name: string, inode: Inode): Dentry {
  const directory = parent.inode as DirectoryInode;
  const dentry = directory.attach(parent, name, inode);
  directory.touch(k, MTIME | CTIME);
  notifyChange(k, dentry, IN_CREATE | (inode.isDirectory ? IN_ISDIR : 0));
  return dentry;
}

/** mknod, mkdir: `mode` with its type; the umask is applied here. 0 or -errno. */
export function makeNode(k: Kernel, t: Task, dirfd: number, path: string, mode: number, rdev = 0): number {
  const type = mode & S_IFMT;
  const found = walkToNew(k, t, dirfd, path, type === S_IFDIR);
  if (found < 0) return found;
  const { parent, last } = k.vfs.walker;
  const permissions = mode & (type === S_IFDIR ? 0o1777 : 0o7777) & ~t.process.fs.umask;
  const inode = newInode(k, t, parent.inode, type | permissions, rdev);
  if (typeof inode === "number") return inode;
  enterNew(k, parent, last, inode);
  return 0;
}

/** symlink(2). */
export function makeSymlink(k: Kernel, t: Task, target: string, dirfd: number, path: string): number {
  if (target === "") return -ENOENT;
  const found = walkToNew(k, t, dirfd, path, false);
  if (found < 0) return found;
  const { parent, last } = k.vfs.walker, fs = parent.inode.fs, c = t.process.credentials;
  const gid = parent.inode.mode & S_ISGID ? parent.inode.gid : c.fsgid;
  const inode = new MemorySymlink(fs, fs.allocateIno(), c.fsuid, gid, target);
  inode.touch(k, ATIME | MTIME | CTIME);
  enterNew(k, parent, last, inode);
  return 0;
}
