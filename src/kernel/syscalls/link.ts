import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { encodeBytes } from "../memory/byte_string.ts";
import { loadI64, readableRange, readCString, writableRange } from "../memory/user_memory.ts";
import { describedDentry } from "../vfs/anonymous.ts";
import { changeMode, changeOwner, changeTimes, type NewTimes } from "../vfs/attributes.ts";
import { makeNode, makeSymlink } from "../vfs/create.ts";
import type { Dentry } from "../vfs/dentry.ts";
import { SymlinkInode } from "../vfs/inode.ts";
import { linkAt, removeDirectoryAt, renameAt, unlinkAt } from "../vfs/link.ts";
import { LOOKUP_EMPTY } from "../vfs/path.ts";
import { walkFor } from "./stat.ts";
import { usable } from "./io_wait.ts";
import { full, partial, type SyscallRow } from "./support.ts";
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_REMOVEDIR,
  AT_SYMLINK_FOLLOW,
  AT_SYMLINK_NOFOLLOW,
  UTIME_NOW,
  UTIME_OMIT,
} from "../abi/fcntl.ts";
import { EINVAL, ENOENT, EPERM } from "../abi/errno.ts";
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFMT, S_IFREG, S_IFSOCK } from "../abi/stat.ts";
import {
  SYS_chmod,
  SYS_chown,
  SYS_fchmod,
  SYS_fchmodat,
  SYS_fchown,
  SYS_fchownat,
  SYS_futimesat,
  SYS_lchown,
  SYS_link,
  SYS_linkat,
  SYS_mknod,
  SYS_mknodat,
  SYS_readlink,
  SYS_readlinkat,
  SYS_rename,
  SYS_renameat,
  SYS_renameat2,
  SYS_symlink,
  SYS_symlinkat,
  SYS_unlink,
  SYS_unlinkat,
  SYS_utime,
  SYS_utimensat,
  SYS_utimes,
} from "../abi/syscall_numbers.ts";

function sysLink(k: Kernel, t: Task, oldPath: number, newPath: number): number {
  return sysLinkat(k, t, AT_FDCWD, oldPath, AT_FDCWD, newPath, 0);
}

function sysLinkat(
  k: Kernel,
  t: Task,
  oldDirfd: number,
  oldPointer: number,
  newDirfd: number,
  newPointer: number,
  flags: number,
): number {
  if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) return -EINVAL;
  // Linking by descriptor alone needs CAP_DAC_READ_SEARCH.
  if ((flags & AT_EMPTY_PATH) && !t.process.credentials.privileged) return -ENOENT;
  const oldPath = readCString(t, oldPointer);
  if (typeof oldPath === "number") return oldPath;
  const newPath = readCString(t, newPointer);
  if (typeof newPath === "number") return newPath;
  const follows = (flags & AT_SYMLINK_FOLLOW) !== 0, empty = (flags & AT_EMPTY_PATH) !== 0;
  return linkAt(k, t, oldDirfd, oldPath, newDirfd, newPath, follows, empty);
}

function sysSymlink(k: Kernel, t: Task, target: number, path: number): number {
  return sysSymlinkat(k, t, target, AT_FDCWD, path);
}

function sysSymlinkat(k: Kernel, t: Task, targetPointer: number, dirfd: number, pathPointer: number): number {
  const target = readCString(t, targetPointer);
  if (typeof target === "number") return target;
  const path = readCString(t, pathPointer);
  return typeof path === "number" ? path : makeSymlink(k, t, target, dirfd, path);
}

function sysReadlink(k: Kernel, t: Task, path: number, buffer: number, size: number): number {
  return sysReadlinkat(k, t, AT_FDCWD, path, buffer, size);
}

function sysReadlinkat(
  k: Kernel,
  t: Task,
  dirfd: number,
  pathPointer: number,
  buffer: number,
  size: number,
): number {
  if (size <= 0) return -EINVAL;
  const path = readCString(t, pathPointer);
  if (typeof path === "number") return path;
  // "" names the link that an O_PATH descriptor is open on.
  const found = k.vfs.walker.walk(k, t, dirfd, path, LOOKUP_EMPTY);
  if (found < 0) return found;
  const { inode } = k.vfs.walker.dentry!;
  if (!(inode instanceof SymlinkInode)) return path === "" ? -ENOENT : -EINVAL;
  const text = inode.text(k, t);
  if (typeof text === "number") return text;
  const bytes = encodeBytes(text), n = Math.min(bytes.length, size);
  const at = writableRange(t, buffer, n);
  if (at < 0) return at;
  t.memory.u8.set(bytes.subarray(0, n), at);
  return n;
}

function sysUnlink(k: Kernel, t: Task, path: number): number {
  return sysUnlinkat(k, t, AT_FDCWD, path, 0);
}

function sysUnlinkat(k: Kernel, t: Task, dirfd: number, pathPointer: number, flags: number): number {
  if (flags & ~AT_REMOVEDIR) return -EINVAL;
  const path = readCString(t, pathPointer);
  if (typeof path === "number") return path;
  return flags & AT_REMOVEDIR ? removeDirectoryAt(k, t, dirfd, path) : unlinkAt(k, t, dirfd, path);
}

function sysRename(k: Kernel, t: Task, oldPath: number, newPath: number): number {
  return sysRenameat2(k, t, AT_FDCWD, oldPath, AT_FDCWD, newPath, 0);
}

function sysRenameat(
  k: Kernel,
  t: Task,
  oldDirfd: number,
  oldPath: number,
  newDirfd: number,
  newPath: number,
): number {
  return sysRenameat2(k, t, oldDirfd, oldPath, newDirfd, newPath, 0);
}

function sysRenameat2(
  k: Kernel,
  t: Task,
  oldDirfd: number,
  oldPointer: number,
  newDirfd: number,
  newPointer: number,
  flags: number,
): number {
  const oldPath = readCString(t, oldPointer);
  if (typeof oldPath === "number") return oldPath;
  const newPath = readCString(t, newPointer);
  if (typeof newPath === "number") return newPath;
  return renameAt(k, t, oldDirfd, oldPath, newDirfd, newPath, flags);
}

function sysMknod(k: Kernel, t: Task, path: number, mode: number, dev: number): number {
  return sysMknodat(k, t, AT_FDCWD, path, mode, dev);
}

function sysMknodat(k: Kernel, t: Task, dirfd: number, pathPointer: number, mode: number, dev: number): number {
  const type = mode & S_IFMT;
  switch (type) {
    case 0:
    case S_IFREG:
    case S_IFIFO:
    case S_IFSOCK:
    case S_IFCHR:
    case S_IFBLK:
      break;
    case S_IFDIR:
      return -EPERM; // That is mkdir's.
    default:
      return -EINVAL;
  }
  const path = readCString(t, pathPointer);
  if (typeof path === "number") return path;
  return makeNode(k, t, dirfd, path, (type || S_IFREG) | (mode & 0o7777), dev >>> 0);
}

function sysChmod(k: Kernel, t: Task, path: number, mode: number): number {
  return sysFchmodat2(k, t, AT_FDCWD, path, mode, 0);
}

function sysFchmodat(k: Kernel, t: Task, dirfd: number, path: number, mode: number): number {
  return sysFchmodat2(k, t, dirfd, path, mode, 0);
}

function sysFchmodat2(k: Kernel, t: Task, dirfd: number, path: number, mode: number, flags: number): number {
  if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) return -EINVAL;
  const found = walkFor(k, t, dirfd, path, flags);
  return found < 0 ? found : changeMode(k, t, k.vfs.walker.dentry!, mode);
}

function sysFchmod(k: Kernel, t: Task, fd: number, mode: number): number {
  const d = dentryOf(k, t, fd);
  return typeof d === "number" ? d : changeMode(k, t, d, mode);
}

function sysChown(k: Kernel, t: Task, path: number, uid: number, gid: number): number {
  return sysFchownat(k, t, AT_FDCWD, path, uid, gid, 0);
}

function sysLchown(k: Kernel, t: Task, path: number, uid: number, gid: number): number {
  return sysFchownat(k, t, AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

function sysFchownat(
  k: Kernel,
  t: Task,
  dirfd: number,
  path: number,
  uid: number,
  gid: number,
  flags: number,
): number {
  if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) return -EINVAL;
  const found = walkFor(k, t, dirfd, path, flags);
  return found < 0 ? found : changeOwner(k, t, k.vfs.walker.dentry!, uid, gid);
}

function sysFchown(k: Kernel, t: Task, fd: number, uid: number, gid: number): number {
  const d = dentryOf(k, t, fd);
  return typeof d === "number" ? d : changeOwner(k, t, d, uid, gid);
}

function dentryOf(k: Kernel, t: Task, fd: number): Dentry | number {
  const d = usable(t, fd);
  return typeof d === "number" ? d : describedDentry(k, d);
}

const SYS_fchmodat2 = 452;

/** utimensat(2); a null path means the descriptor itself (futimens). */
function sysUtimensat(k: Kernel, t: Task, dirfd: number, path: number, timesPointer: number, flags: number): number {
  let times: NewTimes | null = null;
  if (timesPointer !== 0) {
    const read = readTimes(t, timesPointer, 1);
    if (typeof read === "number") return read;
    times = read;
    if (times.atimeNsec === UTIME_OMIT && times.mtimeNsec === UTIME_OMIT) return 0;
    if (!isNsec(times.atimeNsec) || !isNsec(times.mtimeNsec)) return -EINVAL;
  }
  if (path === 0 && dirfd !== AT_FDCWD && !(flags & AT_EMPTY_PATH)) {
    if (flags !== 0) return -EINVAL;
    const d = dentryOf(k, t, dirfd);
    return typeof d === "number" ? d : changeTimes(k, t, d, times);
  }
  if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) return -EINVAL;
  const found = walkFor(k, t, dirfd, path, flags);
  return found < 0 ? found : changeTimes(k, t, k.vfs.walker.dentry!, times);
}

function sysUtimes(k: Kernel, t: Task, path: number, times: number): number {
  return sysFutimesat(k, t, AT_FDCWD, path, times);
}

function sysFutimesat(k: Kernel, t: Task, dirfd: number, path: number, timesPointer: number): number {
  let times: NewTimes | null = null;
  if (timesPointer !== 0) {
    const read = readTimes(t, timesPointer, 1000);
    if (typeof read === "number") return read;
    times = read;
    if (times.atimeNsec < 0 || times.atimeNsec >= 1e9 || times.mtimeNsec < 0 || times.mtimeNsec >= 1e9) return -EINVAL;
  }
  if (path === 0 && dirfd !== AT_FDCWD) {
    const d = dentryOf(k, t, dirfd);
    return typeof d === "number" ? d : changeTimes(k, t, d, times);
  }
  const found = walkFor(k, t, dirfd, path, 0);
  return found < 0 ? found : changeTimes(k, t, k.vfs.walker.dentry!, times);
}

/** utime(2): struct utimbuf has whole seconds. */
function sysUtime(k: Kernel, t: Task, path: number, timesPointer: number): number {
  let times: NewTimes | null = null;
  if (timesPointer !== 0) {
    const at = readableRange(t, timesPointer, 16);
    if (at < 0) return at;
    times = { atimeSec: loadI64(t.memory, at), atimeNsec: 0, mtimeSec: loadI64(t.memory, at + 8), mtimeNsec: 0 };
  }
  const found = walkFor(k, t, AT_FDCWD, path, 0);
  return found < 0 ? found : changeTimes(k, t, k.vfs.walker.dentry!, times);
}

/** Two struct timespec (unit 1) or timeval (unit 1000). */
function readTimes(t: Task, pointer: number, unitNs: number): NewTimes | number {
  const at = readableRange(t, pointer, 32);
  if (at < 0) return at;
  const m = t.memory;
  return {
    atimeSec: loadI64(m, at),
    atimeNsec: loadI64(m, at + 8) * unitNs,
    mtimeSec: loadI64(m, at + 16),
    mtimeNsec: loadI64(m, at + 24) * unitNs,
  };
}

function isNsec(n: number): boolean {
  return (n >= 0 && n < 1e9) || n === UTIME_NOW || n === UTIME_OMIT;
}

export const linkRows: [number, SyscallRow][] = [
  [SYS_link, full("link", sysLink, ["old:path", "new:path"])],
  [SYS_linkat, full("linkat", sysLinkat, ["olddirfd:fd", "old:path", "newdirfd:fd", "new:path", "flags"])],
  [SYS_symlink, full("symlink", sysSymlink, ["target:path", "path:path"])],
  [SYS_symlinkat, full("symlinkat", sysSymlinkat, ["target:path", "dirfd:fd", "path:path"])],
  [SYS_readlink, full("readlink", sysReadlink, ["path:path", "buf", "size:uint"])],
  [SYS_readlinkat, full("readlinkat", sysReadlinkat, ["dirfd:fd", "path:path", "buf", "size:uint"])],
  [SYS_unlink, full("unlink", sysUnlink, ["path:path"])],
  [SYS_unlinkat, full("unlinkat", sysUnlinkat, ["dirfd:fd", "path:path", "flags"])],
  [SYS_rename, full("rename", sysRename, ["old:path", "new:path"])],
  [SYS_renameat, full("renameat", sysRenameat, ["olddirfd:fd", "old:path", "newdirfd:fd", "new:path"])],
  [
    SYS_renameat2,
    partial("renameat2", sysRenameat2, "RENAME_WHITEOUT fails with EPERM", [
      "olddirfd:fd",
      "old:path",
      "newdirfd:fd",
      "new:path",
      "flags",
    ]),
  ],
  [
    SYS_mknod,
    partial("mknod", sysMknod, "devices that /dev has can be opened, others are ENXIO", [
      "path:path",
      "mode:octal",
      "dev",
    ]),
  ],
  [
    SYS_mknodat,
    partial("mknodat", sysMknodat, "devices that /dev has can be opened, others are ENXIO", [
      "dirfd:fd",
      "path:path",
      "mode:octal",
      "dev",
    ]),
  ],
  [SYS_chmod, full("chmod", sysChmod, ["path:path", "mode:octal"])],
  [SYS_fchmod, full("fchmod", sysFchmod, ["fd:fd", "mode:octal"])],
  [SYS_fchmodat, full("fchmodat", sysFchmodat, ["dirfd:fd", "path:path", "mode:octal"])],
  [SYS_fchmodat2, full("fchmodat2", sysFchmodat2, ["dirfd:fd", "path:path", "mode:octal", "flags"])],
  [SYS_chown, full("chown", sysChown, ["path:path", "uid:int", "gid:int"])],
  [SYS_lchown, full("lchown", sysLchown, ["path:path", "uid:int", "gid:int"])],
  [SYS_fchown, full("fchown", sysFchown, ["fd:fd", "uid:int", "gid:int"])],
  [SYS_fchownat, full("fchownat", sysFchownat, ["dirfd:fd", "path:path", "uid:int", "gid:int", "flags"])],
  [SYS_utimensat, full("utimensat", sysUtimensat, ["dirfd:fd", "path:path", "times", "flags"])],
  [SYS_utimes, full("utimes", sysUtimes, ["path:path", "times"])],
  [SYS_futimesat, full("futimesat", sysFutimesat, ["dirfd:fd", "path:path", "times"])],
  [SYS_utime, full("utime", sysUtime, ["path:path", "times"])],
];
