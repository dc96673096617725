import type { Task } from "./task/task.ts";

/**
 * Tasks that wait for one thing to change (a pipe, a socket, a child, a futex word).
 *
 * Blocking has one shape everywhere: a syscall handler tries; if it would block it adds the task to the queues of what it
 * waits for and returns BLOCKED. A wake makes the task runnable, and the scheduler runs the *same syscall again* from the
 * start with the same arguments (progress that must survive is kept in task.restart). So a blocked task is nothing but its
 * registers plus queue memberships, and a snapshot of it is trivial.
 */
export class WaitQueue {
  static readonly savedFields = ["waiters", "observers"] as const;
  waiters: Task[] = [];
  /** Queues that follow this one: waking this wakes them (epoll instances watching a file). */
  observers: WaitObserver[] = [];

  add(task: Task): void {
    this.waiters.push(task);
    task.waitingOn.push(this);
  }

  remove(task: Task): void {
    const i = this.waiters.indexOf(task);
    if (i >= 0) this.waiters.splice(i, 1);
  }

  /** Something changed: every waiter retries its syscall, every observer is told. */
  wake(): void {
    while (this.waiters.length > 0) this.waiters[this.waiters.length - 1].wake();
    for (const o of this.observers) o.onReadinessChange(this);
  }

  /** Wakes at most `n` waiters, oldest first; returns how many. */
  wakeSome(n: number): number {
    let woken = 0;
    while (woken < n && this.waiters.length > 0) {
      this.waiters[0].wake();
      woken++;
    }
    for (const o of this.observers) o.onReadinessChange(this);
    return woken;
  }
}

/** Told when a queue it follows is woken (epoll's ready list; the host side of a connection). */
export interface WaitObserver {
  onReadinessChange(queue: WaitQueue): void;
}

/** Returned by a syscall handler that has put its task on wait queues: run it again after a wake. Not an errno. */
export const BLOCKED = -0x10001;
/** Returned by a handler that has replaced the task's registers itself (execve, rt_sigreturn, exit): leave rax alone. */
export const NO_RESULT = -0x10002;
