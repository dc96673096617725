import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { encodeBytes } from "../memory/byte_string.ts";
import { copyToUser, readCString, writableRange } from "../memory/user_memory.ts";
import { describedDentry } from "../vfs/anonymous.ts";
import { makeNode } from "../vfs/create.ts";
import { type Dentry, isBelow, parentOf, pathOf } from "../vfs/dentry.ts";
import { DirectoryDescription } from "../vfs/directory_description.ts";
import { DirectoryEntry, FIRST_CHILD } from "../vfs/directory_inode.ts";
import { removeDirectoryAt } from "../vfs/link.ts";
import { LOOKUP_DIRECTORY, LOOKUP_FOLLOW } from "../vfs/path.ts";
import { MAY_EXEC, permission } from "../vfs/permission.ts";
import { full, type SyscallRow } from "./support.ts";
import { dirent64Bytes, direntBytes, DT_DIR, writeDirent, writeDirent64 } from "../abi/dirent.ts";
import { CAP_SYS_CHROOT } from "../abi/capability.ts";
import { AT_FDCWD } from "../abi/fcntl.ts";
import { EBADF, EINVAL, ENOENT, ENOTDIR, EPERM, ERANGE } from "../abi/errno.ts";
import { S_IFDIR } from "../abi/stat.ts";
import {
  SYS_chdir,
  SYS_chroot,
  SYS_fchdir,
  SYS_getcwd,
  SYS_getdents,
  SYS_getdents64,
  SYS_mkdir,
  SYS_mkdirat,
  SYS_rmdir,
  SYS_umask,
} from "../abi/syscall_numbers.ts";

const entry = new DirectoryEntry();

/** Fills `entry` with the entry at or after the position; false at the end. */
function entryAt(k: Kernel, t: Task, d: DirectoryDescription, position: number): boolean {
  if (position >= FIRST_CHILD) return d.inode.entryAt(k, t, position, entry);
  entry.name = position === 0 ? "." : "..";
  entry.ino = position === 0 ? d.inode.ino : parentOf(d.dentry!, t.process.fs.root).inode.ino;
  entry.type = DT_DIR;
  entry.next = position + 1;
  return true;
}

function sysGetdents64(k: Kernel, t: Task, fd: number, buffer: number, count: number): number {
  return listDirectory(k, t, fd, buffer, count, dirent64Bytes, writeDirent64);
}

function sysGetdents(k: Kernel, t: Task, fd: number, buffer: number, count: number): number {
  return listDirectory(k, t, fd, buffer, count, direntBytes, writeDirent);
}

function listDirectory(
  k: Kernel,
  t: Task,
  fd: number,
  buffer: number,
  count: number,
  sizeOf: (nameBytes: number) => number,
  write: typeof writeDirent64,
): number {
  const d = t.process.fds.get(fd);
  if (d === undefined) return -EBADF;
  if (!(d instanceof DirectoryDescription)) return describedDentry(k, d).inode.isDirectory ? -EBADF : -ENOTDIR;
  if (d.dentry!.deleted) return -ENOENT;
  const room = count >>> 0;
  let done = 0;
  while (entryAt(k, t, d, d.offset)) {
    const name = encodeBytes(entry.name);
    const size = sizeOf(name.length);
    if (done + size > room) return done === 0 ? -EINVAL : done;
    const at = writableRange(t, (buffer >>> 0) + done, size);
    if (at < 0) return done || at;
    write(t.memory.u8, t.memory.view, at, entry.ino, entry.next, entry.type, name);
    done += size;
    d.offset = entry.next;
  }
  d.inode.accessed(k);
  return done;
}

function sysGetcwd(_k: Kernel, t: Task, buffer: number, size: number): number {
  const { root, cwd } = t.process.fs;
  if (cwd.deleted) return -ENOENT;
  const path = isBelow(cwd, root) ? pathOf(cwd, root) : `(unreachable)${pathOf(cwd, cwd.inode.fs.root)}`;
  const bytes = encodeBytes(path + "\0");
  if (bytes.length > size >>> 0) return -ERANGE;
  const copied = copyToUser(t, buffer, bytes);
  return copied < 0 ? copied : bytes.length;
}

function sysChdir(k: Kernel, t: Task, path: number): number {
  const d = directoryFor(k, t, path);
  if (typeof d === "number") return d;
  t.process.fs.cwd = d;
  return 0;
}

function sysFchdir(k: Kernel, t: Task, fd: number): number {
  const d = t.process.fds.get(fd);
  if (d === undefined) return -EBADF;
  const dentry = describedDentry(k, d);
  if (!dentry.inode.isDirectory) return -ENOTDIR;
  const refused = permission(t.process.credentials, dentry.inode, MAY_EXEC);
  if (refused) return refused;
  t.process.fs.cwd = dentry;
  return 0;
}

function sysChroot(k: Kernel, t: Task, path: number): number {
  const d = directoryFor(k, t, path);
  if (typeof d === "number") return d;
  if (!t.process.credentials.can(CAP_SYS_CHROOT)) return -EPERM;
  t.process.fs.root = d;
  return 0;
}

/** The directory at a path, if the task may search it. */
function directoryFor(k: Kernel, t: Task, pathPointer: number): Dentry | number {
  const path = readCString(t, pathPointer);
  if (typeof path === "number") return path;
  const found = k.vfs.walker.walk(k, t, AT_FDCWD, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY);
  if (found < 0) return found;
  const d = k.vfs.walker.dentry!;
  return permission(t.process.credentials, d.inode, MAY_EXEC) || d;
}

function sysUmask(_k: Kernel, t: Task, mask: number): number {
  const old = t.process.fs.umask;
  t.process.fs.umask = mask & 0o777;
  return old;
}

function sysMkdir(k: Kernel, t: Task, path: number, mode: number): number {
  return sysMkdirat(k, t, AT_FDCWD, path, mode);
}

function sysMkdirat(k: Kernel, t: Task, dirfd: number, pathPointer: number, mode: number): number {
  const path = readCString(t, pathPointer);
  return typeof path === "number" ? path : makeNode(k, t, dirfd, path, S_IFDIR | (mode & 0o7777));
}

function sysRmdir(k: Kernel, t: Task, pathPointer: number): number {
  const path = readCString(t, pathPointer);
  return typeof path === "number" ? path : removeDirectoryAt(k, t, AT_FDCWD, path);
}

export const directoryRows: [number, SyscallRow][] = [
  [SYS_getdents64, full("getdents64", sysGetdents64, ["fd:fd", "buf", "count:uint"])],
  [SYS_getdents, full("getdents", sysGetdents, ["fd:fd", "buf", "count:uint"])],
  [SYS_getcwd, full("getcwd", sysGetcwd, ["buf", "size:uint"])],
  [SYS_chdir, full("chdir", sysChdir, ["path:path"])],
  [SYS_fchdir, full("fchdir", sysFchdir, ["fd:fd"])],
  [SYS_chroot, full("chroot", sysChroot, ["path:path"])],
  [SYS_umask, full("umask", sysUmask, ["mask:octal"])],
  [SYS_mkdir, full("mkdir", sysMkdir, ["path:path", "mode:octal"])],
  [SYS_mkdirat, full("mkdirat", sysMkdirat, ["dirfd:fd", "path:path", "mode:octal"])],
  [SYS_rmdir, full("rmdir", sysRmdir, ["path:path"])],
];
