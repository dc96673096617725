import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { FileDescription } from "../vfs/file_description.ts";
import { iovecs, readableIovecs, readableRange, writableIovecs, writableRange } from "../memory/user_memory.ts";
import { movedBefore, readable, usable, waitToRead, waitToWrite, writable, writeFully } from "./io_wait.ts";
import { full, partial, type SyscallRow } from "./support.ts";
import {
  MAX_RW_COUNT,
  O_APPEND,
  RWF_APPEND,
  RWF_DSYNC,
  RWF_HIPRI,
  RWF_NOAPPEND,
  RWF_NOWAIT,
  RWF_SYNC,
} from "../abi/fcntl.ts";
import { EAGAIN, EBADF, EFAULT, EINVAL, EOPNOTSUPP, ESPIPE } from "../abi/errno.ts";
import {
  SYS_lseek,
  SYS_pread64,
  SYS_preadv,
  SYS_preadv2,
  SYS_pwrite64,
  SYS_pwritev,
  SYS_pwritev2,
  SYS_read,
  SYS_readv,
  SYS_write,
  SYS_writev,
} from "../abi/syscall_numbers.ts";

/** Vectors up to this size go through one buffer, so that pipes and datagram sockets see one read or write. */
const GATHER_BYTES = 65536;
const gathered = new Uint8Array(GATHER_BYTES);

/** A positional call's position; -1: the file's own. */
const AT_OFFSET = -1;

function sysRead(k: Kernel, t: Task, fd: number, buffer: number): number {
  const d = readable(t, fd);
  if (d === undefined) return -EBADF;
  const count = clampedCount(k.arg64(2));
  let length = count;
  let at = count < 0 ? -EFAULT : writableRange(t, buffer, count);
  if (at < 0) {
    // Linux copies until it meets the bad page: a count beyond the buffer does no harm if the file ends before.
    length = accessiblePrefix(t, buffer, count, true);
    if (length === 0) return -EFAULT;
    at = writableRange(t, buffer, length);
  }
  const n = d.read(k, t, t.memory.u8, at, length);
  return n === -EAGAIN ? waitToRead(k, t, d) : n;
}

function sysWrite(k: Kernel, t: Task, fd: number, buffer: number): number {
  const d = writable(t, fd);
  if (d === undefined) return -EBADF;
  let count = clampedCount(k.arg64(2));
  let at = count < 0 ? -EFAULT : readableRange(t, buffer, count);
  if (at < 0) {
    count = accessiblePrefix(t, buffer, count, false);
    if (count === 0) return -EFAULT;
    at = readableRange(t, buffer, count);
  }
  return writeFully(k, t, d, t.memory.u8, at, count, movedBefore(t));
}

function sysPread(k: Kernel, t: Task, fd: number, buffer: number): number {
  const position = k.arg64(3);
  if (position < 0) return -EINVAL;
  const d = usable(t, fd);
  if (typeof d === "number") return d;
  if (d.pread === FileDescription.prototype.pread) return -ESPIPE;
  if (readable(t, fd) === undefined) return -EBADF;
  const count = clampedCount(k.arg64(2));
  let length = count;
  let at = count < 0 ? -EFAULT : writableRange(t, buffer, count);
  if (at < 0) {
    length = accessiblePrefix(t, buffer, count, true);
    if (length === 0) return -EFAULT;
    at = writableRange(t, buffer, length);
  }
  return d.pread(k, t, t.memory.u8, at, length, position);
}

function sysPwrite(k: Kernel, t: Task, fd: number, buffer: number): number {
  const position = k.arg64(3);
  if (position < 0) return -EINVAL;
  const d = usable(t, fd);
  if (typeof d === "number") return d;
  if (d.pwrite === FileDescription.prototype.pwrite) return -ESPIPE;
  if (writable(t, fd) === undefined) return -EBADF;
  let count = clampedCount(k.arg64(2));
  let at = count < 0 ? -EFAULT : readableRange(t, buffer, count);
  if (at < 0) {
    count = accessiblePrefix(t, buffer, count, false);
    if (count === 0) return -EFAULT;
    at = readableRange(t, buffer, count);
  }
  return d.pwrite(k, t, t.memory.u8, at, count, position);
}

function sysLseek(k: Kernel, t: Task, fd: number, _offset: number, whence: number): number {
  const d = usable(t, fd);
  if (typeof d === "number") return d;
  return d.seek(k, k.arg64(1), whence >>> 0);
}

function sysReadv(k: Kernel, t: Task, fd: number, vector: number, count: number): number {
  const d = readable(t, fd);
  if (d === undefined) return -EBADF;
  return readVector(k, t, d, vector, count, AT_OFFSET);
}

function sysWritev(k: Kernel, t: Task, fd: number, vector: number, count: number): number {
  const d = writable(t, fd);
  if (d === undefined) return -EBADF;
  return writeVector(k, t, d, vector, count, AT_OFFSET);
}

function sysPreadv(k: Kernel, t: Task, fd: number, vector: number, count: number): number {
  return positionalRead(k, t, fd, vector, count, k.arg64(3));
}

function sysPwritev(k: Kernel, t: Task, fd: number, vector: number, count: number): number {
  return positionalWrite(k, t, fd, vector, count, k.arg64(3));
}

/** The sixth argument of the v2 forms holds RWF_ flags; position -1 means the file's own. */
function sysPreadv2(
  k: Kernel,
  t: Task,
  fd: number,
  vector: number,
  count: number,
  _low: number,
  _high: number,
  flags: number,
): number {
  if (flags & ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT)) return -EOPNOTSUPP;
  const position = k.arg64(3);
  return position === -1 ? sysReadv(k, t, fd, vector, count) : positionalRead(k, t, fd, vector, count, position);
}

function sysPwritev2(
  k: Kernel,
  t: Task,
  fd: number,
  vector: number,
  count: number,
  _low: number,
  _high: number,
  flags: number,
): number {
  if (flags & ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND | RWF_NOAPPEND)) return -EOPNOTSUPP;
  const d = t.process.fds.get(fd);
  if (d === undefined) return -EBADF;
  const position = k.arg64(3), flagsBefore = d.statusFlags;
  if (flags & RWF_APPEND) d.statusFlags |= O_APPEND;
  if (flags & RWF_NOAPPEND) d.statusFlags &= ~O_APPEND;
  const n = position === -1 ? sysWritev(k, t, fd, vector, count) : positionalWrite(k, t, fd, vector, count, position);
  d.statusFlags = flagsBefore;
  return n;
}

function positionalRead(k: Kernel, t: Task, fd: number, vector: number, count: number, position: number): number {
  if (position < 0) return -EINVAL;
  const d = usable(t, fd);
  if (typeof d === "number") return d;
  if (d.pread === FileDescription.prototype.pread) return -ESPIPE;
  if (readable(t, fd) === undefined) return -EBADF;
  return readVector(k, t, d, vector, count, position);
}

function positionalWrite(k: Kernel, t: Task, fd: number, vector: number, count: number, position: number): number {
  if (position < 0) return -EINVAL;
  const d = usable(t, fd);
  if (typeof d === "number") return d;
  if (d.pwrite === FileDescription.prototype.pwrite) return -ESPIPE;
  if (writable(t, fd) === undefined) return -EBADF;
  return writeVector(k, t, d, vector, count, position);
}

function readVector(k: Kernel, t: Task, d: FileDescription, vector: number, count: number, position: number): number {
  const total = writableIovecs(t, vector, count);
  if (total <= 0) return total;
  const u8 = t.memory.u8;
  if (position !== AT_OFFSET || d.pread !== FileDescription.prototype.pread) {
    return readPieces(k, t, d, u8, position);
  }
  if (iovecs.count === 1) {
    const n = d.read(k, t, u8, iovecs.at[0], Math.min(iovecs.length[0], MAX_RW_COUNT));
    return n === -EAGAIN ? waitToRead(k, t, d) : n;
  }
  // One read, then spread: a second read could take the next datagram or find nothing.
  const n = d.read(k, t, gathered, 0, Math.min(total, GATHER_BYTES));
  if (n === -EAGAIN) return waitToRead(k, t, d);
  for (let i = 0, done = 0; done < n; i++) {
    const part = Math.min(iovecs.length[i], n - done);
    u8.set(gathered.subarray(done, done + part), iovecs.at[i]);
    done += part;
  }
  return n;
}

/** Files: each buffer in turn until a short count. */
function readPieces(k: Kernel, t: Task, d: FileDescription, u8: Uint8Array, position: number): number {
  let done = 0;
  for (let i = 0; i < iovecs.count; i++) {
    const length = Math.min(iovecs.length[i], MAX_RW_COUNT - done);
    if (length === 0) continue;
    const n = position === AT_OFFSET
      ? d.read(k, t, u8, iovecs.at[i], length)
      : d.pread(k, t, u8, iovecs.at[i], length, position + done);
    if (n < 0) return done || n;
    done += n;
    if (n < length) break;
  }
  return done;
}

function writeVector(k: Kernel, t: Task, d: FileDescription, vector: number, count: number, position: number): number {
  const total = readableIovecs(t, vector, count);
  if (total <= 0) return total;
  const u8 = t.memory.u8;
  if (position !== AT_OFFSET || d.pwrite !== FileDescription.prototype.pwrite) {
    return writePieces(k, t, d, u8, position);
  }
  if (iovecs.count === 1) return writeFully(k, t, d, u8, iovecs.at[0], iovecs.length[0], movedBefore(t));
  if (total <= GATHER_BYTES) {
    for (let i = 0, filled = 0; i < iovecs.count; i++) {
      const at = iovecs.at[i], length = iovecs.length[i];
      if (length > 0) gathered.set(u8.subarray(at, at + length), filled);
      filled += length;
    }
    return writeFully(k, t, d, gathered, 0, total, movedBefore(t));
  }
  return writeStream(k, t, d, u8);
}

function writePieces(k: Kernel, t: Task, d: FileDescription, u8: Uint8Array, position: number): number {
  let done = 0;
  for (let i = 0; i < iovecs.count; i++) {
    const length = Math.min(iovecs.length[i], MAX_RW_COUNT - done);
    if (length === 0) continue;
    const n = position === AT_OFFSET
      ? d.write(k, t, u8, iovecs.at[i], length)
      : d.pwrite(k, t, u8, iovecs.at[i], length, position + done);
    if (n < 0) return done || n;
    done += n;
    if (n < length) break;
  }
  return done;
}

/** A long vector to a pipe or stream socket: piece by piece, going on after a wait where it stopped. */
function writeStream(k: Kernel, t: Task, d: FileDescription, u8: Uint8Array): number {
  let done = movedBefore(t), start = 0;
  for (let i = 0; i < iovecs.count; i++) {
    const end = start + iovecs.length[i];
    while (done < end) {
      const n = d.write(k, t, u8, iovecs.at[i] + (done - start), end - done);
      if (n === -EAGAIN) return waitToWrite(k, t, d, done);
      if (n <= 0) return done || n;
      done += n;
    }
    start = end;
  }
  return done;
}

/** A size_t count as rw_verify_area leaves it; negative (beyond 2^63) stays so. */
function clampedCount(count: number): number {
  return count > MAX_RW_COUNT ? MAX_RW_COUNT : count;
}

/** How many bytes from `pointer` the guest may use, up to `count`, by pages. */
function accessiblePrefix(t: Task, pointer: number, count: number, forWriting: boolean): number {
  const start = pointer >>> 0;
  let end = start;
  while (end < start + count) {
    const step = Math.min(4096 - (end % 4096), start + count - end);
    const at = forWriting ? writableRange(t, end, step) : readableRange(t, end, step);
    if (at < 0) break;
    end += step;
  }
  return end - start;
}

export const readWriteRows: [number, SyscallRow][] = [
  [SYS_read, full("read", sysRead, ["fd:fd", "buf", "count:uint"])],
  [SYS_write, full("write", sysWrite, ["fd:fd", "buf:bytes", "count:uint"])],
  [SYS_pread64, full("pread64", sysPread, ["fd:fd", "buf", "count:uint", "offset:uint"])],
  [SYS_pwrite64, full("pwrite64", sysPwrite, ["fd:fd", "buf:bytes", "count:uint", "offset:uint"])],
  [SYS_lseek, full("lseek", sysLseek, ["fd:fd", "offset:uint", "whence:int"])],
  [SYS_readv, full("readv", sysReadv, ["fd:fd", "iov", "iovcnt:int"])],
  [SYS_writev, full("writev", sysWritev, ["fd:fd", "iov", "iovcnt:int"])],
  [SYS_preadv, full("preadv", sysPreadv, ["fd:fd", "iov", "iovcnt:int", "offset:uint"])],
  [SYS_pwritev, full("pwritev", sysPwritev, ["fd:fd", "iov", "iovcnt:int", "offset:uint"])],
  [
    SYS_preadv2,
    partial("preadv2", sysPreadv2, "RWF_HIPRI, DSYNC, SYNC and NOWAIT change nothing", [
      "fd:fd",
      "iov",
      "iovcnt:int",
      "offset:uint",
      "high",
      "flags",
    ]),
  ],
  [
    SYS_pwritev2,
    partial("pwritev2", sysPwritev2, "RWF_HIPRI, DSYNC, SYNC and NOWAIT change nothing", [
      "fd:fd",
      "iov",
      "iovcnt:int",
      "offset:uint",
      "high",
      "flags",
    ]),
  ],
];
