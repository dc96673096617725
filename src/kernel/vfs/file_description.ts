import { WaitQueue } from "../wait_queue.ts";
import type { Kernel } from "../kernel.ts";
import type { SharedPages } from "../memory/shared_pages.ts";
import type { AsyncNotice } from "./async_notice.ts";
import type { Dentry } from "./dentry.ts";
import type { Task } from "../task/task.ts";

/**
 * An open file (Linux's struct file): what descriptors point at, shared by dup and fork. Subclasses: regular files,
 * directories, pipes, sockets, epoll, eventfd ... Methods return a count or value >= 0, or a negative errno; they never
 * block and never throw: -EAGAIN means "would block", and the syscall handler then waits on `readiness` unless O_NONBLOCK.
 *
 * Buffers are (bytes, offset, length) so that guest memory is read and written in place: a handler passes
 * memory.u8 and a linear address whose range it has checked.
 */
export abstract class FileDescription {
  static readonly savedFields: readonly string[] = [
    "statusFlags",
    "offset",
    "refs",
    "readiness",
    "dentry",
    "owner",
    "notice",
  ];

  /** O_ flags that fcntl F_GETFL shows: access mode, O_APPEND, O_NONBLOCK, ... */
  statusFlags = 0;
  offset = 0;
  /** Descriptors (over all processes) and kernel users that hold this. release() at zero. */
  refs = 0;
  /** Where it was opened; null for what was opened by no path (see anonymous.ts). Its inode is what fstat shows. */
  dentry: Dentry | null = null;
  /** Process (positive) or process group (negative) that F_SETOWN named for SIGIO and SIGURG. */
  owner = 0;
  /** What is known for O_ASYNC, or null. */
  notice: AsyncNotice | null = null;
  /** Woken whenever poll() may give another answer. */
  readonly readiness = new WaitQueue();

  /** POLLIN | POLLOUT | POLLHUP ... that hold now. */
  abstract poll(): number;
  /** Short word for /proc/self/fd links: "socket:[12]", "pipe:[3]", or a path. */
  abstract describe(): string;

  /** Longest wait of one blocking read or write in nanoseconds; sockets have SO_RCVTIMEO and SO_SNDTIMEO. */
  get readTimeoutNs(): number {
    return Infinity;
  }
  /** Result of a read that has waited for readTimeoutNs. */
  get timedOutRead(): number {
    return -11; // EAGAIN
  }
  get writeTimeoutNs(): number {
    return Infinity;
  }
  /** Whether epoll takes the file: Linux refuses those without a poll operation (EPERM). */
  get canBeWatched(): boolean {
    return true;
  }
  /** Whether a blocking write goes on after a short count until all is written (pipes, stream sockets). */
  get writesInPieces(): boolean {
    return true;
  }

  /** Number of the file of the image that this is, byte for byte; 0 for everything else. */
  imageFile(): number {
    return 0;
  }

  read(_k: Kernel, _t: Task, _bytes: Uint8Array, _at: number, _length: number): number {
    return -22; // EINVAL
  }
  write(_k: Kernel, _t: Task, _bytes: Uint8Array, _at: number, _length: number): number {
    return -22;
  }
  /** Positional forms; -ESPIPE where there is no position. */
  pread(_k: Kernel, _t: Task, _bytes: Uint8Array, _at: number, _length: number, _position: number): number {
    return -29; // ESPIPE
  }
  pwrite(_k: Kernel, _t: Task, _bytes: Uint8Array, _at: number, _length: number, _position: number): number {
    return -29;
  }
  /** lseek; returns the new offset. */
  seek(_k: Kernel, _offset: number, _whence: number): number {
    return -29;
  }
  /** ioctl that this kind of file knows; -ENOTTY otherwise. `arg` is the raw third argument (often a guest pointer). */
  ioctl(_k: Kernel, _t: Task, _request: number, _arg: number): number {
    return -25; // ENOTTY
  }
  /** ftruncate. */
  truncate(_k: Kernel, _size: number): number {
    return -22;
  }
  /** fallocate; -ENODEV where space cannot be allocated. */
  allocate(_k: Kernel, _mode: number, _offset: number, _length: number): number {
    return -19; // ENODEV
  }
  /** The pages that MAP_SHARED mappings of the file share; null for files that have none. */
  sharedPages(): SharedPages | null {
    return null;
  }
  /** Bytes that FIONREAD reports, or -ENOTTY. */
  bytesReadable(_k: Kernel): number {
    return -25;
  }
  /** One line a fact for /proc/<pid>/fdinfo, after pos, flags and mnt_id. */
  fdinfo(): string {
    return "";
  }
  /** Last reference is gone. */
  release(_k: Kernel): void {}
}
