import type { Kernel } from "../kernel.ts";
import { blockOnOne } from "../task/block.ts";
import type { Task } from "../task/task.ts";
import { loadU32, readableRange, writableRange } from "../memory/user_memory.ts";
import { EpollDescription } from "../vfs/epoll.ts";
import { applySignalMask, deadlineOf, readTimeout, timedOut } from "./poll_timeout.ts";
import { full, type SyscallRow } from "./support.ts";
import {
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLL_EVENT_BYTES,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLWAKEUP,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
} from "../abi/poll.ts";
import { O_RDWR } from "../abi/fcntl.ts";
import { EBADF, EINVAL, EPERM } from "../abi/errno.ts";
import {
  SYS_epoll_create,
  SYS_epoll_create1,
  SYS_epoll_ctl,
  SYS_epoll_pwait,
  SYS_epoll_pwait2,
  SYS_epoll_wait,
} from "../abi/syscall_numbers.ts";

function sysEpollCreate(k: Kernel, t: Task, size: number): number {
  return size <= 0 ? -EINVAL : sysEpollCreate1(k, t, 0);
}

function sysEpollCreate1(_k: Kernel, t: Task, flags: number): number {
  if (flags & ~EPOLL_CLOEXEC) return -EINVAL;
  const epoll = new EpollDescription();
  epoll.statusFlags = O_RDWR;
  return t.process.fds.install(epoll, (flags & EPOLL_CLOEXEC) !== 0);
}

/** Bits that may go with EPOLLEXCLUSIVE. */
const EXCLUSIVE_OK = POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE;

function sysEpollCtl(_k: Kernel, t: Task, epfd: number, operation: number, fd: number, eventPointer: number): number {
  let events = 0, dataLow = 0, dataHigh = 0;
  if (operation !== EPOLL_CTL_DEL) {
    const at = readableRange(t, eventPointer, EPOLL_EVENT_BYTES);
    if (at < 0) return at;
    const m = t.memory;
    events = loadU32(m, at);
    dataLow = loadU32(m, at + 4);
    dataHigh = loadU32(m, at + 8);
  }
  const fds = t.process.fds, epoll = fds.get(epfd), d = fds.get(fd);
  if (epoll === undefined || d === undefined) return -EBADF;
  if (!d.canBeWatched) return -EPERM;
  if (epoll === d || !(epoll instanceof EpollDescription)) return -EINVAL;
  if (events & EPOLLEXCLUSIVE) {
    if (operation === EPOLL_CTL_MOD || d instanceof EpollDescription || events & ~EXCLUSIVE_OK) return -EINVAL;
  }
  switch (operation) {
    case EPOLL_CTL_ADD:
      return epoll.add(fd, d, events, dataLow, dataHigh);
    case EPOLL_CTL_MOD:
      return (epoll.find(fd, d)?.events ?? 0) & EPOLLEXCLUSIVE
        ? -EINVAL
        : epoll.modify(fd, d, events, dataLow, dataHigh);
    case EPOLL_CTL_DEL:
      return epoll.delete(fd, d);
    default:
      return -EINVAL;
  }
}

function sysEpollWait(k: Kernel, t: Task, epfd: number, events: number, max: number, timeoutMs: number): number {
  return wait(k, t, epfd, events, max, timeoutMs < 0 ? Infinity : timeoutMs * 1e6);
}

function sysEpollPwait(
  k: Kernel,
  t: Task,
  epfd: number,
  events: number,
  max: number,
  timeoutMs: number,
  mask: number,
  maskSize: number,
): number {
  const bad = applySignalMask(t, mask, maskSize);
  return bad || sysEpollWait(k, t, epfd, events, max, timeoutMs);
}

function sysEpollPwait2(
  k: Kernel,
  t: Task,
  epfd: number,
  events: number,
  max: number,
  timeoutPointer: number,
  mask: number,
  maskSize: number,
): number {
  const timeoutNs = t.restart === null ? readTimeout(t, timeoutPointer, 1) : 0;
  if (timeoutNs < 0) return timeoutNs;
  const bad = applySignalMask(t, mask, maskSize);
  return bad || wait(k, t, epfd, events, max, timeoutNs);
}

const MAX_EVENTS = Math.floor(0x7fffffff / EPOLL_EVENT_BYTES);

function wait(k: Kernel, t: Task, epfd: number, events: number, max: number, timeoutNs: number): number {
  if (max <= 0 || max > MAX_EVENTS) return -EINVAL;
  const epoll = t.process.fds.get(epfd);
  if (epoll === undefined) return -EBADF;
  if (!(epoll instanceof EpollDescription)) return -EINVAL;
  const room = Math.min(max, epoll.readyCount);
  if (room > 0) {
    const at = writableRange(t, events, room * EPOLL_EVENT_BYTES);
    if (at < 0) return at;
    const n = epoll.harvest(t.memory.view, at, room);
    if (n > 0) return n;
  }
  if ((timeoutNs === 0 && t.restart === null) || timedOut(t)) return 0;
  return blockOnOne(t, epoll.readiness, deadlineOf(k, t, timeoutNs));
}

export const epollRows: [number, SyscallRow][] = [
  [SYS_epoll_create, full("epoll_create", sysEpollCreate, ["size:int"])],
  [SYS_epoll_create1, full("epoll_create1", sysEpollCreate1, ["flags:octal"])],
  [SYS_epoll_ctl, full("epoll_ctl", sysEpollCtl, ["epfd:fd", "op:int", "fd:fd", "event"])],
  [SYS_epoll_wait, full("epoll_wait", sysEpollWait, ["epfd:fd", "events", "maxevents:int", "timeout:int"])],
  [
    SYS_epoll_pwait,
    full("epoll_pwait", sysEpollPwait, ["epfd:fd", "events", "maxevents:int", "timeout:int", "sigmask", "size:uint"]),
  ],
  [
    SYS_epoll_pwait2,
    full("epoll_pwait2", sysEpollPwait2, ["epfd:fd", "events", "maxevents:int", "timeout", "sigmask", "size:uint"]),
  ],
];
