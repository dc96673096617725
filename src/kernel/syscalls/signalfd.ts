import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { loadU32, readableRange } from "../memory/user_memory.ts";
import { SignalFd } from "../fs/signalfd.ts";
import { full, type SyscallRow } from "./support.ts";
import { O_CLOEXEC, O_NONBLOCK } from "../abi/fcntl.ts";
import { EBADF, EINVAL } from "../abi/errno.ts";
import { SIGKILL, SIGSTOP } from "../abi/signal.ts";
import { SYS_signalfd, SYS_signalfd4 } from "../abi/syscall_numbers.ts";

const NEVER = (1 << (SIGKILL - 1)) | (1 << (SIGSTOP - 1));

function sysSignalfd(k: Kernel, t: Task, fd: number, mask: number, size: number): number {
  return sysSignalfd4(k, t, fd, mask, size, 0);
}

function sysSignalfd4(k: Kernel, t: Task, fd: number, maskPointer: number, size: number, flags: number): number {
  if (flags & ~(O_CLOEXEC | O_NONBLOCK) || size !== 8) return -EINVAL;
  const at = readableRange(t, maskPointer, 8);
  if (at < 0) return at;
  let d: SignalFd;
  if (fd === -1) {
    d = new SignalFd(k);
    d.statusFlags |= flags & O_NONBLOCK;
  } else {
    const given = t.process.fds.get(fd);
    if (given === undefined) return -EBADF;
    if (!(given instanceof SignalFd)) return -EINVAL;
    d = given;
  }
  d.mask[0] = loadU32(t.memory, at) & ~NEVER;
  d.mask[1] = loadU32(t.memory, at + 4);
  if (fd !== -1) {
    d.readiness.wake();
    return fd;
  }
  return t.process.fds.install(d, (flags & O_CLOEXEC) !== 0);
}

export const signalfdRows: [number, SyscallRow][] = [
  [SYS_signalfd, full("signalfd", sysSignalfd, ["fd:fd", "mask", "size:uint"])],
  [SYS_signalfd4, full("signalfd4", sysSignalfd4, ["fd:fd", "mask", "size:uint", "flags:octal"])],
];
