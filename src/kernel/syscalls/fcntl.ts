import type { Kernel } from "../kernel.ts";
import { blockOnOne } from "../task/block.ts";
import type { Task } from "../task/task.ts";
import {
  loadI32,
  loadI64,
  loadU16,
  readableRange,
  storeU16,
  storeU32,
  storeU64,
  writableRange,
} from "../memory/user_memory.ts";
import { describedDentry } from "../vfs/anonymous.ts";
import type { FileDescription } from "../vfs/file_description.ts";
import { noticeOf, setAsync } from "../vfs/async_notice.ts";
import { type LockOwner, locksOf, releasePosixLocks } from "../vfs/locks.ts";
import { isMappedWritable } from "../memory/shared_pages.ts";
import { MemoryFile } from "../fs/memory_inodes.ts";
import { FifoInode, PipeEnd } from "../fs/pipe.ts";
import { full, partial, type SyscallRow } from "./support.ts";
import {
  F_ADD_SEALS,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_DUPFD_QUERY,
  F_GET_RW_HINT,
  F_GET_SEALS,
  F_GETFD,
  F_GETFL,
  F_GETLEASE,
  F_GETLK,
  F_GETOWN,
  F_GETOWN_EX,
  F_GETPIPE_SZ,
  F_GETSIG,
  F_OFD_GETLK,
  F_OFD_SETLK,
  F_OFD_SETLKW,
  F_OWNER_PGRP,
  F_OWNER_PID,
  F_OWNER_TID,
  F_RDLCK,
  F_SEAL_SEAL,
  F_SEAL_WRITE,
  F_SET_RW_HINT,
  F_SETFD,
  F_SETFL,
  F_SETLEASE,
  F_SETLK,
  F_SETLKW,
  F_SETOWN,
  F_SETOWN_EX,
  F_SETPIPE_SZ,
  F_SETSIG,
  F_UNLCK,
  F_WRLCK,
  FD_CLOEXEC,
  O_ACCMODE,
  O_ASYNC,
  O_CLOEXEC,
  O_PATH,
  O_RDONLY,
  O_WRONLY,
  SEEK_CUR,
  SEEK_END,
  SEEK_SET,
  SETFL_MASK,
} from "../abi/fcntl.ts";
import { EAGAIN, EBADF, EBUSY, EDEADLK, EINVAL, EOVERFLOW, EPERM, ESRCH } from "../abi/errno.ts";
import { SYS_dup, SYS_dup2, SYS_dup3, SYS_fcntl } from "../abi/syscall_numbers.ts";

function sysDup(_k: Kernel, t: Task, fd: number): number {
  const d = t.process.fds.get(fd);
  return d === undefined ? -EBADF : t.process.fds.install(d, false);
}

function sysDup2(k: Kernel, t: Task, oldFd: number, newFd: number): number {
  if (oldFd === newFd) return t.process.fds.get(oldFd) === undefined ? -EBADF : newFd;
  return duplicateTo(k, t, oldFd, newFd, false);
}

function sysDup3(k: Kernel, t: Task, oldFd: number, newFd: number, flags: number): number {
  if ((flags & ~O_CLOEXEC) || oldFd === newFd) return -EINVAL;
  return duplicateTo(k, t, oldFd, newFd, (flags & O_CLOEXEC) !== 0);
}

function duplicateTo(k: Kernel, t: Task, oldFd: number, newFd: number, cloexec: boolean): number {
  const fds = t.process.fds, d = fds.get(oldFd);
  if (d === undefined || newFd < 0 || newFd >= fds.limit) return -EBADF;
  const replaced = fds.get(newFd);
  if (replaced !== undefined) releasePosixLocks(k, fds, replaced);
  return fds.installAt(k, newFd, d, cloexec);
}

function sysFcntl(k: Kernel, t: Task, fd: number, command: number, argument: number): number {
  const fds = t.process.fds, d = fds.get(fd);
  if (d === undefined) return -EBADF;
  switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
      if (argument < 0 || argument >= fds.limit) return -EINVAL;
      return fds.install(d, command === F_DUPFD_CLOEXEC, argument);
    case F_GETFD:
      return fds.isCloexec(fd) ? FD_CLOEXEC : 0;
    case F_SETFD:
      fds.setCloexec(fd, (argument & FD_CLOEXEC) !== 0);
      return 0;
    case F_GETFL:
      return d.statusFlags;
    case F_DUPFD_QUERY: {
      const other = fds.get(argument);
      return other === undefined ? -EBADF : other === d ? 1 : 0;
    }
  }
  if (d.statusFlags & O_PATH) return -EBADF;
  switch (command) {
    case F_SETFL:
      if ((argument ^ d.statusFlags) & O_ASYNC && d.canBeWatched) setAsync(k, d, fd, (argument & O_ASYNC) !== 0);
      d.statusFlags = (d.statusFlags & ~SETFL_MASK) | (argument & SETFL_MASK);
      return 0;
    case F_GETLK:
    case F_OFD_GETLK:
      return getLock(k, t, d, argument, command === F_OFD_GETLK);
    case F_SETLK:
    case F_SETLKW:
      return setLock(k, t, d, argument, false, command === F_SETLKW);
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
      return setLock(k, t, d, argument, true, command === F_OFD_SETLKW);
    case F_SETOWN:
      return setOwner(k, d, argument < 0 ? F_OWNER_PGRP : F_OWNER_PID, Math.abs(argument));
    case F_SETOWN_EX: {
      const at = readableRange(t, argument, 8);
      return at < 0 ? at : setOwner(k, d, loadI32(t.memory, at), loadI32(t.memory, at + 4));
    }
    case F_GETOWN_EX: {
      const at = writableRange(t, argument, 8);
      if (at < 0) return at;
      const isThread = d.notice !== null && d.notice.toThread;
      storeU32(t.memory, at, isThread ? F_OWNER_TID : d.owner < 0 ? F_OWNER_PGRP : F_OWNER_PID);
      storeU32(t.memory, at + 4, Math.abs(d.owner));
      return 0;
    }
    case F_GETOWN:
      return d.owner;
    case F_SETSIG:
      if (argument >>> 0 > 64) return -EINVAL;
      if (argument !== 0 || d.notice !== null) noticeOf(k, d).signal = argument;
      return 0;
    case F_GETSIG:
      return d.notice === null ? 0 : d.notice.signal;
    case F_SETPIPE_SZ:
      return setPipeSize(t, d, argument);
    case F_GETPIPE_SZ:
      return d instanceof PipeEnd ? d.inode.buffer.capacity : -EBADF;
    case F_ADD_SEALS:
      return addSeals(k, d, argument);
    case F_GET_SEALS: {
      const inode = describedDentry(k, d).inode;
      return inode instanceof MemoryFile && inode.seals >= 0 ? inode.seals : -EINVAL;
    }
    case F_GETLEASE:
      return F_UNLCK;
    case F_SETLEASE:
      return argument === F_UNLCK ? -EAGAIN : -EINVAL;
    case F_GET_RW_HINT:
    case F_SET_RW_HINT:
      return describedDentry(k, d).inode.isRegular ? 0 : -EINVAL;
    default:
      return -EINVAL;
  }
}

/** F_SETOWN_EX: 0 for nobody, -ESRCH for one that is not there. */
function setOwner(k: Kernel, d: FileDescription, type: number, id: number): number {
  if (type !== F_OWNER_TID && type !== F_OWNER_PID && type !== F_OWNER_PGRP) return -EINVAL;
  const isThere = type === F_OWNER_TID
    ? k.tasks.has(id)
    : [...k.processes.values()].some((p) => type === F_OWNER_PID ? p.pid === id : p.pgid === id);
  if (id !== 0 && !isThere) return -ESRCH;
  d.owner = type === F_OWNER_PGRP ? -id : id;
  if (type === F_OWNER_TID || d.notice !== null) noticeOf(k, d).toThread = type === F_OWNER_TID;
  return 0;
}

/** fs.pipe-max-size. */
const PIPE_MAX_SIZE = 1048576;

function setPipeSize(t: Task, d: FileDescription, size: number): number {
  if (!(d instanceof PipeEnd)) return -EBADF;
  if (size < 0) return -EINVAL;
  if (size > PIPE_MAX_SIZE && !t.process.credentials.privileged) return -EPERM;
  const inode: FifoInode = d.inode, wasWritable = inode.buffer.isWritable;
  const result = inode.buffer.setCapacity(size);
  if (!wasWritable && inode.buffer.isWritable) inode.wakeWriters();
  return result;
}

function addSeals(k: Kernel, d: FileDescription, seals: number): number {
  const inode = describedDentry(k, d).inode;
  if (!(inode instanceof MemoryFile) || inode.seals < 0 || seals & ~0x3f) return -EINVAL;
  if ((d.statusFlags & O_ACCMODE) === O_RDONLY || inode.seals & F_SEAL_SEAL) return -EPERM;
  if (seals & F_SEAL_WRITE && inode.shared !== null && isMappedWritable(k, inode.shared)) return -EBUSY;
  inode.seals |= seals;
  return 0;
}

const FLOCK_BYTES = 32;
/** The struct flock being worked on. */
const asked = { type: 0, start: 0, end: 0 };

/** Reads struct flock and makes the range absolute: 0, or -errno. */
function readFlock(k: Kernel, t: Task, d: FileDescription, at: number): number {
  const m = t.memory;
  asked.type = loadU16(m, at);
  const whence = loadU16(m, at + 2), start = loadI64(m, at + 8), length = loadI64(m, at + 16);
  let base = 0;
  if (whence === SEEK_CUR) base = d.offset;
  else if (whence === SEEK_END) base = describedDentry(k, d).inode.size;
  else if (whence !== SEEK_SET) return -EINVAL;
  asked.start = base + start;
  asked.end = Infinity;
  if (length > 0) asked.end = asked.start + length - 1;
  else if (length < 0) {
    asked.end = asked.start - 1;
    asked.start += length;
  }
  if (asked.start < 0) return -EINVAL;
  if (length > 0 && asked.end > 2 ** 63) return -EOVERFLOW;
  return asked.type > F_UNLCK ? -EINVAL : 0;
}

/** Kept in task.restart while the task waits for a record lock. */
interface LockWait {
  lockOwner: LockOwner;
  waitsFor: LockOwner;
}

/** Longest chain of waiting owners that is looked at for a deadlock (MAX_DEADLK_ITERATIONS). */
const LONGEST_CHAIN = 10;

/** Whether an owner of locks waits, perhaps through others, for a lock of `target`. */
function waitsFor(k: Kernel, owner: LockOwner, target: LockOwner): boolean {
  for (let i = 0; i < LONGEST_CHAIN; i++) {
    let next: LockOwner | null = null;
    for (const t of k.tasks.values()) {
      const wait = t.inSyscall >= 0 ? t.restart as Partial<LockWait> | null : null;
      if (wait?.waitsFor !== undefined && wait.lockOwner === owner) next = wait.waitsFor;
    }
    if (next === target) return true;
    if (next === null) return false;
    owner = next;
  }
  return false;
}

function ownerOf(t: Task, d: FileDescription, isOfd: boolean): LockOwner {
  return isOfd ? d : t.process.fds;
}

function getLock(k: Kernel, t: Task, d: FileDescription, pointer: number, isOfd: boolean): number {
  const at = writableRange(t, pointer, FLOCK_BYTES);
  if (at < 0) return at;
  const bad = readFlock(k, t, d, at);
  if (bad) return bad;
  const m = t.memory;
  if (isOfd && loadI32(m, at + 24) !== 0) return -EINVAL;
  if (asked.type === F_UNLCK) return -EINVAL;
  const locks = describedDentry(k, d).inode.locks;
  const lock = locks?.conflict(ownerOf(t, d, isOfd), asked.type, asked.start, asked.end) ?? null;
  if (lock === null) {
    storeU16(m, at, F_UNLCK);
    return 0;
  }
  storeU16(m, at, lock.type);
  storeU16(m, at + 2, SEEK_SET);
  storeU64(m, at + 8, lock.start);
  storeU64(m, at + 16, lock.end === Infinity ? 0 : lock.end - lock.start + 1);
  storeU32(m, at + 24, lock.pid);
  return 0;
}

function setLock(k: Kernel, t: Task, d: FileDescription, pointer: number, isOfd: boolean, waits: boolean): number {
  const at = readableRange(t, pointer, FLOCK_BYTES);
  if (at < 0) return at;
  const bad = readFlock(k, t, d, at);
  if (bad) return bad;
  if (isOfd && loadI32(t.memory, at + 24) !== 0) return -EINVAL;
  const access = d.statusFlags & O_ACCMODE;
  if (asked.type === F_RDLCK && access === O_WRONLY) return -EBADF;
  if (asked.type === F_WRLCK && access === O_RDONLY) return -EBADF;
  const locks = locksOf(describedDentry(k, d).inode), owner = ownerOf(t, d, isOfd);
  const inTheWay = asked.type === F_UNLCK ? null : locks.conflict(owner, asked.type, asked.start, asked.end);
  if (inTheWay !== null) {
    if (!waits) return -EAGAIN;
    if (!isOfd && waitsFor(k, inTheWay.owner, owner)) return -EDEADLK;
    t.restart = { lockOwner: owner, waitsFor: inTheWay.owner } satisfies LockWait;
    return blockOnOne(t, locks.released);
  }
  locks.set(owner, asked.type, asked.start, asked.end, isOfd ? -1 : t.process.pid);
  return 0;
}

export const fcntlRows: [number, SyscallRow][] = [
  [
    SYS_fcntl,
    partial("fcntl", sysFcntl, "no leases, no SIGIO", ["fd:fd", "cmd:int", "arg"]),
  ],
  [SYS_dup, full("dup", sysDup, ["fd:fd"])],
  [SYS_dup2, full("dup2", sysDup2, ["old:fd", "new:fd"])],
  [SYS_dup3, full("dup3", sysDup3, ["old:fd", "new:fd", "flags"])],
];
