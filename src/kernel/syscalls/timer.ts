import { EFAULT, EINVAL } from "../abi/errno.ts";
import { SIGALRM, SIGEV_NONE, SIGEV_SIGNAL, SIGEV_THREAD_ID } from "../abi/signal.ts";
import * as time from "../abi/time.ts";
import { NS_PER_SECOND } from "../abi/time.ts";
import {
  SYS_alarm,
  SYS_getitimer,
  SYS_setitimer,
  SYS_timer_create,
  SYS_timer_delete,
  SYS_timer_getoverrun,
  SYS_timer_gettime,
  SYS_timer_settime,
} from "../abi/syscall_numbers.ts";
import type { Kernel } from "../kernel.ts";
import { loadU32, readableRange, writableRange, writeU32 } from "../memory/user_memory.ts";
import { RealTimer } from "../task/itimer.ts";
import { PosixTimer } from "../task/posix_timer.ts";
import type { Process } from "../task/process.ts";
import { loadTimevalNs, monotonicDeadline, readTimespecNs, storeTimespec, storeTimeval } from "../task/timespec.ts";
import type { Task } from "../task/task.ts";
import { full, partial, type SyscallRow } from "./support.ts";

const ITIMER_BYTES = 32;
const SIGEVENT_BYTES = 64;
const MOST_TIMERS = 1024;

/** Arms ITIMER_REAL (0 disarms); returns what was left of the old one. */
function setRealTimer(k: Kernel, p: Process, valueNs: number, intervalNs: number): number {
  const left = realTimerLeft(k, p);
  if (p.timers.real !== null) k.timers.disarm(p.timers.real);
  p.timers.real = null;
  if (valueNs > 0) {
    p.timers.real = new RealTimer(p, k.clock.monotonicNs() + valueNs, intervalNs);
    k.timers.arm(p.timers.real);
  }
  return left;
}

function realTimerLeft(k: Kernel, p: Process): number {
  return p.timers.real === null ? 0 : Math.max(1000, p.timers.real.deadlineNs - k.clock.monotonicNs());
}

function sysAlarm(k: Kernel, t: Task, seconds: number): number {
  const left = setRealTimer(k, t.process, (seconds >>> 0) * NS_PER_SECOND, 0) / NS_PER_SECOND;
  // Rounded, but a pending alarm never reads as none (kernel/time/itimer.c, alarm_setitimer).
  return left === 0 ? 0 : Math.max(1, Math.round(left));
}

function sysGetitimer(k: Kernel, t: Task, which: number, value: number): number {
  if (which !== time.ITIMER_REAL && which !== time.ITIMER_VIRTUAL && which !== time.ITIMER_PROF) return -EINVAL;
  return writeItimer(k, t, which, value);
}

function writeItimer(k: Kernel, t: Task, which: number, pointer: number): number {
  const at = writableRange(t, pointer, ITIMER_BYTES);
  if (at < 0) return at;
  const isReal = which === time.ITIMER_REAL, p = t.process;
  storeTimeval(t.memory, at, isReal ? p.timers.real?.intervalNs ?? 0 : 0);
  storeTimeval(t.memory, at + 16, isReal ? realTimerLeft(k, p) : 0);
  return 0;
}

function sysSetitimer(k: Kernel, t: Task, which: number, value: number, oldValue: number): number {
  if (which !== time.ITIMER_REAL && which !== time.ITIMER_VIRTUAL && which !== time.ITIMER_PROF) return -EINVAL;
  // Linux takes a NULL as zero.
  let intervalNs = 0, valueNs = 0;
  if (value !== 0) {
    const at = readableRange(t, value, ITIMER_BYTES);
    if (at < 0) return at;
    intervalNs = loadTimevalNs(t.memory, at);
    valueNs = loadTimevalNs(t.memory, at + 16);
    if (intervalNs < 0 || valueNs < 0) return -EINVAL;
  }
  if (oldValue !== 0) {
    const error = writeItimer(k, t, which, oldValue);
    if (error < 0) return error;
  }
  if (which === time.ITIMER_REAL) setRealTimer(k, t.process, valueNs, intervalNs);
  return 0;
}

function sysTimerCreate(k: Kernel, t: Task, clock: number, event: number, id: number): number {
  const isKnown = clock >= 0 && clock <= time.CLOCK_TAI && clock !== 10 && clock !== time.CLOCK_MONOTONIC_RAW &&
    clock !== time.CLOCK_REALTIME_COARSE && clock !== time.CLOCK_MONOTONIC_COARSE;
  if (!isKnown) return -EINVAL;
  const timers = t.process.timers.posix;
  let n = 0;
  while (n < timers.length && timers[n] !== null) n++;
  if (n >= MOST_TIMERS) return -EINVAL;
  let timer = new PosixTimer(t.process, n, clock, SIGEV_SIGNAL, SIGALRM, 0, n, 0);
  if (event !== 0) {
    const at = readableRange(t, event, SIGEVENT_BYTES);
    if (at < 0) return at;
    // struct sigevent: value, signal, notify, thread id
    const m = t.memory, signal = loadU32(m, at + 8), notify = loadU32(m, at + 12), tid = loadU32(m, at + 16);
    if (notify !== SIGEV_SIGNAL && notify !== SIGEV_NONE && notify !== SIGEV_THREAD_ID) return -EINVAL;
    if (notify !== SIGEV_NONE && (signal < 1 || signal > 64)) return -EINVAL;
    if (notify === SIGEV_THREAD_ID && k.tasks.get(tid)?.process !== t.process) return -EINVAL;
    timer = new PosixTimer(t.process, n, clock, notify, signal, tid, loadU32(m, at), loadU32(m, at + 4));
  }
  if (writeU32(t, id, n) < 0) return -EFAULT;
  timers[n] = timer;
  return 0;
}

function sysTimerSettime(k: Kernel, t: Task, id: number, flags: number, value: number, oldValue: number): number {
  const timer = t.process.timers.posix[id] ?? null;
  if (timer === null) return -EINVAL;
  const intervalNs = readTimespecNs(t, value), valueNs = readTimespecNs(t, (value >>> 0) + 16);
  if (intervalNs < 0) return intervalNs;
  if (valueNs < 0) return valueNs;
  if (oldValue !== 0) {
    const error = writeItimerspec(k, t, timer, oldValue);
    if (error < 0) return error;
  }
  k.timers.disarm(timer);
  timer.overrun = 0;
  timer.intervalNs = intervalNs;
  timer.deadlineNs = Infinity;
  if (valueNs === 0) return 0;
  const isWall = timer.clock === time.CLOCK_REALTIME || timer.clock === time.CLOCK_TAI;
  timer.deadlineNs = flags & time.TIMER_ABSTIME
    ? monotonicDeadline(k, valueNs, isWall ? "realtime" : "monotonic")
    : k.clock.monotonicNs() + valueNs;
  k.timers.arm(timer);
  return 0;
}

function writeItimerspec(k: Kernel, t: Task, timer: PosixTimer, pointer: number): number {
  const at = writableRange(t, pointer, ITIMER_BYTES);
  if (at < 0) return at;
  const left = timer.deadlineNs === Infinity ? 0 : Math.max(1, timer.deadlineNs - k.clock.monotonicNs());
  storeTimespec(t.memory, at, left === 0 ? 0 : timer.intervalNs);
  storeTimespec(t.memory, at + 16, left);
  return 0;
}

function sysTimerGettime(k: Kernel, t: Task, id: number, value: number): number {
  const timer = t.process.timers.posix[id] ?? null;
  return timer === null ? -EINVAL : writeItimerspec(k, t, timer, value);
}

function sysTimerGetoverrun(_k: Kernel, t: Task, id: number): number {
  return t.process.timers.posix[id]?.overrun ?? -EINVAL;
}

function sysTimerDelete(k: Kernel, t: Task, id: number): number {
  const timers = t.process.timers.posix, timer = timers[id] ?? null;
  if (timer === null) return -EINVAL;
  k.timers.disarm(timer);
  timers[id] = null;
  return 0;
}

export const timerRows: readonly (readonly [number, SyscallRow])[] = [
  [SYS_alarm, full("alarm", sysAlarm, ["seconds:int"])],
  [SYS_getitimer, partial("getitimer", sysGetitimer, "ITIMER_REAL", ["which:int", "value"])],
  [
    SYS_setitimer,
    partial("setitimer", sysSetitimer, "ITIMER_REAL acts; VIRTUAL and PROF are accepted, never fire", [
      "which:int",
      "value",
      "old",
    ]),
  ],
  [
    SYS_timer_create,
    partial("timer_create", sysTimerCreate, "CPU-time clocks run on real time", [
      "clock:int",
      "event",
      "id",
    ]),
  ],
  [SYS_timer_settime, full("timer_settime", sysTimerSettime, ["id:int", "flags", "value", "old"])],
  [SYS_timer_gettime, full("timer_gettime", sysTimerGettime, ["id:int", "value"])],
  [SYS_timer_getoverrun, full("timer_getoverrun", sysTimerGetoverrun, ["id:int"])],
  [SYS_timer_delete, full("timer_delete", sysTimerDelete, ["id:int"])],
];
