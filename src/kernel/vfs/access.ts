import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { permission } from "./permission.ts";
import { SECBIT_NO_SETUID_FIXUP } from "../abi/capability.ts";
import { W_OK } from "../abi/fcntl.ts";
import { EROFS } from "../abi/errno.ts";

/** access(2): the walk and the check are done as the real user and group, unless the caller asked for the effective ones. */
export function accessAt(k: Kernel, t: Task, mode: number, asEffective: boolean, walk: () => number): number {
  const c = t.process.credentials;
  const { fsuid, fsgid, effective } = c;
  if (!asEffective) {
    c.fsuid = c.uid;
    c.fsgid = c.gid;
    if (!(c.secureBits & SECBIT_NO_SETUID_FIXUP)) c.effective = c.uid === 0 ? c.permitted : 0;
  }
  const found = walk();
  let result = found;
  if (found === 0 && mode !== 0) {
    const { inode } = k.vfs.walker.dentry!;
    result = permission(c, inode, mode);
    if (
      result === 0 && (mode & W_OK) && inode.fs.readOnly && (inode.isRegular || inode.isDirectory || inode.isSymlink)
    ) {
      result = -EROFS;
    }
  }
  c.fsuid = fsuid;
  c.fsgid = fsgid;
  c.effective = effective;
  return result;
}
