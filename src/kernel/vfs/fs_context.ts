import type { Dentry } from "./dentry.ts";

/** Working directory, root and umask of a process (Linux's fs_struct); shared by CLONE_FS. */
export class FsContext {
  static readonly savedFields: readonly string[] = ["root", "cwd", "umask"];
  umask = 0o022;

  constructor(public root: Dentry, public cwd: Dentry) {}

  /** The copy a child gets without CLONE_FS. */
  copy(): FsContext {
    const c = new FsContext(this.root, this.cwd);
    c.umask = this.umask;
    return c;
  }
}
