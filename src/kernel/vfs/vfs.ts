import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import type { FileDescription } from "./file_description.ts";

/** What the rest of the kernel asks of the file systems. */
export interface Vfs {
  /**
   * Opens a program for execve and the loader: resolves `path` as the task sees it (relative to `dirfd` or AT_FDCWD;
   * `flags` are AT_ flags), checks that it is a regular file with execute permission. A negative errno on failure.
   */
  openExecutable(k: Kernel, t: Task, dirfd: number, path: string, flags: number): OpenedProgram | number;
}

export interface OpenedProgram {
  /** Reads through pread; the caller releases it with closeDescription(). */
  description: FileDescription;
  /** Absolute path after symbolic links, what /proc/self/exe shows. */
  path: string;
  size: number;
  mode: number;
  uid: number;
  gid: number;
}

/** Working directory, root and umask of a process (Linux's fs_struct); shared by CLONE_FS. */
export interface FsContext {
  umask: number;
  /** The copy a child gets without CLONE_FS. */
  copy(): FsContext;
}
