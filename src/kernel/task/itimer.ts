import { SI_KERNEL, SIGALRM } from "../abi/signal.ts";
import type { Kernel } from "../kernel.ts";
import type { Timer } from "../timers.ts";
import type { Process } from "./process.ts";
import { makeSignal } from "./signal.ts";
import { sendToProcess } from "./signals.ts";

/** ITIMER_REAL and alarm(2): SIGALRM at a time, and again every interval. */
export class RealTimer implements Timer {
  static readonly savedFields: readonly string[] = ["process", "deadlineNs", "intervalNs"];
  constructor(readonly process: Process, public deadlineNs: number, public intervalNs: number) {}

  expire(k: Kernel): void {
    sendToProcess(this.process, makeSignal(SIGALRM, SI_KERNEL));
    if (this.intervalNs === 0) {
      this.process.timers.real = null;
      return;
    }
    // Missed periods are not made up for: one signal could not carry them anyway.
    this.deadlineNs = Math.max(this.deadlineNs + this.intervalNs, k.clock.lastNs + 1);
    k.timers.arm(this);
  }
}
