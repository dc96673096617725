import type { Kernel } from "../kernel.ts";
import { O_ACCMODE, O_PATH, O_RDONLY } from "../abi/fcntl.ts";
import type { FileDescription } from "./file_description.ts";
import type { Inode } from "./inode.ts";

/**
 * ETXTBSY: a file that is open for writing is not executed, and a program that runs is not opened for writing (execve(2),
 * open(2)). Linux counts both in the inode; here processes are asked, since both questions are rare.
 */
export function isOpenForWriting(k: Kernel, inode: Inode): boolean {
  if (inode.openCount === 0) return false;
  for (const p of k.processes.values()) {
    for (const fd of p.fds.numbers()) if (writes(p.fds.get(fd)!, inode)) return true;
  }
  return false;
}

function writes(d: FileDescription, inode: Inode): boolean {
  return d.dentry?.inode === inode && (d.statusFlags & O_ACCMODE) !== O_RDONLY && !(d.statusFlags & O_PATH);
}

/** Whether a process runs the program. */
export function isExecuting(k: Kernel, inode: Inode): boolean {
  // A program's mappings hold its file open.
  if (inode.openCount === 0 || !(inode.mode & 0o111)) return false;
  for (const p of k.processes.values()) {
    if (p.zombie) continue;
    if (p.space.vmas.some((v) => v.file?.dentry?.inode === inode && v.name === p.exe)) return true;
  }
  return false;
}
