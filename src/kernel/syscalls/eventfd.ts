import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { EventFd } from "../fs/eventfd.ts";
import { full, type SyscallRow } from "./support.ts";
import { O_CLOEXEC, O_NONBLOCK } from "../abi/fcntl.ts";
import { EINVAL } from "../abi/errno.ts";
import { SYS_eventfd, SYS_eventfd2 } from "../abi/syscall_numbers.ts";

const EFD_SEMAPHORE = 1;

function sysEventfd(k: Kernel, t: Task, initial: number): number {
  return sysEventfd2(k, t, initial, 0);
}

function sysEventfd2(_k: Kernel, t: Task, initial: number, flags: number): number {
  if (flags & ~(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK)) return -EINVAL;
  const d = new EventFd(initial >>> 0, (flags & EFD_SEMAPHORE) !== 0);
  d.statusFlags |= flags & O_NONBLOCK;
  return t.process.fds.install(d, (flags & O_CLOEXEC) !== 0);
}

export const eventfdRows: [number, SyscallRow][] = [
  [SYS_eventfd, full("eventfd", sysEventfd, ["initial:uint"])],
  [SYS_eventfd2, full("eventfd2", sysEventfd2, ["initial:uint", "flags:octal"])],
];
