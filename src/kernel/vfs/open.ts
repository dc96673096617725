import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { Dentry } from "./dentry.ts";
import type { FileDescription } from "./file_description.ts";
import { enterNew, mayCreate, newInode } from "./create.ts";
import { LOOKUP_CREATE, LOOKUP_DIRECTORY, LOOKUP_EMPTY, LOOKUP_FOLLOW } from "./path.ts";
import { PathDescription } from "./path_description.ts";
import { MAY_EXEC, MAY_READ, MAY_WRITE, ownsOrCapable, permission } from "./permission.ts";
import { isExecuting } from "./text_busy.ts";
import { notify } from "../fs/inotify.ts";
import { MemoryFile } from "../fs/memory_inodes.ts";
import { IN_MODIFY, IN_OPEN } from "../abi/inotify.ts";
import {
  O_ACCMODE,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOATIME,
  O_NOFOLLOW,
  O_PATH,
  O_TMPFILE_BIT,
  O_TRUNC,
  OPEN_ONLY_FLAGS,
} from "../abi/fcntl.ts";
import { EEXIST, EINVAL, EISDIR, ELOOP, ENOENT, EOPNOTSUPP, EPERM, EROFS, ETXTBSY } from "../abi/errno.ts";
import { S_IFMT, S_IFREG } from "../abi/stat.ts";

/** MAY_ bits of each O_ACCMODE value; the fourth is "for ioctl only", checked as both. */
const ACCESS = [MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE, MAY_READ | MAY_WRITE];

/** open(2), openat(2), openat2(2): a new description with its flags set and no reference yet, -errno, or BLOCKED. */
export function openAt(
  k: Kernel,
  t: Task,
  dirfd: number,
  path: string,
  flags: number,
  mode: number,
  resolveFlags = 0,
  emptyPath = false,
): FileDescription | number {
  if (flags & O_PATH) flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW;
  const invalid = checkFlags(flags);
  if (invalid) return invalid;

  const exclusive = (flags & O_CREAT) !== 0 && (flags & O_EXCL) !== 0;
  let lookup = flags & O_NOFOLLOW || exclusive ? 0 : LOOKUP_FOLLOW;
  if (flags & O_CREAT) lookup |= LOOKUP_CREATE;
  if (flags & O_DIRECTORY) lookup |= LOOKUP_DIRECTORY;
  if (emptyPath) lookup |= LOOKUP_EMPTY;
  const w = k.vfs.walker;
  const found = w.walk(k, t, dirfd, path, lookup, resolveFlags);
  if (found < 0) return found;

  if (flags & O_TMPFILE_BIT) return openUnnamed(k, t, w.dentry!, flags, mode);
  if (w.dentry === null) {
    const refused = mayCreate(t, w.parent);
    // procfs and sysfs have nothing to make: the name is just not there.
    if (refused) return refused === -EPERM ? -ENOENT : refused;
    const inode = newInode(k, t, w.parent.inode, S_IFREG | (mode & 0o7777 & ~t.process.fs.umask));
    if (typeof inode === "number") return inode;
    return describe(k, t, enterNew(k, w.parent, w.last, inode), flags);
  }
  if (exclusive) return -EEXIST;
  return openDentry(k, t, w.dentry, flags);
}

/** Opens a file that has a name: permissions, contents, truncation, description. */
export function openDentry(k: Kernel, t: Task, dentry: Dentry, flags: number): FileDescription | number {
  const inode = dentry.inode;
  if (flags & O_PATH) {
    const place = new PathDescription(dentry, inode);
    place.statusFlags = flags;
    return place;
  }
  if (inode.isSymlink) return -ELOOP;
  const type = inode.mode & S_IFMT;
  let access = ACCESS[flags & O_ACCMODE];
  // FIFOs, sockets and devices have no contents to cut.
  if (type !== S_IFREG && !inode.isDirectory) flags &= ~O_TRUNC;
  if (flags & O_TRUNC) access |= MAY_WRITE;
  if (inode.isDirectory && ((flags & O_CREAT) || (access & MAY_WRITE))) return -EISDIR;
  if ((access & MAY_WRITE) && inode.fs.readOnly && type === S_IFREG) return -EROFS;
  const c = t.process.credentials;
  const refused = permission(c, inode, access);
  if (refused) return refused;
  if ((access & MAY_WRITE) && type === S_IFREG && isExecuting(k, inode)) return -ETXTBSY;
  if ((flags & O_NOATIME) && !ownsOrCapable(c, inode)) return -EPERM;
  if (type === S_IFREG && !(flags & O_TRUNC)) {
    const awaited = k.vfs.arrivals.await(k, t, inode);
    if (awaited < 0) return awaited;
  }
  const description = describe(k, t, dentry, flags);
  if (typeof description !== "number" && (flags & O_TRUNC)) {
    const truncated = inode.truncate(k, 0);
    if (truncated < 0) return truncated;
    notify(k, dentry, IN_MODIFY);
  }
  return description;
}

function checkFlags(flags: number): number {
  if (flags & O_TMPFILE_BIT) {
    if (!(flags & O_DIRECTORY) || (flags & O_CREAT)) return -EINVAL;
    if ((flags & O_ACCMODE) === 0) return -EINVAL;
  } else if ((flags & O_CREAT) && (flags & O_DIRECTORY)) {
    return -EINVAL;
  }
  return 0;
}

function describe(k: Kernel, t: Task, dentry: Dentry, flags: number): FileDescription | number {
  const description = dentry.inode.open(k, t, dentry, flags);
  if (typeof description === "number") return description;
  description.statusFlags = flags & ~OPEN_ONLY_FLAGS;
  notify(k, dentry, IN_OPEN);
  return description;
}

/** O_TMPFILE: a file without a name in the directory's file system; linkat may give it one. */
function openUnnamed(k: Kernel, t: Task, directory: Dentry, flags: number, mode: number): FileDescription | number {
  const inode = directory.inode;
  const refused = permission(t.process.credentials, inode, MAY_WRITE | MAY_EXEC);
  if (refused) return refused;
  if (inode.fs.readOnly) return -EROFS;
  const file = newInode(k, t, inode, S_IFREG | (mode & 0o7777 & ~t.process.fs.umask));
  if (typeof file === "number") return file;
  if (!(file instanceof MemoryFile)) return -EOPNOTSUPP;
  file.nlink = 0;
  const dentry = new Dentry(`#${file.ino}`, directory, file);
  dentry.deleted = true;
  return describe(k, t, dentry, flags);
}
