import { EFAULT, EINVAL } from "../abi/errno.ts";
import { SIGALRM, SIGEV_NONE, SIGEV_SIGNAL, SIGEV_THREAD_ID, SIGPROF, SIGVTALRM } from "../abi/signal.ts";
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
import { processCpuNs } from "../task/cpu_clock.ts";
import { armCpuTimer, CpuIntervalTimer, disarmCpuTimer } from "../task/cpu_timers.ts";
import type { Process } from "../task/process.ts";
import { loadTimevalNs, monotonicDeadline, readTimespecNs, storeTimespec, storeTimeval } from "../task/timespec.ts";
import type { Task } from "../task/task.ts";
import { full, type SyscallRow } from "./support.ts";
import { cpuClockOf } from "./time.ts";

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

/** Arms ITIMER_VIRTUAL or ITIMER_PROF (0 disarms). All CPU time is user time, so that both run alike. */
function setCpuTimer(k: Kernel, p: Process, which: number, valueNs: number, intervalNs: number): void {
  const old = p.timers.cpu[which];
  if (old !== null) disarmCpuTimer(old);
  p.timers.cpu[which] = null;
  if (valueNs === 0) return;
  const signal = which === time.ITIMER_VIRTUAL ? SIGVTALRM : SIGPROF;
  const timer = new CpuIntervalTimer(p, which, signal, processCpuNs(k, p) + valueNs, intervalNs);
  p.timers.cpu[which] = timer;
  armCpuTimer(timer);
}

function cpuTimerLeft(k: Kernel, p: Process, which: number): number {
  const timer = p.timers.cpu[which];
  return timer === null ? 0 : Math.max(1000, timer.deadlineNs - processCpuNs(k, p));
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
  const timer = isReal ? p.timers.real : p.timers.cpu[which];
  storeTimeval(t.memory, at, timer?.intervalNs ?? 0);
  storeTimeval(t.memory, at + 16, isReal ? realTimerLeft(k, p) : cpuTimerLeft(k, p, which));
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
  else setCpuTimer(k, t.process, which, valueNs, intervalNs);
  return 0;
}

function sysTimerCreate(k: Kernel, t: Task, clock: number, event: number, id: number): number {
  const measured = cpuClockOf(k, t, clock);
  const isKnown = clock < 0
    ? measured !== null
    : clock <= time.CLOCK_TAI && clock !== 10 && clock !== time.CLOCK_MONOTONIC_RAW &&
      clock !== time.CLOCK_REALTIME_COARSE && clock !== time.CLOCK_MONOTONIC_COARSE;
  if (!isKnown) return -EINVAL;
  const timers = t.process.timers.posix;
  let n = 0;
  while (n < timers.length && timers[n] !== null) n++;
  if (n >= MOST_TIMERS) return -EINVAL;
  let timer = new PosixTimer(t.process, n, clock, measured, SIGEV_SIGNAL, SIGALRM, 0, n, 0);
  if (event !== 0) {
    const at = readableRange(t, event, SIGEVENT_BYTES);
    if (at < 0) return at;
    // struct sigevent: value, signal, notify, thread id
    const m = t.memory, signal = loadU32(m, at + 8), notify = loadU32(m, at + 12), tid = loadU32(m, at + 16);
    if (notify !== SIGEV_SIGNAL && notify !== SIGEV_NONE && notify !== SIGEV_THREAD_ID) return -EINVAL;
    if (notify !== SIGEV_NONE && (signal < 1 || signal > 64)) return -EINVAL;
    if (notify === SIGEV_THREAD_ID && k.tasks.get(tid)?.process !== t.process) return -EINVAL;
    const low = loadU32(m, at), high = loadU32(m, at + 4);
    timer = new PosixTimer(t.process, n, clock, measured, notify, signal, tid, low, high);
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
  timer.disarm(k);
  timer.overrun = 0;
  timer.intervalNs = intervalNs;
  if (valueNs === 0) return 0;
  const isWall = timer.clock === time.CLOCK_REALTIME || timer.clock === time.CLOCK_TAI;
  const deadlineNs = flags & time.TIMER_ABSTIME
    ? monotonicDeadline(k, valueNs, isWall ? "realtime" : "monotonic")
    : timer.nowNs(k) + valueNs;
  timer.arm(k, deadlineNs);
  return 0;
}

function writeItimerspec(k: Kernel, t: Task, timer: PosixTimer, pointer: number): number {
  const at = writableRange(t, pointer, ITIMER_BYTES);
  if (at < 0) return at;
  const left = timer.deadlineNs === Infinity ? 0 : Math.max(1, timer.deadlineNs - timer.nowNs(k));
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
  timer.disarm(k);
  timers[id] = null;
  return 0;
}

export const timerRows: readonly (readonly [number, SyscallRow])[] = [
  [SYS_alarm, full("alarm", sysAlarm, ["seconds:int"])],
  [SYS_getitimer, full("getitimer", sysGetitimer, ["which:int", "value"])],
  [
    SYS_setitimer,
    full("setitimer", sysSetitimer, [
      "which:int",
      "value",
      "old",
    ]),
  ],
  [
    SYS_timer_create,
    full("timer_create", sysTimerCreate, [
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
