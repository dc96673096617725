import type { Kernel } from "../kernel.ts";
import { blockOnOne } from "../task/block.ts";
import type { Task } from "../task/task.ts";
import { iovecs, loadI64, readableIovecs, storeU64, writableRange } from "../memory/user_memory.ts";
import { FileDescription } from "../vfs/file_description.ts";
import { RegularFile } from "../vfs/regular_file.ts";
import { PipeEnd } from "../fs/pipe.ts";
import { movedBefore, readable, waitToRead, waitToWrite, writable } from "./io_wait.ts";
import { full, partial, type SyscallRow } from "./support.ts";
import { describedDentry } from "../vfs/anonymous.ts";
import {
  MAX_RW_COUNT,
  O_APPEND,
  O_NONBLOCK,
  SPLICE_F_GIFT,
  SPLICE_F_MORE,
  SPLICE_F_MOVE,
  SPLICE_F_NONBLOCK,
} from "../abi/fcntl.ts";
import { EAGAIN, EBADF, EINVAL, EISDIR, ESPIPE } from "../abi/errno.ts";
import { SYS_copy_file_range, SYS_sendfile, SYS_splice, SYS_tee, SYS_vmsplice } from "../abi/syscall_numbers.ts";

/** Bytes carried from one file to another at a time. */
const CHUNK = 65536;
const chunk = new Uint8Array(CHUNK);

/** An optional loff_t in guest memory: where a transfer reads or writes instead of at the file's own position. */
function offsetAt(t: Task, pointer: number): number {
  return pointer === 0 ? -1 : writableRange(t, pointer, 8);
}

/** sendfile(2): from a file that has positions to anything. */
function sysSendfile(k: Kernel, t: Task, outFd: number, inFd: number, offsetPointer: number): number {
  const source = readable(t, inFd), out = writable(t, outFd);
  if (source === undefined) return -EBADF;
  const offset = offsetAt(t, offsetPointer);
  if (offsetPointer !== 0 && offset < 0) return offset;
  let position = source.offset;
  if (offsetPointer !== 0) {
    if (source.pread === FileDescription.prototype.pread) return -ESPIPE;
    position = loadI64(t.memory, offset);
    if (position < 0) return -EINVAL;
  }
  if (out === undefined) return -EBADF;
  if (!(source instanceof RegularFile) || out.statusFlags & O_APPEND) return -EINVAL;
  // The position is kept up to date at every step, so that a wait or a signal in the middle loses nothing.
  const advance = (by: number) => {
    position += by;
    if (offsetPointer !== 0) storeU64(t.memory, offset, position);
    else source.offset = position;
  };
  const count = Math.min(k.arg64(3), MAX_RW_COUNT);
  let moved = movedBefore(t);
  while (moved < count) {
    const n = source.pread(k, t, chunk, 0, Math.min(CHUNK, count - moved), position);
    if (n <= 0) return moved || n;
    const written = out.write(k, t, chunk, 0, n);
    if (written === -EAGAIN) {
      // A pipe takes what it has room for; a socket is waited for until all has gone.
      return moved > 0 && out instanceof PipeEnd ? moved : waitToWrite(k, t, out, moved);
    }
    if (written < 0) return moved || written;
    advance(written);
    moved += written;
    if (written < n && !out.writesInPieces) break;
  }
  return moved;
}

/** copy_file_range(2): between regular files. */
function sysCopyFileRange(
  k: Kernel,
  t: Task,
  inFd: number,
  inPointer: number,
  outFd: number,
  outPointer: number,
  _length: number,
  flags: number,
): number {
  const source = t.process.fds.get(inFd), out = t.process.fds.get(outFd);
  if (source === undefined || out === undefined) return -EBADF;
  if (flags !== 0) return -EINVAL;
  const inAt = offsetAt(t, inPointer), outAt = offsetAt(t, outPointer);
  if (inPointer !== 0 && inAt < 0) return inAt;
  if (outPointer !== 0 && outAt < 0) return outAt;
  const m = t.memory;
  const from = inPointer === 0 ? source.offset : loadI64(m, inAt);
  const to = outPointer === 0 ? out.offset : loadI64(m, outAt);
  if (describedDentry(k, source).inode.isDirectory || describedDentry(k, out).inode.isDirectory) return -EISDIR;
  if (!(source instanceof RegularFile) || !(out instanceof RegularFile)) return -EINVAL;
  if (readable(t, inFd) === undefined || writable(t, outFd) === undefined || out.statusFlags & O_APPEND) return -EBADF;
  if (from < 0 || to < 0) return -EINVAL;
  const count = Math.min(k.arg64(4), MAX_RW_COUNT, Math.max(0, source.inode.size - from));
  if (source.inode === out.inode && from < to + count && to < from + count) return -EINVAL;
  let moved = 0;
  while (moved < count) {
    const n = source.pread(k, t, chunk, 0, Math.min(CHUNK, count - moved), from + moved);
    if (n <= 0) break;
    const written = out.pwrite(k, t, chunk, 0, n, to + moved);
    if (written < 0) {
      if (moved === 0) return written;
      break;
    }
    moved += written;
  }
  if (inPointer === 0) source.offset = from + moved;
  else storeU64(m, inAt, from + moved);
  if (outPointer === 0) out.offset = to + moved;
  else storeU64(m, outAt, to + moved);
  return moved;
}

const SPLICE_FLAGS = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT;

/** splice(2): to or from a pipe; bytes are copied, no pages are moved. */
function sysSplice(
  k: Kernel,
  t: Task,
  inFd: number,
  inPointer: number,
  outFd: number,
  outPointer: number,
  _length: number,
  flags: number,
): number {
  if (flags & ~SPLICE_FLAGS) return -EINVAL;
  const length = Math.min(k.arg64(4), MAX_RW_COUNT);
  if (length === 0) return 0;
  const source = readable(t, inFd), out = writable(t, outFd);
  if (source === undefined || out === undefined) return -EBADF;
  const fromPipe = source instanceof PipeEnd, toPipe = out instanceof PipeEnd;
  if (!fromPipe && !toPipe) return -EINVAL;
  if ((fromPipe && inPointer !== 0) || (toPipe && outPointer !== 0)) return -ESPIPE;
  if (fromPipe && toPipe && source.inode === out.inode) return -EINVAL;
  if (!toPipe && out.statusFlags & O_APPEND) return -EINVAL;
  const inAt = offsetAt(t, inPointer), outAt = offsetAt(t, outPointer);
  if (inPointer !== 0 && inAt < 0) return inAt;
  if (outPointer !== 0 && outAt < 0) return outAt;
  const dontWait = (flags & SPLICE_F_NONBLOCK) !== 0;

  if (toPipe) {
    const { inode } = out;
    if (inode.readers === 0) return out.write(k, t, chunk, 0, 1);
    const room = Math.min(length, CHUNK, inode.buffer.free);
    if (room === 0) return dontWait ? -EAGAIN : waitToWrite(k, t, out, 0);
    const n = inPointer === 0
      ? source.read(k, t, chunk, 0, room)
      : source.pread(k, t, chunk, 0, room, loadI64(t.memory, inAt));
    if (n === -EAGAIN) return dontWait && fromPipe ? -EAGAIN : waitToRead(k, t, source);
    if (n <= 0) return n;
    inode.buffer.put(chunk, 0, n);
    inode.wakeReaders();
    if (inPointer !== 0) storeU64(t.memory, inAt, loadI64(t.memory, inAt) + n);
    return n;
  }

  const { inode } = source as PipeEnd;
  const n = inode.buffer.peek(chunk, 0, Math.min(length, CHUNK));
  if (n === 0) return inode.writers === 0 ? 0 : dontWait ? -EAGAIN : waitToRead(k, t, source);
  const written = outPointer === 0
    ? out.write(k, t, chunk, 0, n)
    : out.pwrite(k, t, chunk, 0, n, loadI64(t.memory, outAt));
  if (written === -EAGAIN) return waitToWrite(k, t, out, 0);
  if (written < 0) return written;
  inode.buffer.skip(written);
  inode.wakeWriters();
  if (outPointer !== 0) storeU64(t.memory, outAt, loadI64(t.memory, outAt) + written);
  return written;
}

/** tee(2): copies from pipe to pipe without taking out. */
function sysTee(k: Kernel, t: Task, inFd: number, outFd: number, _length: number, flags: number): number {
  if (flags & ~SPLICE_FLAGS) return -EINVAL;
  const length = Math.min(k.arg64(2), CHUNK);
  if (length === 0) return 0;
  const source = readable(t, inFd), out = writable(t, outFd);
  if (source === undefined || out === undefined) return -EBADF;
  if (!(source instanceof PipeEnd) || !(out instanceof PipeEnd) || source.inode === out.inode) return -EINVAL;
  const dontWait = (flags & SPLICE_F_NONBLOCK) !== 0;
  if (source.inode.buffer.used === 0) {
    return source.inode.writers === 0 ? 0 : dontWait ? -EAGAIN : blockOnOne(t, source.readiness);
  }
  if (out.inode.readers === 0) return out.write(k, t, chunk, 0, 1);
  const room = Math.min(length, out.inode.buffer.free);
  if (room === 0) return dontWait ? -EAGAIN : blockOnOne(t, out.readiness);
  const n = source.inode.buffer.peek(chunk, 0, room);
  out.inode.buffer.put(chunk, 0, n);
  out.inode.wakeReaders();
  return n;
}

/** vmsplice(2): user memory into a pipe, or out of one. */
function sysVmsplice(k: Kernel, t: Task, fd: number, vector: number, count: number, flags: number): number {
  if (flags & ~SPLICE_FLAGS) return -EINVAL;
  const d = t.process.fds.get(fd);
  if (d === undefined) return -EBADF;
  if (!(d instanceof PipeEnd)) return -EBADF;
  const total = readableIovecs(t, vector, count);
  if (total <= 0) return total;
  const u8 = t.memory.u8;
  let moved = movedBefore(t), start = 0;
  for (let i = 0; i < iovecs.count; i++) {
    const end = start + iovecs.length[i];
    while (moved < end) {
      const at = iovecs.at[i] + (moved - start);
      const n = d.canWrite ? d.write(k, t, u8, at, end - moved) : d.read(k, t, u8, at, end - moved);
      if (n === -EAGAIN) {
        if (moved > 0 && !d.canWrite) return moved;
        if ((flags & SPLICE_F_NONBLOCK) || (d.statusFlags & O_NONBLOCK)) return moved || -EAGAIN;
        return d.canWrite ? waitToWrite(k, t, d, moved) : waitToRead(k, t, d);
      }
      if (n <= 0) return moved || n;
      moved += n;
    }
    start = end;
  }
  return moved;
}

export const sendfileRows: [number, SyscallRow][] = [
  [SYS_sendfile, full("sendfile", sysSendfile, ["out:fd", "in:fd", "offset", "count:uint"])],
  [
    SYS_copy_file_range,
    full("copy_file_range", sysCopyFileRange, ["in:fd", "inoff", "out:fd", "outoff", "len:uint", "flags"]),
  ],
  [
    SYS_splice,
    partial("splice", sysSplice, "copies at most 64 KiB a call", [
      "in:fd",
      "inoff",
      "out:fd",
      "outoff",
      "len:uint",
      "flags",
    ]),
  ],
  [SYS_tee, partial("tee", sysTee, "copies at most 64 KiB a call", ["in:fd", "out:fd", "len:uint", "flags"])],
  [
    SYS_vmsplice,
    partial("vmsplice", sysVmsplice, "copies; SPLICE_F_GIFT changes nothing", ["fd:fd", "iov", "count:uint", "flags"]),
  ],
];
