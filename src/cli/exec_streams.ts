/** Standard input, output and error of `exec`: those of this process, read and written at once. */
import { fstatSync, readSync, writeSync } from "node:fs";
import type { ConsoleSink } from "../kernel/fs/console.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Task } from "../kernel/task/task.ts";
import { S_IFIFO, S_IFMT, S_IFREG } from "../kernel/abi/stat.ts";
import { POLLIN } from "../kernel/abi/poll.ts";
import { AnonymousInode } from "../kernel/vfs/anonymous.ts";
import { Dentry } from "../kernel/vfs/dentry.ts";
import { FileDescription } from "../kernel/vfs/file_description.ts";

/** Standard input, read when the guest reads: the whole sandbox waits with it, which for one program is what is wanted. */
export class HostInput extends FileDescription {
  /** Shows the guest what kind of file it is: a device, or a pipe, which a file is, too, since it has no position here. */
  showKind(k: Kernel): void {
    const { mode, rdev } = fstatSync(0), fs = k.vfs.pipefs;
    const isFile = (mode & S_IFMT) === S_IFREG;
    const inode = new AnonymousInode(fs, fs.allocateIno(), isFile ? S_IFIFO | (mode & ~S_IFMT) : mode, 0, 0);
    inode.rdev = rdev;
    this.dentry = new Dentry(this.describe(), null, inode);
  }

  poll(): number {
    return POLLIN;
  }

  describe(): string {
    return "/dev/stdin";
  }

  override read(_k: Kernel, _t: Task, bytes: Uint8Array, at: number, length: number): number {
    for (;;) {
      try {
        return readSync(0, bytes, at, length, null);
      } catch (e) {
        const { code } = e as { code?: string };
        if (code === "EOF") return 0;
        if (code !== "EAGAIN") return -5; // EIO
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      }
    }
  }
}

/** Guest output to the descriptors of this process, unchanged. */
export class HostOutput implements ConsoleSink {
  write(stream: 1 | 2, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      try {
        done += writeSync(stream, bytes, done);
      } catch (e) {
        const { code } = e as { code?: string };
        // The reader of our output has gone: the guest need not know, its exit code is what counts.
        if (code === "EPIPE") return;
        if (code !== "EAGAIN") throw e;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      }
    }
  }
}
