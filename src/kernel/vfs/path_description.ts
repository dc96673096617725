import { pathOf } from "./dentry.ts";
import { InodeDescription } from "./inode_description.ts";
import { EBADF } from "../abi/errno.ts";
import { POLLNVAL } from "../abi/poll.ts";

/** What O_PATH opens: a place in the tree that can be named and looked at, but not read or written. */
export class PathDescription extends InodeDescription {
  poll(): number {
    return POLLNVAL;
  }
  describe(): string {
    return pathOf(this.dentry!, this.inode.fs.root);
  }
  override get canBeWatched(): boolean {
    return false;
  }
  override read(): number {
    return -EBADF;
  }
  override write(): number {
    return -EBADF;
  }
  override pread(): number {
    return -EBADF;
  }
  override pwrite(): number {
    return -EBADF;
  }
  override seek(): number {
    return -EBADF;
  }
  override ioctl(): number {
    return -EBADF;
  }
}
