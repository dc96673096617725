import type { Credentials } from "../task/credentials.ts";
import type { Inode } from "./inode.ts";
import { CAP_DAC_OVERRIDE, CAP_FOWNER } from "../abi/capability.ts";
import { EACCES, EPERM } from "../abi/errno.ts";
import { S_IFDIR, S_IFMT, S_ISVTX } from "../abi/stat.ts";

export const MAY_EXEC = 1, MAY_WRITE = 2, MAY_READ = 4;

/** generic_permission of fs/namei.c: 0, or -EACCES if `c` may not do all of `mask` with the inode. */
export function permission(c: Credentials, inode: Inode, mask: number): number {
  const mode = inode.mode;
  if (c.can(CAP_DAC_OVERRIDE)) {
    // Everything but executing what nobody may execute.
    if ((mask & MAY_EXEC) && (mode & S_IFMT) !== S_IFDIR && (mode & 0o111) === 0) return -EACCES;
    return 0;
  }
  let allowed = mode;
  if (c.fsuid === inode.uid) allowed >>= 6;
  else if (c.inGroup(inode.gid)) allowed >>= 3;
  return (mask & ~allowed & 7) === 0 ? 0 : -EACCES;
}

/** Whether `c` owns the inode or may act as its owner (CAP_FOWNER). */
export function ownsOrCapable(c: Credentials, inode: Inode): boolean {
  return c.can(CAP_FOWNER) || c.fsuid === inode.uid;
}

/**
 * Whether a name for `victim` may be taken out of `dir` (may_delete): write and search permission, and in a sticky
 * directory (/tmp) only by the owner of either.
 */
export function mayDelete(c: Credentials, dir: Inode, victim: Inode): number {
  const refused = permission(c, dir, MAY_WRITE | MAY_EXEC);
  if (refused) return refused;
  if ((dir.mode & S_ISVTX) && !c.can(CAP_FOWNER) && c.fsuid !== victim.uid && c.fsuid !== dir.uid) return -EPERM;
  return 0;
}
