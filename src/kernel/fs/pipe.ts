import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { Dentry } from "../vfs/dentry.ts";
import type { FileDescription } from "../vfs/file_description.ts";
import type { FileSystem } from "../vfs/file_system.ts";
import { ATIME, CTIME, Inode, MTIME } from "../vfs/inode.ts";
import { brokenPipe } from "../net/sigpipe.ts";
import { InodeDescription } from "../vfs/inode_description.ts";
import { WaitQueue } from "../wait_queue.ts";
import { PipeBuffer } from "./pipe_buffer.ts";
import { O_ACCMODE, O_NONBLOCK, O_RDONLY, O_WRONLY, PIPE_BUF } from "../abi/fcntl.ts";
import { EAGAIN, EBADF, ENXIO } from "../abi/errno.ts";
import { POLL_READABLE, POLL_WRITABLE, POLLERR, POLLHUP } from "../abi/poll.ts";
import { S_IFIFO } from "../abi/stat.ts";

/** The inode of a pipe or FIFO: its bytes, and the ends open on it (pipe(7), fifo(7)). */
export class FifoInode extends Inode {
  static override readonly savedFields: readonly string[] = [
    ...Inode.savedFields,
    "buffer",
    "ends",
    "readers",
    "writers",
    "readerOpenings",
    "writerOpenings",
    "openings",
    "pending",
  ];
  readonly buffer = new PipeBuffer();
  readonly ends: PipeEnd[] = [];
  readers = 0;
  writers = 0;
  /** Ends ever opened for reading and writing: a FIFO's open() waits for one more on the other side. */
  readerOpenings = 0;
  writerOpenings = 0;
  /** open() calls that wait for the other side. */
  pending: FifoOpening[] = [];
  /** Woken when an end is opened. */
  readonly openings = new WaitQueue();

  constructor(fs: FileSystem, ino: number, mode: number, uid: number, gid: number) {
    super(fs, ino, S_IFIFO | (mode & 0o7777), uid, gid);
  }

  /** Opens one end; never waits. Waiting for the other side is the open syscall's part (see PipeEnd.waitsForPeer). */
  override open(k: Kernel, _t: Task, dentry: Dentry, flags: number): FileDescription | number {
    this.dropAbandoned(k);
    const access = flags & O_ACCMODE;
    if (access === O_WRONLY && (flags & O_NONBLOCK) && this.readers === 0 && this.hasName) return -ENXIO;
    return new PipeEnd(dentry, this, access);
  }

  /** False for what pipe(2) made: opened again through /proc, it waits for nobody (fifo_open()). */
  get hasName(): boolean {
    return this.fs.type !== "pipefs";
  }

  /** Forgets openings whose task was interrupted while it waited for the other side. */
  private dropAbandoned(k: Kernel): void {
    for (const o of this.pending) if (o.task.restart !== o) o.end.release(k);
    this.pending = this.pending.filter((o) => o.task.restart === o);
  }

  wakeReaders(): void {
    for (const end of this.ends) if (end.canRead) end.readiness.wake();
  }
  wakeWriters(): void {
    for (const end of this.ends) if (end.canWrite) end.readiness.wake();
  }
}

/** An open() of a FIFO that waits for the other side; kept in task.restart. */
export class FifoOpening {
  static readonly savedFields: readonly string[] = ["task", "end"];
  constructor(readonly task: Task, readonly end: PipeEnd) {
    end.inode.pending.push(this);
  }

  done(): void {
    const { pending } = this.end.inode;
    pending.splice(pending.indexOf(this), 1);
  }
}

/** One open end of a pipe. Reading and writing leave the times alone: nobody asks, and a clock costs more than the copy. */
export class PipeEnd extends InodeDescription<FifoInode> {
  static override readonly savedFields: readonly string[] = [
    ...InodeDescription.savedFields,
    "canRead",
    "canWrite",
    "writersBefore",
    "peersBefore",
  ];
  readonly canRead: boolean;
  readonly canWrite: boolean;
  /** writerOpenings when a FIFO was opened without a writer: no POLLHUP until one has come and gone. Else -1. */
  private writersBefore = -1;
  /** Openings of the other side that had happened before this one. */
  private readonly peersBefore: number;

  constructor(dentry: Dentry, inode: FifoInode, access: number) {
    super(dentry, inode);
    this.statusFlags = access;
    this.canRead = access !== O_WRONLY;
    this.canWrite = access !== O_RDONLY;
    this.peersBefore = this.canRead ? inode.writerOpenings : inode.readerOpenings;
    if (this.canRead) {
      inode.readers++;
      inode.readerOpenings++;
      if (inode.writers === 0 && inode.hasName) this.writersBefore = inode.writerOpenings;
    }
    if (this.canWrite) {
      inode.writers++;
      inode.writerOpenings++;
    }
    inode.ends.push(this);
    inode.openings.wake();
  }

  /** Whether a blocking open() of a FIFO still has to wait for the other side. */
  get waitsForPeer(): boolean {
    const { inode } = this;
    if ((this.canRead && this.canWrite) || !inode.hasName) return false;
    return this.canRead
      ? inode.writers === 0 && inode.writerOpenings === this.peersBefore
      : inode.readers === 0 && inode.readerOpenings === this.peersBefore;
  }

  poll(): number {
    const { buffer, readers, writers, writerOpenings } = this.inode;
    let ready = 0;
    if (this.canRead) {
      if (buffer.used > 0) ready |= POLL_READABLE;
      if (writers === 0 && writerOpenings !== this.writersBefore) ready |= POLLHUP;
    }
    if (this.canWrite) {
      if (buffer.isWritable) ready |= POLL_WRITABLE;
      if (readers === 0) ready |= POLLERR;
    }
    return ready;
  }

  describe(): string {
    return this.dentry!.name;
  }

  override read(_k: Kernel, _t: Task, bytes: Uint8Array, at: number, length: number): number {
    if (!this.canRead) return -EBADF;
    const inode = this.inode, buffer = inode.buffer;
    if (length === 0) return 0;
    if (buffer.used === 0) return inode.writers === 0 ? 0 : -EAGAIN;
    const wasWritable = buffer.isWritable;
    const n = buffer.take(bytes, at, length);
    if (!wasWritable) inode.wakeWriters();
    return n;
  }

  override write(_k: Kernel, t: Task, bytes: Uint8Array, at: number, length: number): number {
    if (!this.canWrite) return -EBADF;
    const inode = this.inode, buffer = inode.buffer;
    if (length === 0) return 0;
    if (inode.readers === 0) return brokenPipe(t, 0);
    const free = buffer.free;
    // Writes of up to PIPE_BUF bytes go in whole or not at all.
    if (free === 0 || (length <= PIPE_BUF && free < length)) return -EAGAIN;
    const n = buffer.put(bytes, at, length);
    inode.wakeReaders();
    return n;
  }

  override bytesReadable(): number {
    return this.inode.buffer.used;
  }

  override release(k: Kernel): void {
    const inode = this.inode;
    const i = inode.ends.indexOf(this);
    if (i >= 0) inode.ends.splice(i, 1);
    if (this.canRead && --inode.readers === 0) inode.wakeWriters();
    if (this.canWrite && --inode.writers === 0) inode.wakeReaders();
    if (inode.ends.length === 0) inode.buffer.skip(inode.buffer.used);
    super.release(k);
  }
}

/** pipe(2): [read end, write end]. */
export function makePipe(k: Kernel, t: Task): [PipeEnd, PipeEnd] {
  const fs = k.vfs.pipefs, c = t.process.credentials;
  const inode = new FifoInode(fs, fs.allocateIno(), 0o600, c.fsuid, c.fsgid);
  inode.touch(k, ATIME | MTIME | CTIME);
  const dentry = new Dentry(`pipe:[${inode.ino}]`, null, inode);
  const writer = new PipeEnd(dentry, inode, O_WRONLY);
  return [new PipeEnd(dentry, inode, O_RDONLY), writer];
}
