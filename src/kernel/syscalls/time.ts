import { EINVAL, EPERM } from "../abi/errno.ts";
import * as time from "../abi/time.ts";
import { CLOCK_TICKS_PER_SECOND, NS_PER_SECOND } from "../abi/time.ts";
import {
  SYS_adjtimex,
  SYS_clock_adjtime,
  SYS_clock_getres,
  SYS_clock_gettime,
  SYS_clock_nanosleep,
  SYS_clock_settime,
  SYS_gettimeofday,
  SYS_nanosleep,
  SYS_settimeofday,
  SYS_time,
  SYS_times,
} from "../abi/syscall_numbers.ts";
import type { Kernel } from "../kernel.ts";
import { storeU32, storeU64, writableRange, writeU64 } from "../memory/user_memory.ts";
import { parkUntil } from "../task/block.ts";
import { type CpuClock, cpuClockNs, processCpuNs } from "../task/cpu_clock.ts";
import { armCpuTimer, CpuSleep, disarmCpuTimer } from "../task/cpu_timers.ts";
import { monotonicDeadline, readTimespecNs, TIMESPEC_BYTES, writeTimespec } from "../task/timespec.ts";
import type { Task } from "../task/task.ts";
import { full, partial, refused, type SyscallRow } from "./support.ts";

/** What the coarse clocks of a 250 Hz kernel report. */
const COARSE_RESOLUTION_NS = 4_000_000;

function isRealtime(clock: number): boolean {
  return clock === time.CLOCK_REALTIME || clock === time.CLOCK_REALTIME_COARSE || clock === time.CLOCK_REALTIME_ALARM ||
    clock === time.CLOCK_TAI;
}

function isMonotonic(clock: number): boolean {
  return clock === time.CLOCK_MONOTONIC || clock === time.CLOCK_MONOTONIC_RAW ||
    clock === time.CLOCK_MONOTONIC_COARSE || clock === time.CLOCK_BOOTTIME || clock === time.CLOCK_BOOTTIME_ALARM;
}

/** Nanoseconds of a clock that is not the wall clock, or -EINVAL. */
function clockNs(k: Kernel, t: Task, clock: number): number {
  if (isMonotonic(clock)) return k.clock.monotonicNs();
  const measured = cpuClockOf(k, t, clock);
  return measured === null ? -EINVAL : cpuClockNs(k, measured);
}

/**
 * Whose CPU time a clock shows, or null if it is none of those: the fixed ones, and those of clock_getcpuclockid(3) and
 * pthread_getcpuclockid(3), which have ~pid in the high bits, 4 for a thread, a kind below.
 */
export function cpuClockOf(k: Kernel, t: Task, clock: number): CpuClock | null {
  if (clock === time.CLOCK_PROCESS_CPUTIME_ID) return t.process;
  if (clock === time.CLOCK_THREAD_CPUTIME_ID) return t;
  if (clock >= 0 || (clock & 3) === 3) return null;
  const id = ~(clock >> 3), isThread = (clock & 4) !== 0;
  if (!isThread) return (id === 0 ? t.process : k.processes.get(id)) ?? null;
  const other = id === 0 ? t : k.tasks.get(id);
  return other === undefined || other.process !== t.process ? null : other;
}

function sysClockGettime(k: Kernel, t: Task, clock: number, ts: number): number {
  if (isRealtime(clock)) {
    const at = writableRange(t, ts, TIMESPEC_BYTES);
    if (at < 0) return at;
    storeRealtime(k, t, at, 1e6);
    return 0;
  }
  const ns = clockNs(k, t, clock);
  return ns < 0 ? ns : writeTimespec(t, ts, ns);
}

/** Wall-clock seconds and the rest in units of which a millisecond has `perMs`: nanoseconds since 1970 overflow a double. */
function storeRealtime(k: Kernel, t: Task, at: number, perMs: number): void {
  const ms = k.clock.realtimeMs(), seconds = Math.floor(ms / 1000);
  storeU64(t.memory, at, seconds);
  storeU64(t.memory, at + 8, Math.floor((ms - seconds * 1000) * perMs));
}

function sysClockGetres(k: Kernel, t: Task, clock: number, ts: number): number {
  if (!isRealtime(clock) && clockNs(k, t, clock) < 0) return -EINVAL;
  if (ts === 0) return 0;
  const isCoarse = clock === time.CLOCK_REALTIME_COARSE || clock === time.CLOCK_MONOTONIC_COARSE;
  return writeTimespec(t, ts, isCoarse ? COARSE_RESOLUTION_NS : 1);
}

function sysGettimeofday(k: Kernel, t: Task, tv: number, tz: number): number {
  if (tv !== 0) {
    const at = writableRange(t, tv, TIMESPEC_BYTES);
    if (at < 0) return at;
    storeRealtime(k, t, at, 1000);
  }
  if (tz !== 0) {
    // The kernel's time zone is UTC and nobody should ask.
    const at = writableRange(t, tz, 8);
    if (at < 0) return at;
    storeU32(t.memory, at, 0);
    storeU32(t.memory, at + 4, 0);
  }
  return 0;
}

function sysTime(k: Kernel, t: Task, pointer: number): number {
  const seconds = Math.floor(k.clock.realtimeMs() / 1000);
  const error = pointer === 0 ? 0 : writeU64(t, pointer, seconds);
  return error < 0 ? error : seconds;
}

function sysTimes(k: Kernel, t: Task, buffer: number): number {
  const perTick = NS_PER_SECOND / CLOCK_TICKS_PER_SECOND;
  if (buffer !== 0) {
    const at = writableRange(t, buffer, 32);
    if (at < 0) return at;
    storeU64(t.memory, at, Math.floor(processCpuNs(k, t.process) / perTick));
    storeU64(t.memory, at + 8, 0);
    storeU64(t.memory, at + 16, Math.floor(t.process.childrenCpuNs / perTick));
    storeU64(t.memory, at + 24, 0);
  }
  return Math.floor(k.clock.monotonicNs() / perTick);
}

function sysNanosleep(k: Kernel, t: Task, request: number, remaining: number): number {
  return sleep(k, t, request, remaining, (ns) => k.clock.monotonicNs() + ns);
}

function sysClockNanosleep(
  k: Kernel,
  t: Task,
  clock: number,
  flags: number,
  request: number,
  remaining: number,
): number {
  const isWall = isRealtime(clock);
  if (clock === time.CLOCK_THREAD_CPUTIME_ID || (!isWall && clockNs(k, t, clock) < 0)) return -EINVAL;
  if (!isWall && !isMonotonic(clock)) return sleepOnCpuClock(k, t, cpuClockOf(k, t, clock)!, flags, request, remaining);
  if (!(flags & time.TIMER_ABSTIME)) return sysNanosleep(k, t, request, remaining);
  return sleep(k, t, request, 0, (ns) => monotonicDeadline(k, ns, isWall ? "realtime" : "monotonic"));
}

/** Kept in task.restart while asleep. */
interface Sleep {
  deadlineNs: number;
}

function sleep(k: Kernel, t: Task, request: number, remaining: number, deadlineOf: (ns: number) => number): number {
  let state = t.restart as Sleep | null;
  if (state === null) {
    const ns = readTimespecNs(t, request);
    if (ns < 0) return ns;
    t.restart = state = { deadlineNs: deadlineOf(ns) };
  }
  const now = k.clock.monotonicNs();
  if (now >= state.deadlineNs) return 0;
  if (t.signalDeliverable && remaining !== 0) {
    const error = writeTimespec(t, remaining, state.deadlineNs - now);
    if (error < 0) return error;
  }
  return parkUntil(t, state.deadlineNs);
}

/** Until threads have used so much time: of the process, or of another thread. */
function sleepOnCpuClock(
  k: Kernel,
  t: Task,
  measured: CpuClock,
  flags: number,
  request: number,
  remaining: number,
): number {
  // Oneself's time does not pass meanwhile.
  if (measured === t) return -EINVAL;
  let state = t.restart as CpuSleep | null;
  const now = cpuClockNs(k, measured);
  if (state === null) {
    const ns = readTimespecNs(t, request);
    if (ns < 0) return ns;
    t.restart = state = new CpuSleep(t, measured, flags & time.TIMER_ABSTIME ? ns : now + ns);
  } else disarmCpuTimer(state);
  if (now >= state.deadlineNs) return 0;
  if (t.signalDeliverable && remaining !== 0 && !(flags & time.TIMER_ABSTIME)) {
    const error = writeTimespec(t, remaining, state.deadlineNs - now);
    if (error < 0) return error;
  }
  armCpuTimer(state);
  return parkUntil(t, Infinity);
}

export const timeRows: readonly (readonly [number, SyscallRow])[] = [
  [SYS_clock_gettime, full("clock_gettime", sysClockGettime, ["clock:int", "tp"])],
  [SYS_clock_getres, full("clock_getres", sysClockGetres, ["clock:int", "res"])],
  [SYS_gettimeofday, full("gettimeofday", sysGettimeofday, ["tv", "tz"])],
  [SYS_time, full("time", sysTime, ["tloc"])],
  [SYS_times, partial("times", sysTimes, "all CPU time counts as user time", ["buf"])],
  [SYS_nanosleep, full("nanosleep", sysNanosleep, ["req", "rem"])],
  [SYS_clock_nanosleep, full("clock_nanosleep", sysClockNanosleep, ["clock:int", "flags", "req", "rem"])],
  [SYS_settimeofday, refused("settimeofday", EPERM, "the clock is the host's")],
  [SYS_clock_settime, refused("clock_settime", EPERM, "the clock is the host's")],
  [SYS_adjtimex, refused("adjtimex", EPERM, "the clock is the host's")],
  [SYS_clock_adjtime, refused("clock_adjtime", EPERM, "the clock is the host's")],
];
