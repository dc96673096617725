import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { readCString } from "../memory/user_memory.ts";
import { InotifyDescription } from "../fs/inotify.ts";
import { LOOKUP_DIRECTORY, LOOKUP_FOLLOW } from "../vfs/path.ts";
import { MAY_READ, permission } from "../vfs/permission.ts";
import { full, partial, type SyscallRow } from "./support.ts";
import { AT_FDCWD } from "../abi/fcntl.ts";
import {
  IN_ALL_EVENTS,
  IN_CLOEXEC,
  IN_DONT_FOLLOW,
  IN_EXCL_UNLINK,
  IN_MASK_ADD,
  IN_MASK_CREATE,
  IN_NONBLOCK,
  IN_ONESHOT,
  IN_ONLYDIR,
} from "../abi/inotify.ts";
import { EBADF, EINVAL } from "../abi/errno.ts";
import {
  SYS_inotify_add_watch,
  SYS_inotify_init,
  SYS_inotify_init1,
  SYS_inotify_rm_watch,
} from "../abi/syscall_numbers.ts";

const KNOWN = (IN_ALL_EVENTS | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD |
  IN_ONESHOT) >>> 0;

function sysInotifyInit(k: Kernel, t: Task): number {
  return sysInotifyInit1(k, t, 0);
}

function sysInotifyInit1(_k: Kernel, t: Task, flags: number): number {
  if (flags & ~(IN_CLOEXEC | IN_NONBLOCK)) return -EINVAL;
  const d = new InotifyDescription();
  d.statusFlags = flags & IN_NONBLOCK;
  return t.process.fds.install(d, (flags & IN_CLOEXEC) !== 0);
}

function sysInotifyAddWatch(k: Kernel, t: Task, fd: number, pathPointer: number, mask: number): number {
  if (!(mask & KNOWN)) return -EINVAL;
  const d = t.process.fds.get(fd);
  if (d === undefined) return -EBADF;
  if (!(d instanceof InotifyDescription)) return -EINVAL;
  const path = readCString(t, pathPointer);
  if (typeof path === "number") return path;
  const lookup = (mask & IN_DONT_FOLLOW ? 0 : LOOKUP_FOLLOW) | (mask & IN_ONLYDIR ? LOOKUP_DIRECTORY : 0);
  const found = k.vfs.walker.walk(k, t, AT_FDCWD, path, lookup);
  if (found < 0) return found;
  const { inode } = k.vfs.walker.dentry!;
  return permission(t.process.credentials, inode, MAY_READ) || d.addWatch(k, inode, mask);
}

function sysInotifyRmWatch(k: Kernel, t: Task, fd: number, wd: number): number {
  const d = t.process.fds.get(fd);
  if (d === undefined) return -EBADF;
  return d instanceof InotifyDescription ? d.removeWatch(k, wd) : -EINVAL;
}

export const inotifyRows: [number, SyscallRow][] = [
  [SYS_inotify_init, full("inotify_init", sysInotifyInit, [])],
  [SYS_inotify_init1, full("inotify_init1", sysInotifyInit1, ["flags:octal"])],
  [
    SYS_inotify_add_watch,
    partial("inotify_add_watch", sysInotifyAddWatch, "changes through shared mappings are not seen", [
      "fd:fd",
      "path:path",
      "mask",
    ]),
  ],
  [SYS_inotify_rm_watch, full("inotify_rm_watch", sysInotifyRmWatch, ["fd:fd", "wd:int"])],
];
