import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { readPath } from "../memory/path_string.ts";
import { writableRange } from "../memory/user_memory.ts";
import { describedDentry } from "../vfs/anonymous.ts";
import type { Dentry } from "../vfs/dentry.ts";
import type { Inode } from "../vfs/inode.ts";
import { LOOKUP_EMPTY, LOOKUP_FOLLOW } from "../vfs/path.ts";
import { accessAt } from "../vfs/access.ts";
import { full, partial, type SyscallRow } from "./support.ts";
import {
  AT_EACCESS,
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_NO_AUTOMOUNT,
  AT_STATX_SYNC_TYPE,
  AT_SYMLINK_NOFOLLOW,
  R_OK,
  W_OK,
  X_OK,
} from "../abi/fcntl.ts";
import { EBADF, EFAULT, EINVAL } from "../abi/errno.ts";
import { STAT_BYTES, writeStat } from "../abi/stat.ts";
import { STATFS_BYTES, writeStatfs } from "../abi/statfs.ts";
import { STATX__RESERVED, STATX_BYTES, writeStatx } from "../abi/statx.ts";
import {
  SYS_access,
  SYS_faccessat,
  SYS_faccessat2,
  SYS_fstat,
  SYS_fstatfs,
  SYS_lstat,
  SYS_newfstatat,
  SYS_stat,
  SYS_statfs,
  SYS_statx,
} from "../abi/syscall_numbers.ts";

function sysStat(k: Kernel, t: Task, path: number, buffer: number): number {
  return statPath(k, t, AT_FDCWD, path, buffer, 0);
}

function sysLstat(k: Kernel, t: Task, path: number, buffer: number): number {
  return statPath(k, t, AT_FDCWD, path, buffer, AT_SYMLINK_NOFOLLOW);
}

function sysFstat(k: Kernel, t: Task, fd: number, buffer: number): number {
  const d = t.process.fds.get(fd);
  return d === undefined ? -EBADF : putStat(t, buffer, describedDentry(k, d).inode);
}

function sysNewfstatat(k: Kernel, t: Task, dirfd: number, path: number, buffer: number, flags: number): number {
  if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE)) return -EINVAL;
  return statPath(k, t, dirfd, path, buffer, flags);
}

function statPath(k: Kernel, t: Task, dirfd: number, path: number, buffer: number, flags: number): number {
  const found = walkFor(k, t, dirfd, path, flags);
  return found < 0 ? found : putStat(t, buffer, k.vfs.walker.dentry!.inode);
}

/** Resolves the path of an *at call with AT_ flags into walker.dentry. With AT_EMPTY_PATH a null pointer is "" (Linux 6.11). */
export function walkFor(k: Kernel, t: Task, dirfd: number, pathPointer: number, flags: number): number {
  let path: string | number = "";
  if (pathPointer !== 0 || !(flags & AT_EMPTY_PATH)) {
    path = readPath(t, pathPointer);
    if (typeof path === "number") return path;
  }
  const lookup = (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
  return k.vfs.walker.walk(k, t, dirfd, path, lookup);
}

function putStat(t: Task, buffer: number, inode: Inode): number {
  const at = writableRange(t, buffer, STAT_BYTES);
  if (at < 0) return at;
  writeStat(t.memory.view, at, inode);
  return 0;
}

function sysStatx(
  k: Kernel,
  t: Task,
  dirfd: number,
  path: number,
  flags: number,
  mask: number,
  buffer: number,
): number {
  if ((mask & STATX__RESERVED) !== 0 || (flags & AT_STATX_SYNC_TYPE) === AT_STATX_SYNC_TYPE) return -EINVAL;
  if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE)) return -EINVAL;
  const found = walkFor(k, t, dirfd, path, flags);
  if (found < 0) return found;
  const dentry = k.vfs.walker.dentry!;
  const at = writableRange(t, buffer, STATX_BYTES);
  if (at < 0) return at;
  const { fs } = dentry.inode;
  writeStatx(t.memory.u8, t.memory.view, at, dentry.inode, fs.mountId, dentry === fs.root);
  return 0;
}

function sysAccess(k: Kernel, t: Task, path: number, mode: number): number {
  return access(k, t, AT_FDCWD, path, mode, 0);
}

function sysFaccessat(k: Kernel, t: Task, dirfd: number, path: number, mode: number): number {
  return access(k, t, dirfd, path, mode, 0);
}

function sysFaccessat2(k: Kernel, t: Task, dirfd: number, path: number, mode: number, flags: number): number {
  return access(k, t, dirfd, path, mode, flags);
}

function access(k: Kernel, t: Task, dirfd: number, path: number, mode: number, flags: number): number {
  if (mode & ~(R_OK | W_OK | X_OK)) return -EINVAL;
  if (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) return -EINVAL;
  return accessAt(k, t, mode, (flags & AT_EACCESS) !== 0, () => walkFor(k, t, dirfd, path, flags));
}

function sysStatfs(k: Kernel, t: Task, path: number, buffer: number): number {
  const found = walkFor(k, t, AT_FDCWD, path, 0);
  return found < 0 ? found : putStatfs(t, buffer, k.vfs.walker.dentry!);
}

function sysFstatfs(k: Kernel, t: Task, fd: number, buffer: number): number {
  const d = t.process.fds.get(fd);
  return d === undefined ? -EBADF : putStatfs(t, buffer, describedDentry(k, d));
}

function putStatfs(t: Task, buffer: number, dentry: Dentry): number {
  const at = writableRange(t, buffer, STATFS_BYTES);
  if (at < 0) return -EFAULT;
  writeStatfs(t.memory.view, at, dentry.inode.fs.statistics());
  return 0;
}

export const statRows: [number, SyscallRow][] = [
  [SYS_stat, full("stat", sysStat, ["path:path", "buf"])],
  [SYS_lstat, full("lstat", sysLstat, ["path:path", "buf"])],
  [SYS_fstat, full("fstat", sysFstat, ["fd:fd", "buf"])],
  [SYS_newfstatat, full("newfstatat", sysNewfstatat, ["dirfd:fd", "path:path", "buf", "flags"])],
  [SYS_statx, partial("statx", sysStatx, "no birth time", ["dirfd:fd", "path:path", "flags", "mask", "buf"])],
  [SYS_access, full("access", sysAccess, ["path:path", "mode:int"])],
  [SYS_faccessat, full("faccessat", sysFaccessat, ["dirfd:fd", "path:path", "mode:int"])],
  [SYS_faccessat2, full("faccessat2", sysFaccessat2, ["dirfd:fd", "path:path", "mode:int", "flags"])],
  [SYS_statfs, partial("statfs", sysStatfs, "sizes are nominal", ["path:path", "buf"])],
  [SYS_fstatfs, partial("fstatfs", sysFstatfs, "sizes are nominal", ["fd:fd", "buf"])],
];
