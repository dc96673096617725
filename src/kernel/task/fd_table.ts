import type { Kernel } from "../kernel.ts";
import type { FileDescription } from "../vfs/file_description.ts";
import { releasePosixLocks } from "../vfs/locks.ts";
import { EBADF, EMFILE } from "../abi/errno.ts";

/** Descriptor numbers of a process. Shared by threads and CLONE_FILES (`users` counts the processes). */
export class FdTable {
  static readonly savedFields: readonly string[] = ["descriptions", "cloexec", "users", "limit"];
  private descriptions: (FileDescription | null)[] = [];
  private cloexec: boolean[] = [];
  users = 1;
  /** RLIMIT_NOFILE, soft. */
  limit = 1024;

  get(fd: number): FileDescription | undefined {
    return this.descriptions[fd] ?? undefined;
  }

  /** Highest descriptor in use plus one. */
  get size(): number {
    return this.descriptions.length;
  }

  /** Installs at the lowest free number >= from; takes a reference. Returns the number or -EMFILE. */
  install(description: FileDescription, cloexec: boolean, from = 0): number {
    const fd = this.lowestFree(from);
    if (fd >= this.limit) return -EMFILE;
    this.put(fd, description, cloexec);
    return fd;
  }

  private lowestFree(from: number): number {
    let fd = from;
    while (this.descriptions[fd]) fd++;
    return fd;
  }

  /** install() would fail. */
  get isFull(): boolean {
    return this.lowestFree(0) >= this.limit;
  }

  /** Installs at exactly this number, closing what was there (dup2). Takes a reference. */
  installAt(k: Kernel, fd: number, description: FileDescription, cloexec: boolean): number {
    if (fd < 0 || fd >= this.limit) return -EBADF;
    const old = this.descriptions[fd];
    this.put(fd, description, cloexec);
    if (old) dropDescription(k, old);
    return fd;
  }

  close(k: Kernel, fd: number): number {
    const description = this.descriptions[fd];
    if (!description) return -EBADF;
    this.descriptions[fd] = null;
    // By pop(): to set a length takes V8 far longer.
    while (this.descriptions.length > 0 && !this.descriptions[this.descriptions.length - 1]) this.descriptions.pop();
    while (this.cloexec.length > this.descriptions.length) this.cloexec.pop();
    // fcntl(2): closing any descriptor of a file gives up the process's record locks on it.
    releasePosixLocks(k, this, description);
    dropDescription(k, description);
    return 0;
  }

  isCloexec(fd: number): boolean {
    return this.cloexec[fd] === true;
  }

  setCloexec(fd: number, cloexec: boolean): void {
    this.cloexec[fd] = cloexec;
  }

  /** Numbers in use, ascending. */
  *numbers(): Generator<number> {
    for (let fd = 0; fd < this.descriptions.length; fd++) if (this.descriptions[fd]) yield fd;
  }

  /** What execve does to descriptors. */
  closeOnExec(k: Kernel): void {
    for (let fd = this.descriptions.length - 1; fd >= 0; fd--) if (this.cloexec[fd]) this.close(k, fd);
  }

  closeAll(k: Kernel): void {
    for (let fd = this.descriptions.length - 1; fd >= 0; fd--) if (this.descriptions[fd]) this.close(k, fd);
  }

  /** The child's table after fork: same descriptions, one more reference each. */
  copy(): FdTable {
    const table = new FdTable();
    table.limit = this.limit;
    table.descriptions = this.descriptions.slice();
    table.cloexec = this.cloexec.slice();
    for (const d of table.descriptions) if (d) d.refs++;
    return table;
  }

  private put(fd: number, description: FileDescription, cloexec: boolean): void {
    // Fill up with nulls: a sparse array would turn into a dictionary.
    while (this.descriptions.length < fd) {
      this.descriptions.push(null);
      this.cloexec.push(false);
    }
    description.refs++;
    this.descriptions[fd] = description;
    this.cloexec[fd] = cloexec;
  }
}

/** Gives a reference back; the last one releases. */
export function dropDescription(k: Kernel, description: FileDescription): void {
  if (--description.refs === 0) description.release(k);
}
