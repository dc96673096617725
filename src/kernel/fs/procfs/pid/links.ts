import type { Kernel } from "../../../kernel.ts";
import type { Process } from "../../../task/process.ts";
import type { Task } from "../../../task/task.ts";
import { type Dentry, pathOf } from "../../../vfs/dentry.ts";
import type { FileSystem } from "../../../vfs/file_system.ts";
import { LOOKUP_FOLLOW, PathWalker } from "../../../vfs/path.ts";
import { GeneratedLink, inodeNumberOf } from "../inodes.ts";
import { AT_FDCWD } from "../../../abi/fcntl.ts";
import { EACCES, ENOENT } from "../../../abi/errno.ts";

export const PROCESS_LINKS: readonly string[] = ["cwd", "exe", "root"];

/** /proc/<pid>/{exe,cwd,root} and ns/*: they lead to the file itself, not along their text. */
export class ProcessLink extends GeneratedLink {
  static override readonly savedFields: readonly string[] = [...GeneratedLink.savedFields, "pid", "name"];
  private readonly pid: number;

  constructor(fs: FileSystem, p: Process, private readonly name: string) {
    super(fs, inodeNumberOf(`${p.pid}/${name}`), p.credentials.euid, p.credentials.egid);
    this.pid = p.pid;
  }

  /** A zombie has let go of its program and directories. */
  private isGone(p: Process): boolean {
    return p.zombie && PROCESS_LINKS.includes(this.name);
  }

  override text(k: Kernel, t: Task): string | number {
    const p = k.processes.get(this.pid);
    if (p === undefined || this.isGone(p)) return -ENOENT;
    const { root } = t.process.fs;
    if (this.name === "exe") return p.exe || -ENOENT;
    if (this.name === "cwd") return pathOf(p.fs.cwd, root);
    if (this.name === "root") return pathOf(p.fs.root, root);
    const kind = this.name.slice("ns/".length).replace("_for_children", "");
    return `${kind}:[${inodeNumberOf(kind)}]`;
  }

  override target(k: Kernel, t: Task): Dentry | number {
    const p = k.processes.get(this.pid);
    if (p === undefined || this.isGone(p)) return -ENOENT;
    if (this.name === "cwd") return p.fs.cwd;
    if (this.name === "root") return p.fs.root;
    if (this.name !== "exe") return -EACCES;
    // A walker of its own: this is asked in the middle of a walk.
    const walker = new PathWalker();
    const found = walker.walk(k, t, AT_FDCWD, p.exe, LOOKUP_FOLLOW);
    return found < 0 ? found : walker.dentry!;
  }
}
