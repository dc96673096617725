import type { Kernel } from "../kernel.ts";
import { dropDescription } from "../task/fd_table.ts";
import type { Task } from "../task/task.ts";
import { readCString } from "../memory/user_memory.ts";
import { describedDentry } from "../vfs/anonymous.ts";
import { nameBytes } from "../vfs/name_length.ts";
import { LOOKUP_FOLLOW } from "../vfs/path.ts";
import { MAY_WRITE, permission } from "../vfs/permission.ts";
import { beyondSizeLimit } from "../vfs/size_limit.ts";
import { unnamedFile } from "../fs/unnamed_file.ts";
import { RegularFile } from "../vfs/regular_file.ts";
import { notify } from "../fs/inotify.ts";
import { IN_MODIFY } from "../abi/inotify.ts";
import { FifoInode } from "../fs/pipe.ts";
import { usable, writable } from "./io_wait.ts";
import { full, partial, type SyscallRow } from "./support.ts";
import {
  AT_FDCWD,
  F_SEAL_EXEC,
  F_SEAL_SEAL,
  FALLOC_FL_COLLAPSE_RANGE,
  FALLOC_FL_INSERT_RANGE,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  MFD_EXEC,
  MFD_NOEXEC_SEAL,
} from "../abi/fcntl.ts";
import { EBADF, EFAULT, EINVAL, EISDIR, ENODEV, EOPNOTSUPP, EROFS, ESPIPE } from "../abi/errno.ts";
import { RLIMIT_FSIZE } from "../abi/resource.ts";
import {
  SYS_fadvise64,
  SYS_fallocate,
  SYS_fdatasync,
  SYS_fsync,
  SYS_ftruncate,
  SYS_memfd_create,
  SYS_readahead,
  SYS_sync,
  SYS_sync_file_range,
  SYS_syncfs,
  SYS_truncate,
} from "../abi/syscall_numbers.ts";

function sysTruncate(k: Kernel, t: Task, pathPointer: number): number {
  const length = k.arg64(1);
  if (length < 0) return -EINVAL;
  const path = readCString(t, pathPointer);
  if (typeof path === "number") return path;
  const found = k.vfs.walker.walk(k, t, AT_FDCWD, path, LOOKUP_FOLLOW);
  if (found < 0) return found;
  const dentry = k.vfs.walker.dentry!, inode = dentry.inode;
  if (inode.isDirectory) return -EISDIR;
  if (!inode.isRegular) return -EINVAL;
  const refused = permission(t.process.credentials, inode, MAY_WRITE);
  if (refused) return refused;
  if (inode.fs.readOnly) return -EROFS;
  if (growsBeyondLimit(t, inode.size, length)) return beyondSizeLimit(t);
  const result = inode.truncate(k, length);
  if (result === 0) notify(k, dentry, IN_MODIFY);
  return result;
}

function sysFtruncate(k: Kernel, t: Task, fd: number): number {
  const length = k.arg64(1);
  if (length < 0) return -EINVAL;
  const d = usable(t, fd);
  if (typeof d === "number") return d;
  if (!(d instanceof RegularFile) || writable(t, fd) === undefined) return -EINVAL;
  return growsBeyondLimit(t, d.inode.size, length) ? beyondSizeLimit(t) : d.truncate(k, length);
}

function growsBeyondLimit(t: Task, from: number, to: number): boolean {
  return to > from && to > t.process.limits.soft[RLIMIT_FSIZE];
}

const FALLOC_MODES = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_ZERO_RANGE |
  FALLOC_FL_INSERT_RANGE;

/** The checks in the order of vfs_fallocate. */
function sysFallocate(k: Kernel, t: Task, fd: number, mode: number): number {
  const d = usable(t, fd);
  if (typeof d === "number") return d;
  const offset = k.arg64(2), length = k.arg64(3);
  if (offset < 0 || length <= 0) return -EINVAL;
  if (mode & ~FALLOC_MODES) return -EOPNOTSUPP;
  if ((mode & FALLOC_FL_PUNCH_HOLE) && !(mode & FALLOC_FL_KEEP_SIZE)) return -EOPNOTSUPP;
  if (writable(t, fd) === undefined) return -EBADF;
  const { inode } = describedDentry(k, d);
  if (inode instanceof FifoInode) return -ESPIPE;
  if (inode.isDirectory) return -EISDIR;
  if (inode.isRegular && !(mode & FALLOC_FL_KEEP_SIZE) && growsBeyondLimit(t, inode.size, offset + length)) {
    return beyondSizeLimit(t);
  }
  return inode.isRegular ? d.allocate(k, mode, offset, length) : -ENODEV;
}

/** Nothing is more durable than memory here: what can be synced is. */
function sysFsync(k: Kernel, t: Task, fd: number): number {
  const d = usable(t, fd);
  if (typeof d === "number") return d;
  const { inode } = describedDentry(k, d);
  return inode.isRegular || inode.isDirectory ? 0 : -EINVAL;
}

function sysSyncfs(_k: Kernel, t: Task, fd: number): number {
  const d = usable(t, fd);
  return typeof d === "number" ? d : 0;
}

function sysSyncFileRange(k: Kernel, t: Task, fd: number): number {
  const d = usable(t, fd);
  if (typeof d === "number") return d;
  if (k.arg64(1) < 0 || k.arg64(2) < 0) return -EINVAL;
  const { inode } = describedDentry(k, d);
  return inode.isRegular || inode.isDirectory ? 0 : -ESPIPE;
}

function sysFadvise64(k: Kernel, t: Task, fd: number, _offset: number, _length: number, advice: number): number {
  const d = usable(t, fd);
  if (typeof d === "number") return d;
  if (describedDentry(k, d).inode instanceof FifoInode) return -ESPIPE;
  return advice < 0 || advice > 5 || k.arg64(2) < 0 ? -EINVAL : 0;
}

function sysReadahead(_k: Kernel, t: Task, fd: number): number {
  const d = usable(t, fd);
  if (typeof d === "number") return d;
  return d instanceof RegularFile ? 0 : -EINVAL;
}

/** Longest name of a memfd: NAME_MAX less "memfd:". */
const MEMFD_NAME_MAX = 249;

function sysMemfdCreate(k: Kernel, t: Task, namePointer: number, flags: number): number {
  if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC)) return -EINVAL;
  if ((flags & MFD_EXEC) && (flags & MFD_NOEXEC_SEAL)) return -EINVAL;
  const name = readCString(t, namePointer, MEMFD_NAME_MAX + 1);
  if (typeof name === "number") return name === -EFAULT ? name : -EINVAL;
  if (nameBytes(name) > MEMFD_NAME_MAX) return -EINVAL;
  const d = unnamedFile(k, t, `/memfd:${name}`, flags & MFD_NOEXEC_SEAL ? 0o666 : 0o777);
  d.inode.seals = flags & MFD_NOEXEC_SEAL ? F_SEAL_EXEC : flags & MFD_ALLOW_SEALING ? 0 : F_SEAL_SEAL;
  const fd = t.process.fds.install(d, (flags & MFD_CLOEXEC) !== 0);
  if (fd < 0) {
    d.refs++;
    dropDescription(k, d);
  }
  return fd;
}

export const truncateRows: [number, SyscallRow][] = [
  [SYS_truncate, full("truncate", sysTruncate, ["path:path", "length:uint"])],
  [SYS_ftruncate, full("ftruncate", sysFtruncate, ["fd:fd", "length:uint"])],
  [
    SYS_fallocate,
    partial("fallocate", sysFallocate, "reserves nothing; no COLLAPSE or INSERT", [
      "fd:fd",
      "mode",
      "offset:uint",
      "len:uint",
    ]),
  ],
  [SYS_fsync, full("fsync", sysFsync, ["fd:fd"])],
  [SYS_fdatasync, full("fdatasync", sysFsync, ["fd:fd"])],
  [SYS_sync, full("sync", () => 0, [])],
  [SYS_syncfs, full("syncfs", sysSyncfs, ["fd:fd"])],
  [SYS_sync_file_range, full("sync_file_range", sysSyncFileRange, ["fd:fd", "offset:uint", "len:uint", "flags"])],
  [SYS_fadvise64, full("fadvise64", sysFadvise64, ["fd:fd", "offset:uint", "len:uint", "advice:int"])],
  [SYS_readahead, full("readahead", sysReadahead, ["fd:fd", "offset:uint", "count:uint"])],
  [SYS_memfd_create, partial("memfd_create", sysMemfdCreate, "no huge pages", ["name:path", "flags"])],
];
