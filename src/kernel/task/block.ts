import { BLOCKED, type WaitQueue } from "../wait_queue.ts";
import { type Task, TASK_BLOCKED } from "./task.ts";

/**
 * Parks the task on the queues until one of them is woken or the monotonic deadline passes, and returns BLOCKED for the
 * handler to return. The scheduler then runs the same syscall again; the handler finds t.wokenByTimeout set when it was
 * the deadline, and what it kept in t.restart.
 *
 * A timeout is relative to the *first* try: keep the absolute deadline in t.restart and pass it on each try.
 */
export function blockOn(t: Task, queues: readonly WaitQueue[], deadlineNs = Infinity): number {
  for (let i = 0; i < queues.length; i++) queues[i].add(t);
  return parkUntil(t, deadlineNs);
}

/** blockOn one queue without making an array for it. */
export function blockOnOne(t: Task, queue: WaitQueue, deadlineNs = Infinity): number {
  queue.add(t);
  return parkUntil(t, deadlineNs);
}

/** Parks with no queue: until the deadline or a signal. */
export function parkUntil(t: Task, deadlineNs: number): number {
  t.state = TASK_BLOCKED;
  if (deadlineNs !== Infinity) {
    t.deadlineNs = deadlineNs;
    t.process.kernel.timers.arm(t);
  }
  return BLOCKED;
}
