import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import type { Dentry } from "./dentry.ts";
import { isBelow } from "./dentry.ts";
import { DirectoryInode } from "./directory_inode.ts";
import { enterNew, lookupChild, mayCreate, walkToNew } from "./create.ts";
import { CTIME, type Inode, MTIME } from "./inode.ts";
import { nameBytes } from "./name_length.ts";
import { LAST_DOT, LAST_DOTDOT, LAST_NORM, LOOKUP_EMPTY, LOOKUP_FOLLOW, LOOKUP_PARENT } from "./path.ts";
import { MAY_READ, MAY_WRITE, mayDelete, ownsOrCapable, permission } from "./permission.ts";
import { notifyChange, notifyDeleted, notifySelf } from "../fs/inotify.ts";
import { IN_ATTRIB, IN_DELETE, IN_ISDIR, IN_MOVE_SELF, IN_MOVED_FROM, IN_MOVED_TO } from "../abi/inotify.ts";
import { S_ISGID, S_ISUID, S_IXGRP } from "../abi/stat.ts";
import { NAME_MAX, RENAME_EXCHANGE, RENAME_NOREPLACE, RENAME_WHITEOUT } from "../abi/fcntl.ts";
import {
  EBUSY,
  EEXIST,
  EINVAL,
  EISDIR,
  EMLINK,
  ENAMETOOLONG,
  ENOENT,
  ENOTDIR,
  ENOTEMPTY,
  EPERM,
  EROFS,
  EXDEV,
} from "../abi/errno.ts";

/** link(2), linkat(2). */
export function linkAt(
  k: Kernel,
  t: Task,
  oldDirfd: number,
  oldPath: string,
  newDirfd: number,
  newPath: string,
  followsOld: boolean,
  emptyPath: boolean,
): number {
  const w = k.vfs.walker;
  const lookup = (followsOld ? LOOKUP_FOLLOW : 0) | (emptyPath ? LOOKUP_EMPTY : 0);
  const old = w.walk(k, t, oldDirfd, oldPath, lookup);
  if (old < 0) return old;
  const source = w.dentry!, inode = source.inode;
  const found = walkToNew(k, t, newDirfd, newPath, false);
  if (found < 0) return found;
  if (w.parent.inode.fs !== inode.fs) return -EXDEV;
  if (inode.isDirectory) return -EPERM;
  // Only a file that was opened with O_TMPFILE may come back from zero links.
  if (inode.nlink === 0 && !source.name.startsWith("#")) return -ENOENT;
  if (!mayLink(t, inode)) return -EPERM;
  if (inode.nlink >= 65000) return -EMLINK;
  inode.nlink++;
  inode.touch(k, CTIME);
  notifySelf(k, inode, IN_ATTRIB);
  enterNew(k, w.parent, w.last, inode);
  return 0;
}

/** fs.protected_hardlinks=1, as distributions set it: others link only to plain files they could change anyway. */
function mayLink(t: Task, inode: Inode): boolean {
  const c = t.process.credentials;
  if (ownsOrCapable(c, inode)) return true;
  if (!inode.isRegular || inode.mode & S_ISUID) return false;
  if ((inode.mode & (S_ISGID | S_IXGRP)) === (S_ISGID | S_IXGRP)) return false;
  return permission(c, inode, MAY_READ | MAY_WRITE) === 0;
}

/** Walks to a name that is to go away: 0 with walker.parent and walker.last set, or -errno. */
function walkToOld(k: Kernel, t: Task, dirfd: number, path: string): number {
  const w = k.vfs.walker;
  const found = w.walk(k, t, dirfd, path, LOOKUP_PARENT);
  if (found < 0) return found;
  return w.lastKind === LAST_NORM && nameBytes(w.last) > NAME_MAX ? -ENAMETOOLONG : 0;
}

/** unlink(2). */
export function unlinkAt(k: Kernel, t: Task, dirfd: number, path: string): number {
  const found = walkToOld(k, t, dirfd, path);
  if (found < 0) return found;
  const w = k.vfs.walker, parent = w.parent;
  if (w.lastKind !== LAST_NORM) return -EISDIR;
  const victim = lookupChild(k, t, parent, w.last);
  if (typeof victim === "number") return victim;
  if (victim === null) return -ENOENT;
  if (w.trailingSlash) return victim.inode.isDirectory ? -EISDIR : -ENOTDIR;
  const refused = mayRemove(t, parent, victim);
  if (refused) return refused;
  if (victim.inode.isDirectory) return -EISDIR;
  removeName(k, parent, victim);
  return 0;
}

/** rmdir(2). */
export function removeDirectoryAt(k: Kernel, t: Task, dirfd: number, path: string): number {
  const found = walkToOld(k, t, dirfd, path);
  if (found < 0) return found;
  const w = k.vfs.walker, parent = w.parent;
  if (w.lastKind === LAST_DOT) return -EINVAL;
  if (w.lastKind === LAST_DOTDOT) return -ENOTEMPTY;
  if (w.lastKind !== LAST_NORM) return -EBUSY;
  const victim = lookupChild(k, t, parent, w.last);
  if (typeof victim === "number") return victim;
  if (victim === null) return -ENOENT;
  const refused = mayRemove(t, parent, victim);
  if (refused) return refused;
  if (!(victim.inode instanceof DirectoryInode)) return -ENOTDIR;
  if (victim.mounted !== null) return -EBUSY;
  if (!victim.inode.isEmpty()) return -ENOTEMPTY;
  removeName(k, parent, victim);
  return 0;
}

function mayRemove(t: Task, parent: Dentry, victim: Dentry): number {
  const directory = parent.inode as DirectoryInode;
  if (directory.fs.readOnly) return -EROFS;
  return mayDelete(t.process.credentials, directory, victim.inode) || directory.changeRefused();
}

/** Takes a name out and, with the last one, the file unless it is open. */
function removeName(k: Kernel, parent: Dentry, victim: Dentry): void {
  const inode = victim.inode;
  (parent.inode as DirectoryInode).detach(victim);
  victim.deleted = true;
  parent.inode.touch(k, MTIME | CTIME);
  dropLink(k, inode);
  notifyChange(k, victim, IN_DELETE | (inode.isDirectory ? IN_ISDIR : 0));
}

function dropLink(k: Kernel, inode: Inode): void {
  inode.nlink = inode.isDirectory ? 0 : inode.nlink - 1;
  inode.touch(k, CTIME);
  if (!inode.isDirectory) notifySelf(k, inode, IN_ATTRIB);
  if (inode.nlink > 0) return;
  notifyDeleted(k, inode);
  if (inode.openCount === 0) inode.forget();
}

/** rename(2), renameat2(2); the checks in the order of fs/namei.c. */
export function renameAt(
  k: Kernel,
  t: Task,
  oldDirfd: number,
  oldPath: string,
  newDirfd: number,
  newPath: string,
  flags: number,
): number {
  if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) return flags & RENAME_WHITEOUT ? -EPERM : -EINVAL;
  if ((flags & RENAME_EXCHANGE) && (flags & RENAME_NOREPLACE)) return -EINVAL;
  const w = k.vfs.walker;
  let found = walkToOld(k, t, oldDirfd, oldPath);
  if (found < 0) return found;
  const oldParent = w.parent, oldName = w.last, oldKind = w.lastKind, oldSlash = w.trailingSlash;
  found = walkToOld(k, t, newDirfd, newPath);
  if (found < 0) return found;
  const newParent = w.parent, newName = w.last, newSlash = w.trailingSlash;
  if (oldParent.inode.fs !== newParent.inode.fs) return -EXDEV;
  if (oldKind !== LAST_NORM) return -EBUSY;
  if (w.lastKind !== LAST_NORM) return flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;

  const source = lookupChild(k, t, oldParent, oldName);
  if (typeof source === "number") return source;
  if (source === null) return -ENOENT;
  const target = lookupChild(k, t, newParent, newName);
  if (typeof target === "number") return target;
  if (target !== null && (flags & RENAME_NOREPLACE)) return -EEXIST;
  if (flags & RENAME_EXCHANGE) {
    if (target === null) return -ENOENT;
    if (!target.inode.isDirectory && newSlash) return -ENOTDIR;
  }
  if (!source.inode.isDirectory && (oldSlash || (newSlash && !(flags & RENAME_EXCHANGE)))) return -ENOTDIR;
  // Neither may contain the other.
  if (isBelow(newParent, source)) return -EINVAL;
  if (target !== null && isBelow(oldParent, target)) return flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
  if (target !== null && target.inode === source.inode) return 0;

  let refused = mayRemove(t, oldParent, source);
  if (refused) return refused;
  refused = target === null ? mayCreate(t, newParent) : mayRemove(t, newParent, target);
  if (refused) return refused;
  // Moving a directory rewrites its "..".
  if (source.inode.isDirectory && oldParent !== newParent) {
    refused = permission(t.process.credentials, source.inode, MAY_WRITE);
    if (refused) return refused;
  }
  if (source.mounted !== null || target?.mounted) return -EBUSY;
  if (target !== null && !(flags & RENAME_EXCHANGE)) {
    if (source.inode.isDirectory && !target.inode.isDirectory) return -ENOTDIR;
    if (!source.inode.isDirectory && target.inode.isDirectory) return -EISDIR;
    if (target.inode instanceof DirectoryInode && !target.inode.isEmpty()) return -ENOTEMPTY;
  }
  if (flags & RENAME_EXCHANGE) exchange(k, oldParent, source, newParent, target!);
  else move(k, oldParent, source, newParent, newName, target);
  return 0;
}

function move(
  k: Kernel,
  oldParent: Dentry,
  source: Dentry,
  newParent: Dentry,
  newName: string,
  target: Dentry | null,
): void {
  const from = oldParent.inode as DirectoryInode, to = newParent.inode as DirectoryInode;
  const directoryBit = source.inode.isDirectory ? IN_ISDIR : 0;
  const cookie = k.vfs.nextRenameCookie++;
  notifyChange(k, source, IN_MOVED_FROM | directoryBit, cookie);
  from.detach(source);
  if (target !== null) {
    to.detach(target);
    target.deleted = true;
  }
  to.adopt(newParent, newName, source);
  from.touch(k, MTIME | CTIME);
  to.touch(k, MTIME | CTIME);
  source.inode.touch(k, CTIME);
  notifyChange(k, source, IN_MOVED_TO | directoryBit, cookie);
  notifySelf(k, source.inode, IN_MOVE_SELF);
  if (target !== null) dropLink(k, target.inode);
}

function exchange(k: Kernel, parentA: Dentry, a: Dentry, parentB: Dentry, b: Dentry): void {
  const inA = parentA.inode as DirectoryInode, inB = parentB.inode as DirectoryInode;
  const nameA = a.name, nameB = b.name;
  inA.detach(a);
  inB.detach(b);
  inB.adopt(parentB, nameB, a);
  inA.adopt(parentA, nameA, b);
  for (const inode of [inA, inB]) inode.touch(k, MTIME | CTIME);
  for (const d of [a, b]) d.inode.touch(k, CTIME);
}
