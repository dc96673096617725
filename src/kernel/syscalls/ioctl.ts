import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { readU32, writeU32 } from "../memory/user_memory.ts";
import { describedDentry } from "../vfs/anonymous.ts";
import { usable } from "./io_wait.ts";
import { partial, type SyscallRow } from "./support.ts";
import { O_NONBLOCK } from "../abi/fcntl.ts";
import { setAsync } from "../vfs/async_notice.ts";
import { EBADF, ENOTTY, EOPNOTSUPP } from "../abi/errno.ts";
import { FICLONE, FICLONERANGE, FIGETBSZ, FIOASYNC, FIOCLEX, FIONBIO, FIONCLEX, FIONREAD } from "../abi/ioctl.ts";
import { SYS_ioctl } from "../abi/syscall_numbers.ts";

/** What every descriptor knows (fs/ioctl.c); the rest is the file's. */
function sysIoctl(k: Kernel, t: Task, fd: number, request: number, argument: number): number {
  const d = usable(t, fd);
  if (typeof d === "number") return -EBADF;
  switch (request) {
    case FIOCLEX:
      t.process.fds.setCloexec(fd, true);
      return 0;
    case FIONCLEX:
      t.process.fds.setCloexec(fd, false);
      return 0;
    case FIONBIO:
    case FIOASYNC: {
      const on = readU32(t, argument);
      if (on < 0) return on;
      if (request === FIONBIO) d.statusFlags = on ? d.statusFlags | O_NONBLOCK : d.statusFlags & ~O_NONBLOCK;
      else if (d.canBeWatched) setAsync(k, d, fd, on !== 0);
      else return -ENOTTY;
      return 0;
    }
    case FIONREAD: {
      const n = d.bytesReadable(k);
      return n >= 0 || describedDentry(k, d).inode.isRegular
        ? writeU32(t, argument, n)
        : d.ioctl(k, t, request, argument);
    }
    case FIGETBSZ:
      return writeU32(t, argument, 4096);
    case FICLONE:
    case FICLONERANGE:
      return -EOPNOTSUPP;
    default:
      return d.ioctl(k, t, request, argument);
  }
}

export const ioctlRows: [number, SyscallRow][] = [
  [
    SYS_ioctl,
    partial("ioctl", sysIoctl, "files, sockets, pseudoterminals; file attributes and devices: ENOTTY", [
      "fd:fd",
      "request",
      "arg",
    ]),
  ],
];
