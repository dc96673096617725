import type { Kernel } from "../kernel.ts";
import type { Dentry } from "./dentry.ts";
import type { Inode } from "./inode.ts";
import { FileDescription } from "./file_description.ts";
import { notify } from "../fs/inotify.ts";
import { IN_CLOSE_NOWRITE, IN_CLOSE_WRITE } from "../abi/inotify.ts";
import { O_ACCMODE, O_PATH, O_RDONLY } from "../abi/fcntl.ts";
import { releaseLocks } from "./locks.ts";

/** A description that stands for an inode: files, directories, FIFOs, devices. Keeps the inode alive while it is open. */
export abstract class InodeDescription<I extends Inode = Inode> extends FileDescription {
  static override readonly savedFields: readonly string[] = [...FileDescription.savedFields, "inode"];

  constructor(dentry: Dentry, readonly inode: I) {
    super();
    this.dentry = dentry;
    inode.openCount++;
  }

  override release(k: Kernel): void {
    const inode = this.inode;
    if (inode.locks !== null) releaseLocks(k, inode, this);
    const wrote = (this.statusFlags & O_ACCMODE) !== O_RDONLY;
    if (!(this.statusFlags & O_PATH)) notify(k, this.dentry!, wrote ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
    if (--inode.openCount === 0 && inode.nlink === 0) inode.forget();
  }
}
