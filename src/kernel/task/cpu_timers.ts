/**
 * Timers on CPU time: ITIMER_VIRTUAL and ITIMER_PROF, timer_create on CPU clocks, clock_nanosleep on them, RLIMIT_CPU.
 * CPU time passes only while its process runs, so the scheduler asks then: when a slice ends, and when fuel has run out.
 */
import { RLIMIT_CPU } from "../abi/resource.ts";
import { SI_KERNEL, SIGKILL, SIGXCPU } from "../abi/signal.ts";
import { NS_PER_SECOND } from "../abi/time.ts";
import type { Kernel } from "../kernel.ts";
import { type CpuClock, cpuClockNs } from "./cpu_clock.ts";
import type { Process } from "./process.ts";
import { makeSignal } from "./signal.ts";
import { sendToProcess } from "./signals.ts";
import { Task } from "./task.ts";

/** Something that is due at a CPU time. */
export interface CpuTimer {
  /** What is measured. */
  readonly measured: CpuClock;
  /** CPU time of `measured`; not changed while the timer is armed. */
  deadlineNs: number;
  /** Called once, off the list; may arm itself again. */
  expire(k: Kernel): void;
}

function listOf(timer: CpuTimer): CpuTimer[] {
  return (timer.measured instanceof Task ? timer.measured.process : timer.measured).cpuTimers;
}

export function armCpuTimer(timer: CpuTimer): void {
  listOf(timer).push(timer);
}

export function disarmCpuTimer(timer: CpuTimer): void {
  const list = listOf(timer), i = list.indexOf(timer);
  if (i >= 0) list.splice(i, 1);
}

/** Expires what is due of a process that has run. The caller asks first whether there are any. */
export function expireCpuTimers(k: Kernel, p: Process): void {
  const armed = p.cpuTimers;
  for (let i = armed.length - 1; i >= 0; i--) {
    const timer = armed[i];
    if (timer === undefined || cpuClockNs(k, timer.measured) < timer.deadlineNs) continue;
    armed.splice(i, 1);
    timer.expire(k);
  }
}

/** ITIMER_VIRTUAL, ITIMER_PROF: a signal at a CPU time, and again every interval. */
export class CpuIntervalTimer implements CpuTimer {
  static readonly savedFields: readonly string[] = ["measured", "which", "signal", "deadlineNs", "intervalNs"];
  constructor(
    readonly measured: Process,
    /** ITIMER_VIRTUAL or ITIMER_PROF. */
    readonly which: number,
    readonly signal: number,
    public deadlineNs: number,
    readonly intervalNs: number,
  ) {}

  expire(k: Kernel): void {
    sendToProcess(this.measured, makeSignal(this.signal, SI_KERNEL));
    if (this.intervalNs === 0) {
      this.measured.timers.cpu[this.which] = null;
      return;
    }
    // Missed periods are not made up for: one signal could not carry them anyway.
    this.deadlineNs = Math.max(this.deadlineNs + this.intervalNs, cpuClockNs(k, this.measured) + 1);
    armCpuTimer(this);
  }
}

/** RLIMIT_CPU: SIGXCPU at the soft limit and each second after it, SIGKILL at the hard one (getrlimit(2)). */
export class CpuLimit implements CpuTimer {
  static readonly savedFields: readonly string[] = ["measured", "deadlineNs"];
  deadlineNs: number;

  constructor(readonly measured: Process) {
    const { soft, hard } = measured.limits;
    this.deadlineNs = Math.min(soft[RLIMIT_CPU], hard[RLIMIT_CPU]) * NS_PER_SECOND;
  }

  expire(k: Kernel): void {
    const p = this.measured, { soft, hard } = p.limits;
    if (cpuClockNs(k, p) >= hard[RLIMIT_CPU] * NS_PER_SECOND) {
      sendToProcess(p, makeSignal(SIGKILL, SI_KERNEL));
      return;
    }
    sendToProcess(p, makeSignal(SIGXCPU, SI_KERNEL));
    // Linux moves the soft limit, and shows that (kernel/time/posix-cpu-timers.c, check_process_timers).
    soft[RLIMIT_CPU]++;
    this.deadlineNs += NS_PER_SECOND;
    armCpuTimer(this);
  }
}

/** Makes RLIMIT_CPU of a process what its limits say. */
export function watchCpuLimit(p: Process): void {
  const old = p.cpuTimers.findIndex((timer) => timer instanceof CpuLimit);
  if (old >= 0) p.cpuTimers.splice(old, 1);
  if (p.limits.soft[RLIMIT_CPU] !== Infinity) armCpuTimer(new CpuLimit(p));
}

/** clock_nanosleep on a CPU clock, kept in task.restart: wakes the task at a CPU time of somebody else. */
export class CpuSleep implements CpuTimer {
  static readonly savedFields: readonly string[] = ["task", "measured", "deadlineNs"];
  constructor(readonly task: Task, readonly measured: CpuClock, public deadlineNs: number) {}

  expire(): void {
    // A signal may have ended the call long ago.
    if (this.task.restart === this) this.task.wake();
  }
}
