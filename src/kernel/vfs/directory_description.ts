import type { Kernel } from "../kernel.ts";
import type { DirectoryInode } from "./directory_inode.ts";
import { pathOf } from "./dentry.ts";
import { InodeDescription } from "./inode_description.ts";
import { SEEK_CUR, SEEK_END, SEEK_SET } from "../abi/fcntl.ts";
import { EINVAL, EISDIR } from "../abi/errno.ts";
import { POLL_READABLE, POLL_WRITABLE } from "../abi/poll.ts";

/** An open directory: `offset` is the cookie of the next entry (0 ".", 1 "..", then the children). */
export class DirectoryDescription extends InodeDescription<DirectoryInode> {
  poll(): number {
    return POLL_READABLE | POLL_WRITABLE;
  }
  describe(): string {
    return pathOf(this.dentry!, this.inode.fs.root);
  }
  override get canBeWatched(): boolean {
    return false;
  }
  override read(): number {
    return -EISDIR;
  }
  override pread(): number {
    return -EISDIR;
  }
  override seek(_k: Kernel, offset: number, whence: number): number {
    const to = whence === SEEK_SET ? offset : whence === SEEK_CUR ? this.offset + offset : -1;
    if (whence === SEEK_END) return this.offset = Number.MAX_SAFE_INTEGER;
    if (to < 0) return -EINVAL;
    return this.offset = to;
  }
}
