import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { Dentry } from "../vfs/dentry.ts";
import { ATIME, CTIME, MTIME } from "../vfs/inode.ts";
import { RegularFile } from "../vfs/regular_file.ts";
import { MemoryFile } from "./memory_inodes.ts";
import { O_LARGEFILE, O_RDWR } from "../abi/fcntl.ts";

/** A new file in memory that no directory names, open for reading and writing: a memfd, or shared anonymous memory. */
export function unnamedFile(k: Kernel, t: Task, name: string, mode: number): RegularFile {
  const fs = k.vfs.memfdfs, { fsuid, fsgid } = t.process.credentials;
  const inode = new MemoryFile(fs, fs.allocateIno(), mode, fsuid, fsgid);
  inode.nlink = 0;
  inode.touch(k, ATIME | MTIME | CTIME);
  const dentry = new Dentry(name, null, inode);
  dentry.deleted = true;
  const file = new RegularFile(dentry, inode);
  file.statusFlags = O_RDWR | O_LARGEFILE;
  return file;
}
