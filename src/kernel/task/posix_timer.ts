import { SI_TIMER, SIGEV_NONE, SIGEV_THREAD_ID } from "../abi/signal.ts";
import type { Kernel } from "../kernel.ts";
import type { Timer } from "../timers.ts";
import { type CpuClock, cpuClockNs } from "./cpu_clock.ts";
import { armCpuTimer, type CpuTimer, disarmCpuTimer } from "./cpu_timers.ts";
import type { Process } from "./process.ts";
import { makeSignal } from "./signal.ts";
import { sendToProcess, sendToTask } from "./signals.ts";

/** DELAYTIMER_MAX of Linux. */
const MOST_OVERRUNS = 0x7fffffff;

/** A timer of timer_create(2). */
export class PosixTimer implements Timer {
  static readonly savedFields: readonly string[] = [
    "process",
    "id",
    "clock",
    "measured",
    "notify",
    "signal",
    "tid",
    "valueLow",
    "valueHigh",
    "deadlineNs",
    "intervalNs",
    "overrun",
  ];
  /** Infinity while disarmed. */
  deadlineNs = Infinity;
  intervalNs = 0;
  /** Expirations that the last signal taken stands for, beside its own. */
  overrun = 0;

  constructor(
    readonly process: Process,
    readonly id: number,
    readonly clock: number,
    /** Whose CPU time counts, or null for real time. */
    readonly measured: CpuClock | null,
    readonly notify: number,
    readonly signal: number,
    readonly tid: number,
    readonly valueLow: number,
    readonly valueHigh: number,
  ) {}

  /** Time on the timer's clock in nanoseconds. */
  nowNs(k: Kernel): number {
    return this.measured === null ? k.clock.monotonicNs() : cpuClockNs(k, this.measured);
  }

  /** Arms for a time on its clock. */
  arm(k: Kernel, deadlineNs: number): void {
    this.deadlineNs = deadlineNs;
    if (this.measured === null) k.timers.arm(this);
    else armCpuTimer(this as CpuTimer);
  }

  disarm(k: Kernel): void {
    if (this.measured === null) k.timers.disarm(this);
    else disarmCpuTimer(this as CpuTimer);
    this.deadlineNs = Infinity;
  }

  expire(k: Kernel): void {
    let missed = 0;
    if (this.intervalNs === 0) {
      this.deadlineNs = Infinity;
    } else {
      const now = this.measured === null ? k.clock.lastNs : cpuClockNs(k, this.measured);
      missed = Math.floor(Math.max(0, now - this.deadlineNs) / this.intervalNs);
      this.arm(k, this.deadlineNs + (missed + 1) * this.intervalNs);
    }
    if (this.notify !== SIGEV_NONE) this.send(k, missed);
  }

  /** One signal of a timer is all that is ever queued; it counts what comes while it waits (timer_getoverrun(2)). */
  private send(k: Kernel, missed: number): void {
    const t = this.notify === SIGEV_THREAD_ID ? k.tasks.get(this.tid) : undefined;
    const queue = t === undefined ? this.process.pendingSignals : t.pendingSignals;
    const waiting = queue.find((s) => s.code === SI_TIMER && s.timerId === this.id);
    if (waiting !== undefined) {
      waiting.overrun = Math.min(waiting.overrun + missed + 1, MOST_OVERRUNS);
      return;
    }
    const signal = makeSignal(this.signal, SI_TIMER, {
      timerId: this.id,
      overrun: Math.min(missed, MOST_OVERRUNS),
      valueLow: this.valueLow,
      valueHigh: this.valueHigh,
    });
    if (t !== undefined) sendToTask(t, signal);
    else sendToProcess(this.process, signal);
  }
}
