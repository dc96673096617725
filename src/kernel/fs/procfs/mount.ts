import { Dentry } from "../../vfs/dentry.ts";
import { FileSystem } from "../../vfs/file_system.ts";
import type { Vfs } from "../../vfs/vfs.ts";
import { PROC_SUPER_MAGIC } from "../../abi/statfs.ts";
import { ProcRoot } from "./root.ts";

/** Mounts /proc. */
export function mountProc(vfs: Vfs): void {
  const fs = new FileSystem("proc", vfs.allocateDev(), PROC_SUPER_MAGIC);
  fs.options = "nosuid,nodev,noexec,relatime";
  fs.root = new Dentry("", null, new ProcRoot(fs));
  vfs.mountAt("/proc", fs);
}
