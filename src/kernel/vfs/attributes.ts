import type { Kernel } from "../kernel.ts";
import type { Credentials } from "../task/credentials.ts";
import type { Task } from "../task/task.ts";
import type { Dentry } from "./dentry.ts";
import { ATIME, CTIME, type Inode, MTIME } from "./inode.ts";
import { MAY_WRITE, ownsOrCapable, permission } from "./permission.ts";
import { notify } from "../fs/inotify.ts";
import { IN_ATTRIB } from "../abi/inotify.ts";
import { UTIME_NOW, UTIME_OMIT } from "../abi/fcntl.ts";
import { CAP_CHOWN, CAP_FSETID } from "../abi/capability.ts";
import { EACCES, EOPNOTSUPP, EPERM, EROFS } from "../abi/errno.ts";
import { S_IALLUGO, S_ISGID, S_ISUID, S_IXGRP } from "../abi/stat.ts";

/** chmod(2) on a file that has been found. */
export function changeMode(k: Kernel, t: Task, d: Dentry, mode: number): number {
  const inode = d.inode, c = t.process.credentials;
  if (inode.fs.readOnly) return -EROFS;
  if (inode.isSymlink) return -EOPNOTSUPP;
  if (!ownsOrCapable(c, inode)) return -EPERM;
  let bits = mode & S_IALLUGO;
  if (!c.can(CAP_FSETID) && !c.inGroup(inode.gid)) bits &= ~S_ISGID;
  inode.mode = (inode.mode & ~S_IALLUGO) | bits;
  inode.touch(k, CTIME);
  notify(k, d, IN_ATTRIB);
  return 0;
}

/** chown(2); -1 leaves an id as it is. */
export function changeOwner(k: Kernel, t: Task, d: Dentry, uid: number, gid: number): number {
  const inode = d.inode, c = t.process.credentials;
  if (inode.fs.readOnly) return -EROFS;
  if (!c.can(CAP_CHOWN)) {
    if (uid !== -1 && (c.fsuid !== inode.uid || uid >>> 0 !== inode.uid)) return -EPERM;
    if (gid !== -1 && (c.fsuid !== inode.uid || (gid >>> 0 !== inode.gid && !c.inGroup(gid >>> 0)))) return -EPERM;
  }
  if (uid !== -1) inode.uid = uid >>> 0;
  if (gid !== -1) inode.gid = gid >>> 0;
  // Even root's chown takes the set-id bits off a program.
  if (!inode.isDirectory) clearSetIds(inode);
  inode.touch(k, CTIME);
  notify(k, d, IN_ATTRIB);
  return 0;
}

/** Seconds and nanoseconds (or UTIME_NOW, UTIME_OMIT) of a utimensat call. */
export interface NewTimes {
  atimeSec: number;
  atimeNsec: number;
  mtimeSec: number;
  mtimeNsec: number;
}

/** utimensat(2); null sets both times to now. */
export function changeTimes(k: Kernel, t: Task, d: Dentry, times: NewTimes | null): number {
  const inode = d.inode, c = t.process.credentials;
  const aNow = times === null || times.atimeNsec === UTIME_NOW, mNow = times === null || times.mtimeNsec === UTIME_NOW;
  const aOmit = times?.atimeNsec === UTIME_OMIT, mOmit = times?.mtimeNsec === UTIME_OMIT;
  if (aOmit && mOmit) return 0;
  if (inode.fs.readOnly) return -EROFS;
  // "Now" needs write permission only; any other time needs the owner (utimensat(2), Permissions requirements).
  if (aNow && mNow) {
    if (!ownsOrCapable(c, inode) && permission(c, inode, MAY_WRITE) < 0) return -EACCES;
  } else if (!ownsOrCapable(c, inode)) return -EPERM;
  inode.touch(k, CTIME | (aNow ? ATIME : 0) | (mNow ? MTIME : 0));
  if (times !== null && !aNow && !aOmit) {
    inode.atimeSec = times.atimeSec;
    inode.atimeNsec = times.atimeNsec;
  }
  if (times !== null && !mNow && !mOmit) {
    inode.mtimeSec = times.mtimeSec;
    inode.mtimeNsec = times.mtimeNsec;
  }
  notify(k, d, IN_ATTRIB);
  return 0;
}

/** Writing to a set-id program takes the set-id bits away unless CAP_FSETID keeps them (file_remove_privs). */
export function dropPrivilegeBits(c: Credentials, inode: Inode): void {
  if (!c.can(CAP_FSETID) && inode.isRegular) clearSetIds(inode);
}

/** Clears S_ISUID, and S_ISGID where it means set-id and not mandatory locking. */
function clearSetIds(inode: Inode): void {
  if (!(inode.mode & (S_ISUID | S_ISGID))) return;
  inode.mode &= ~S_ISUID;
  if (inode.mode & S_IXGRP) inode.mode &= ~S_ISGID;
}
