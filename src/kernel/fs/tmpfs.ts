import { Dentry } from "../vfs/dentry.ts";
import { FileSystem } from "../vfs/file_system.ts";
import { MemoryDirectory } from "./memory_inodes.ts";
import { TMPFS_MAGIC } from "../abi/statfs.ts";

/** An empty file system in memory (tmpfs(5)). */
export function newTmpfs(dev: number, mode = 0o1777, type = "tmpfs"): FileSystem {
  const fs = new FileSystem(type, dev, TMPFS_MAGIC);
  fs.root = new Dentry("", null, new MemoryDirectory(fs, fs.allocateIno(), mode, 0, 0));
  return fs;
}
