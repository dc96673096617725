import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { pathOf } from "./dentry.ts";
import { InodeDescription } from "./inode_description.ts";
import { CTIME, MTIME } from "./inode.ts";
import { MAX_FILE_BYTES } from "../fs/limits.ts";
import type { MemoryFile } from "../fs/memory_inodes.ts";
import { beyondSizeLimit } from "./size_limit.ts";
import { RLIMIT_FSIZE } from "../abi/resource.ts";
import { notify } from "../fs/inotify.ts";
import { IN_ACCESS, IN_MODIFY } from "../abi/inotify.ts";
import { contentsChanged, flushShared, SharedPages } from "../memory/shared_pages.ts";
import { dropPrivilegeBits } from "./attributes.ts";
import {
  F_SEAL_FUTURE_WRITE,
  F_SEAL_GROW,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
  FALLOC_FL_COLLAPSE_RANGE,
  FALLOC_FL_INSERT_RANGE,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE,
  O_APPEND,
  O_NOATIME,
  SEEK_CUR,
  SEEK_DATA,
  SEEK_END,
  SEEK_HOLE,
  SEEK_SET,
} from "../abi/fcntl.ts";
import { EFBIG, EINVAL, ENOSPC, ENXIO, EOPNOTSUPP, EPERM } from "../abi/errno.ts";
import { POLL_READABLE, POLL_WRITABLE } from "../abi/poll.ts";

/** An open regular file. */
export class RegularFile extends InodeDescription<MemoryFile> {
  poll(): number {
    return POLL_READABLE | POLL_WRITABLE;
  }

  describe(): string {
    return pathOf(this.dentry!, this.inode.fs.root);
  }
  override get canBeWatched(): boolean {
    return false;
  }

  override get writesInPieces(): boolean {
    return false;
  }

  override read(k: Kernel, t: Task, bytes: Uint8Array, at: number, length: number): number {
    const n = this.pread(k, t, bytes, at, length, this.offset);
    if (n > 0) this.offset += n;
    return n;
  }

  override write(k: Kernel, t: Task, bytes: Uint8Array, at: number, length: number): number {
    const position = this.statusFlags & O_APPEND ? this.inode.size : this.offset;
    const n = this.store(k, t, bytes, at, length, position);
    if (n > 0) this.offset = position + n;
    return n;
  }

  override pread(k: Kernel, _t: Task, bytes: Uint8Array, at: number, length: number, position: number): number {
    if (this.inode.shared !== null) flushShared(k, this.inode.shared);
    const n = this.inode.contents.read(bytes, at, length, position);
    if (!(this.statusFlags & O_NOATIME)) this.inode.accessed(k);
    if (k.vfs.watchCount !== 0) notify(k, this.dentry!, IN_ACCESS);
    return n;
  }

  /** With O_APPEND Linux appends whatever the position (pwrite(2), BUGS). */
  override pwrite(k: Kernel, t: Task, bytes: Uint8Array, at: number, length: number, position: number): number {
    return this.store(k, t, bytes, at, length, this.statusFlags & O_APPEND ? this.inode.size : position);
  }

  private store(k: Kernel, t: Task, bytes: Uint8Array, at: number, length: number, position: number): number {
    const inode = this.inode;
    if (length === 0) return 0;
    if (position >= MAX_FILE_BYTES) return -EFBIG;
    length = Math.min(length, MAX_FILE_BYTES - position);
    const limit = t.process.limits.soft[RLIMIT_FSIZE];
    if (position + length > limit) {
      if (position >= limit) return beyondSizeLimit(t);
      length = limit - position;
    }
    if (inode.seals > 0) {
      if (inode.seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) return -EPERM;
      if (position + length > inode.size && (inode.seals & F_SEAL_GROW)) return -EPERM;
    }
    try {
      if (inode.shared !== null) flushShared(k, inode.shared);
      inode.contents.write(bytes, at, length, position);
      if (inode.shared !== null) contentsChanged(k, inode.shared, position, position + length);
    } catch (e) {
      if (e instanceof RangeError) return -ENOSPC; // The host has no more memory.
      throw e;
    }
    dropPrivilegeBits(t.process.credentials, inode);
    inode.touch(k, MTIME | CTIME);
    if (k.vfs.watchCount !== 0) notify(k, this.dentry!, IN_MODIFY);
    return length;
  }

  override seek(k: Kernel, offset: number, whence: number): number {
    const size = this.inode.size;
    let to: number;
    if (whence === SEEK_SET) to = offset;
    else if (whence === SEEK_CUR) to = this.offset + offset;
    else if (whence === SEEK_END) to = size + offset;
    else if (whence === SEEK_DATA || whence === SEEK_HOLE) {
      if (offset < 0 || offset >= size) return -ENXIO;
      if (this.inode.shared !== null) flushShared(k, this.inode.shared);
      to = whence === SEEK_DATA ? this.inode.contents.nextData(offset) : this.inode.contents.nextHole(offset);
      if (to < 0) return -ENXIO;
    } else return -EINVAL;
    if (to < 0 || to >= 2 ** 63) return -EINVAL;
    return this.offset = to;
  }

  override truncate(k: Kernel, size: number): number {
    const result = this.inode.truncate(k, size);
    notify(k, this.dentry!, IN_MODIFY);
    return result;
  }

  override allocate(k: Kernel, mode: number, offset: number, length: number): number {
    const inode = this.inode, end = offset + length;
    if (end > MAX_FILE_BYTES) return -EFBIG;
    if (mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE)) return -EOPNOTSUPP;
    const keepsSize = (mode & FALLOC_FL_KEEP_SIZE) !== 0;
    if (inode.seals > 0) {
      if ((mode & FALLOC_FL_PUNCH_HOLE) && (inode.seals & (F_SEAL_WRITE | F_SEAL_SHRINK))) return -EPERM;
      if (!keepsSize && end > inode.size && (inode.seals & F_SEAL_GROW)) return -EPERM;
    }
    if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) {
      if (inode.shared !== null) flushShared(k, inode.shared);
      inode.contents.punch(offset, end);
      if (inode.shared !== null) contentsChanged(k, inode.shared, offset, end);
    }
    // Space is not reserved: memory cannot be promised, and holes read as zeros just the same.
    if (!keepsSize && end > inode.size) inode.contents.size = end;
    inode.touch(k, MTIME | CTIME);
    return 0;
  }

  override imageFile(): number {
    return this.inode.contents.imageFile;
  }

  override sharedPages(): SharedPages {
    return this.inode.shared ??= new SharedPages(this.inode);
  }

  override bytesReadable(): number {
    return this.inode.size - this.offset;
  }
}
