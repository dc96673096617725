import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { blockOnOne } from "../task/block.ts";
import { dropDescription } from "../task/fd_table.ts";
import { readPath } from "../memory/path_string.ts";
import { loadU64, readableRange } from "../memory/user_memory.ts";
import { openAt } from "../vfs/open.ts";

import type { FileDescription } from "../vfs/file_description.ts";
import { FifoOpening, PipeEnd } from "../fs/pipe.ts";
import { full, partial, type SyscallRow } from "./support.ts";
import {
  AT_FDCWD,
  O_CLOEXEC,
  O_CREAT,
  O_LARGEFILE,
  O_NONBLOCK,
  O_TMPFILE_BIT,
  O_TRUNC,
  O_WRONLY,
  RESOLVE_BENEATH,
  RESOLVE_CACHED,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
  VALID_OPEN_FLAGS,
} from "../abi/fcntl.ts";
import { E2BIG, EINVAL } from "../abi/errno.ts";
import { S_IALLUGO } from "../abi/stat.ts";
import { SYS_close, SYS_close_range, SYS_creat, SYS_open, SYS_openat, SYS_openat2 } from "../abi/syscall_numbers.ts";

function sysOpen(k: Kernel, t: Task, path: number, flags: number, mode: number): number {
  return openPath(k, t, AT_FDCWD, path, (flags & VALID_OPEN_FLAGS) | O_LARGEFILE, mode, 0);
}

function sysOpenat(k: Kernel, t: Task, dirfd: number, path: number, flags: number, mode: number): number {
  return openPath(k, t, dirfd, path, (flags & VALID_OPEN_FLAGS) | O_LARGEFILE, mode, 0);
}

function sysCreat(k: Kernel, t: Task, path: number, mode: number): number {
  return openPath(k, t, AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC | O_LARGEFILE, mode, 0);
}

const OPEN_HOW_BYTES = 24;
const RESOLVE_FLAGS = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH |
  RESOLVE_IN_ROOT | RESOLVE_CACHED;

/** openat2(2): unknown flags, a mode without O_CREAT and nonzero bytes of a longer struct are errors. */
function sysOpenat2(k: Kernel, t: Task, dirfd: number, path: number, how: number): number {
  const size = k.arg64(3);
  if (size < OPEN_HOW_BYTES) return -EINVAL;
  if (size > 4096) return -E2BIG;
  const at = readableRange(t, how, size);
  if (at < 0) return at;
  const m = t.memory;
  for (let i = OPEN_HOW_BYTES; i < size; i++) if (m.u8[at + i] !== 0) return -E2BIG;
  const flags = loadU64(m, at), mode = loadU64(m, at + 8), resolve = loadU64(m, at + 16);
  if (flags > 0x7fffffff || (flags & ~VALID_OPEN_FLAGS) !== 0) return -EINVAL;
  if (resolve > 0x7fffffff || (resolve & ~RESOLVE_FLAGS) !== 0) return -EINVAL;
  if ((resolve & RESOLVE_BENEATH) && (resolve & RESOLVE_IN_ROOT)) return -EINVAL;
  if (flags & (O_CREAT | O_TMPFILE_BIT) ? mode > S_IALLUGO : mode !== 0) return -EINVAL;
  return openPath(k, t, dirfd, path, flags, mode, resolve);
}

function openPath(
  k: Kernel,
  t: Task,
  dirfd: number,
  pathPointer: number,
  flags: number,
  mode: number,
  resolve: number,
): number {
  let d: FileDescription | number;
  if (t.restart !== null) {
    const opening = t.restart as FifoOpening;
    d = opening.end;
    if (!opening.end.waitsForPeer) opening.done();
  } else {
    const path = readPath(t, pathPointer);
    if (typeof path === "number") return path;
    d = openAt(k, t, dirfd, path, flags, mode, resolve);
    if (typeof d === "number") return d;
  }
  if (d instanceof PipeEnd && !(flags & O_NONBLOCK) && d.waitsForPeer) return waitForPeer(t, d);
  const fd = t.process.fds.install(d, (flags & O_CLOEXEC) !== 0);
  if (fd < 0) {
    d.refs++;
    dropDescription(k, d);
  }
  return fd;
}

/** fifo(7): opening for reading waits for a writer and the other way round. */
function waitForPeer(t: Task, end: PipeEnd): number {
  if (t.restart === null) {
    t.restart = new FifoOpening(t, end);
  }
  return blockOnOne(t, end.inode.openings);
}

function sysClose(k: Kernel, t: Task, fd: number): number {
  return t.process.fds.close(k, fd);
}

const CLOSE_RANGE_UNSHARE = 2, CLOSE_RANGE_CLOEXEC = 4;

function sysCloseRange(k: Kernel, t: Task, first: number, last: number, flags: number): number {
  if (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) || first >>> 0 > last >>> 0) return -EINVAL;
  const p = t.process;
  if ((flags & CLOSE_RANGE_UNSHARE) && p.fds.users > 1) {
    p.fds.users--;
    p.fds = p.fds.copy();
  }
  const end = Math.min((last >>> 0) + 1, p.fds.size);
  for (let fd = first >>> 0; fd < end; fd++) {
    if (p.fds.get(fd) === undefined) continue;
    if (flags & CLOSE_RANGE_CLOEXEC) p.fds.setCloexec(fd, true);
    else sysClose(k, t, fd);
  }
  return 0;
}

export const openRows: [number, SyscallRow][] = [
  [SYS_open, full("open", sysOpen, ["path:path", "flags:octal", "mode:octal"])],
  [SYS_openat, full("openat", sysOpenat, ["dirfd:fd", "path:path", "flags:octal", "mode:octal"])],
  [
    SYS_openat2,
    partial("openat2", sysOpenat2, "RESOLVE_CACHED always fails with EAGAIN", [
      "dirfd:fd",
      "path:path",
      "how",
      "size:uint",
    ]),
  ],
  [SYS_creat, full("creat", sysCreat, ["path:path", "mode:octal"])],
  [SYS_close, full("close", sysClose, ["fd:fd"])],
  [SYS_close_range, full("close_range", sysCloseRange, ["first:uint", "last:uint", "flags"])],
];
