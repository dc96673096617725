import type { Kernel } from "../../../kernel.ts";
import type { Process } from "../../../task/process.ts";
import type { Task } from "../../../task/task.ts";
import { describedDentry } from "../../../vfs/anonymous.ts";
import { type Dentry, pathOf } from "../../../vfs/dentry.ts";
import type { FileDescription } from "../../../vfs/file_description.ts";
import type { FileSystem } from "../../../vfs/file_system.ts";
import type { Inode } from "../../../vfs/inode.ts";
import { GeneratedDirectory, GeneratedFile, GeneratedLink, inodeNumberOf } from "../inodes.ts";
import { O_ACCMODE, O_CLOEXEC, O_RDONLY, O_WRONLY } from "../../../abi/fcntl.ts";
import { ENOENT } from "../../../abi/errno.ts";

/** What both listings of descriptors share. */
abstract class DescriptorDirectory extends GeneratedDirectory {
  static override readonly savedFields: readonly string[] = [...GeneratedDirectory.savedFields, "pid"];
  protected readonly pid: number;

  constructor(fs: FileSystem, p: Process, name: string) {
    super(fs, inodeNumberOf(`${p.pid}/${name}`), 0o500, p.credentials.euid, p.credentials.egid);
    this.pid = p.pid;
  }

  override names(k: Kernel): readonly string[] {
    const p = k.processes.get(this.pid);
    return p === undefined ? [] : Array.from(p.fds.numbers(), String);
  }

  override entry(k: Kernel, _t: Task, name: string): Inode | null {
    const p = k.processes.get(this.pid);
    if (p === undefined || !/^(0|[1-9][0-9]*)$/.test(name) || p.fds.get(Number(name)) === undefined) return null;
    return this.make(p, Number(name));
  }

  protected abstract make(p: Process, fd: number): Inode;
}

/** /proc/<pid>/fd. */
export class FdDirectory extends DescriptorDirectory {
  constructor(fs: FileSystem, p: Process) {
    super(fs, p, "fd");
  }

  protected override make(p: Process, fd: number): Inode {
    return new FdLink(this.fs, p, fd);
  }
}

/** /proc/<pid>/fdinfo. */
export class FdinfoDirectory extends DescriptorDirectory {
  constructor(fs: FileSystem, p: Process) {
    super(fs, p, "fdinfo");
  }

  protected override make(p: Process, fd: number): Inode {
    return new FdinfoFile(this.fs, p, fd);
  }
}

/** /proc/<pid>/fd/<n>: leads to the open file even if it has no name any more, or never had one. */
export class FdLink extends GeneratedLink {
  static override readonly savedFields: readonly string[] = [...GeneratedLink.savedFields, "pid", "fd"];
  private readonly pid: number;

  constructor(fs: FileSystem, p: Process, private readonly fd: number) {
    super(fs, inodeNumberOf(`${p.pid}/fd/${fd}`), p.credentials.euid, p.credentials.egid);
    this.pid = p.pid;
    // The link's own permissions show how the file is open.
    const access = p.fds.get(fd)!.statusFlags & O_ACCMODE;
    this.mode = (this.mode & ~0o777) | (access === O_WRONLY ? 0o300 : access === O_RDONLY ? 0o500 : 0o700);
  }

  override get size(): number {
    return 64;
  }

  private description(k: Kernel): FileDescription | undefined {
    return k.processes.get(this.pid)?.fds.get(this.fd);
  }

  override text(k: Kernel, t: Task): string | number {
    const d = this.description(k);
    return d === undefined ? -ENOENT : pathOf(describedDentry(k, d), t.process.fs.root);
  }

  override target(k: Kernel): Dentry | number {
    const d = this.description(k);
    return d === undefined ? -ENOENT : describedDentry(k, d);
  }
}

export class FdinfoFile extends GeneratedFile {
  static override readonly savedFields: readonly string[] = [...GeneratedFile.savedFields, "pid", "fd"];
  private readonly pid: number;

  constructor(fs: FileSystem, p: Process, private readonly fd: number) {
    super(fs, inodeNumberOf(`${p.pid}/fdinfo/${fd}`), 0o444, p.credentials.euid, p.credentials.egid);
    this.pid = p.pid;
  }

  override generate(k: Kernel): string | number {
    const fds = k.processes.get(this.pid)?.fds, d = fds?.get(this.fd);
    if (fds === undefined || d === undefined) return -ENOENT;
    const flags = d.statusFlags | (fds.isCloexec(this.fd) ? O_CLOEXEC : 0);
    const { inode } = describedDentry(k, d);
    return `pos:\t${d.offset}\nflags:\t0${
      (flags >>> 0).toString(8)
    }\nmnt_id:\t${inode.fs.mountId}\nino:\t${inode.ino}\n` +
      d.fdinfo();
  }
}
