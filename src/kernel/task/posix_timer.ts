import { SI_TIMER, SIGEV_NONE, SIGEV_THREAD_ID } from "../abi/signal.ts";
import type { Kernel } from "../kernel.ts";
import type { Timer } from "../timers.ts";
import type { Process } from "./process.ts";
import { makeSignal } from "./signal.ts";
import { sendToProcess, sendToTask } from "./signals.ts";

/** A timer of timer_create(2). */
export class PosixTimer implements Timer {
  static readonly savedFields: readonly string[] = [
    "process",
    "id",
    "clock",
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
  overrun = 0;

  constructor(
    readonly process: Process,
    readonly id: number,
    readonly clock: number,
    readonly notify: number,
    readonly signal: number,
    readonly tid: number,
    readonly valueLow: number,
    readonly valueHigh: number,
  ) {}

  expire(k: Kernel): void {
    this.overrun = 0;
    if (this.intervalNs === 0) {
      this.deadlineNs = Infinity;
    } else {
      const late = Math.max(0, k.clock.lastNs - this.deadlineNs);
      this.overrun = Math.floor(late / this.intervalNs);
      this.deadlineNs += (this.overrun + 1) * this.intervalNs;
      k.timers.arm(this);
    }
    if (this.notify !== SIGEV_NONE) this.send(k);
  }

  private send(k: Kernel): void {
    const signal = makeSignal(this.signal, SI_TIMER, {
      timerId: this.id,
      overrun: this.overrun,
      valueLow: this.valueLow,
      valueHigh: this.valueHigh,
    });
    const t = this.notify === SIGEV_THREAD_ID ? k.tasks.get(this.tid) : undefined;
    if (t !== undefined) sendToTask(t, signal);
    else sendToProcess(this.process, signal);
  }
}
