import type { Kernel } from "./kernel.ts";

/** Something that is due at a monotonic time: a sleeping task, an interval timer, a timerfd. */
export interface Timer {
  /** Monotonic nanoseconds; not changed while the timer is armed. */
  deadlineNs: number;
  /** Called once, off the list; may arm itself again. */
  expire(k: Kernel): void;
}

/** Armed timers, the next one last. Guests keep few of them: a sorted array beats a heap and saves as it is. */
export class Timers {
  static readonly savedFields: readonly string[] = ["armed"];
  armed: Timer[] = [];

  /** Deadlines equal expire in the order they were armed. */
  arm(timer: Timer): void {
    let low = 0, high = this.armed.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.armed[middle].deadlineNs < timer.deadlineNs) high = middle;
      else if (this.armed[middle].deadlineNs > timer.deadlineNs) low = middle + 1;
      else high = middle;
    }
    this.armed.splice(low, 0, timer);
  }

  disarm(timer: Timer): void {
    const i = this.armed.indexOf(timer);
    if (i >= 0) this.armed.splice(i, 1);
  }

  /** Infinity when nothing is armed. */
  nextDeadlineNs(): number {
    const n = this.armed.length;
    return n === 0 ? Infinity : this.armed[n - 1].deadlineNs;
  }

  expire(k: Kernel, nowNs: number): void {
    while (this.nextDeadlineNs() <= nowNs) this.armed.pop()!.expire(k);
  }
}
