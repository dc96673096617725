import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { loadI64, readableRange, storeU64, writableRange } from "../memory/user_memory.ts";
import { TimerFd } from "../fs/timerfd.ts";
import { full, partial, type SyscallRow } from "./support.ts";
import { O_CLOEXEC, O_NONBLOCK } from "../abi/fcntl.ts";
import { EBADF, EINVAL, EPERM } from "../abi/errno.ts";
import {
  CLOCK_BOOTTIME,
  CLOCK_BOOTTIME_ALARM,
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  CLOCK_REALTIME_ALARM,
} from "../abi/time.ts";
import { SYS_timerfd_create, SYS_timerfd_gettime, SYS_timerfd_settime } from "../abi/syscall_numbers.ts";

const TFD_TIMER_ABSTIME = 1, TFD_TIMER_CANCEL_ON_SET = 2;
const ITIMERSPEC_BYTES = 32;

function sysTimerfdCreate(k: Kernel, t: Task, clock: number, flags: number): number {
  if (flags & ~(O_CLOEXEC | O_NONBLOCK)) return -EINVAL;
  switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
      break;
    case CLOCK_REALTIME_ALARM:
    case CLOCK_BOOTTIME_ALARM:
      return -EPERM; // CAP_WAKE_ALARM
    default:
      return -EINVAL;
  }
  const d = new TimerFd(k, clock);
  d.statusFlags |= flags & O_NONBLOCK;
  return t.process.fds.install(d, (flags & O_CLOEXEC) !== 0);
}

function sysTimerfdSettime(
  k: Kernel,
  t: Task,
  fd: number,
  flags: number,
  newPointer: number,
  oldPointer: number,
): number {
  const at = readableRange(t, newPointer, ITIMERSPEC_BYTES);
  if (at < 0) return at;
  const intervalNs = readTimespec(t, at), valueNs = readTimespec(t, at + 16);
  if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET) || intervalNs < 0 || valueNs < 0) return -EINVAL;
  const d = timerOf(t, fd);
  if (typeof d === "number") return d;
  const old = oldPointer === 0 ? 0 : putTimer(k, t, d, oldPointer);
  if (old < 0) return old;
  d.set(k, deadline(k, d, valueNs, (flags & TFD_TIMER_ABSTIME) !== 0), intervalNs);
  return 0;
}

/** Monotonic time of the first expiration; Infinity disarms. */
function deadline(k: Kernel, d: TimerFd, valueNs: number, isAbsolute: boolean): number {
  if (valueNs === 0) return Infinity;
  const now = k.clock.monotonicNs();
  if (!isAbsolute) return now + valueNs;
  if (!d.isRealtime) return valueNs;
  return now + Math.max(0, valueNs - k.clock.realtimeMs() * 1e6);
}

function sysTimerfdGettime(k: Kernel, t: Task, fd: number, pointer: number): number {
  const d = timerOf(t, fd);
  return typeof d === "number" ? d : putTimer(k, t, d, pointer);
}

function timerOf(t: Task, fd: number): TimerFd | number {
  const d = t.process.fds.get(fd);
  if (d === undefined) return -EBADF;
  return d instanceof TimerFd ? d : -EINVAL;
}

function readTimespec(t: Task, at: number): number {
  const sec = loadI64(t.memory, at), nsec = loadI64(t.memory, at + 8);
  return sec < 0 || nsec < 0 || nsec >= 1e9 ? -1 : sec * 1e9 + nsec;
}

/** Writes struct itimerspec: the interval, and the time left. */
function putTimer(k: Kernel, t: Task, d: TimerFd, pointer: number): number {
  const at = writableRange(t, pointer, ITIMERSPEC_BYTES);
  if (at < 0) return at;
  const leftNs = d.remainingNs(k), m = t.memory;
  storeU64(m, at, Math.floor(d.intervalNs / 1e9));
  storeU64(m, at + 8, d.intervalNs % 1e9);
  storeU64(m, at + 16, Math.floor(leftNs / 1e9));
  storeU64(m, at + 24, leftNs % 1e9);
  return 0;
}

export const timerfdRows: [number, SyscallRow][] = [
  [
    SYS_timerfd_create,
    partial("timerfd_create", sysTimerfdCreate, "no alarm clocks: EPERM", ["clockid:int", "flags:octal"]),
  ],
  [
    SYS_timerfd_settime,
    partial("timerfd_settime", sysTimerfdSettime, "TFD_TIMER_CANCEL_ON_SET never cancels", [
      "fd:fd",
      "flags",
      "new",
      "old",
    ]),
  ],
  [SYS_timerfd_gettime, full("timerfd_gettime", sysTimerfdGettime, ["fd:fd", "value"])],
];
