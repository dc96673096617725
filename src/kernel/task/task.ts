import type { Process } from "./process.ts";
import type { WaitQueue } from "../wait_queue.ts";
import type { Kernel } from "../kernel.ts";
import type { GuestMemory } from "../../machine/guest_memory.ts";
import { STATE_BYTES } from "../../machine/state.ts";
import type { SeccompFilter } from "./seccomp.ts";
import type { Signal } from "./signal.ts";

export const TASK_RUNNABLE = 0, TASK_BLOCKED = 1, TASK_STOPPED = 2, TASK_ZOMBIE = 3;

export const DEFAULT_TIMER_SLACK_NS = 50_000;

/** One thread. Everything threads of a process share hangs on `process`. Verbs (clone, exit, signals) are functions in files of their own. */
export class Task {
  static readonly savedFields: readonly string[] = [
    "tid",
    "process",
    "state",
    "registers",
    "waitingOn",
    "deadlineNs",
    "restart",
    "inSyscall",
    "wokenByTimeout",
    "signalMask",
    "savedSignalMask",
    "pendingSignals",
    "signalDeliverable",
    "altStack",
    "clearChildTid",
    "robustList",
    "name",
    "nice",
    "policy",
    "timerSlackNs",
    "interruptedDeadlineNs",
    "fault",
    "cpuNs",
    "exitCode",
    "seccomp",
  ];
  state = TASK_RUNNABLE;
  /** The state block while another task runs; the machine's memory is the truth while this one does. */
  readonly registers: Uint8Array = new Uint8Array(STATE_BYTES);
  /** Queues this blocked task is on; emptied by wake(). */
  waitingOn: WaitQueue[] = [];
  /** Monotonic time at which a blocked task is woken anyway, or Infinity. */
  deadlineNs = Infinity;
  /** True when the last wake was the deadline. The handler that runs again reads and clears it. */
  wokenByTimeout = false;
  /** Kept by a handler between tries of one syscall (absolute deadline, bytes moved so far); null when a new syscall starts. */
  restart: unknown = null;
  /** Number of the syscall to run again after a wake, or -1. */
  inSyscall = -1;
  /** Deadline that the interrupted syscall had: calls with a timeout are not restarted after a signal. */
  interruptedDeadlineNs = Infinity;
  /** Blocked signals: bit n-1 of the pair [low, high] is signal n. */
  readonly signalMask: Uint32Array = new Uint32Array(2);
  /** Mask to put back after sigsuspend, ppoll, pselect, epoll_pwait; null if none. */
  savedSignalMask: Uint32Array | null = null;
  /** Signals sent to this thread, not yet delivered. */
  readonly pendingSignals: Signal[] = [];
  /** Some pending signal is not blocked: the cheap question asked at every syscall exit. Kept by signals.ts. */
  signalDeliverable = false;
  altStack = { address: 0, size: 0, flags: 0 };
  /** Last CPU exception, for the trapno, err and cr2 fields of a signal frame. */
  fault = { trap: 0, error: 0, address: 0, addressHigh: 0 };
  clearChildTid = 0;
  robustList = 0;
  name = "";
  /** Nice value, -20 to 19: kept and shown; all tasks get the same share of the processor. */
  nice = 0;
  /** Scheduling policy (sched(7)) and SCHED_RESET_ON_FORK: kept and shown. */
  policy = 0;
  /** PR_SET_TIMERSLACK: kept and shown; timers expire as soon as may be. */
  timerSlackNs = DEFAULT_TIMER_SLACK_NS;
  /** CPU time used. */
  cpuNs = 0;
  exitCode = 0;
  /** The filters that each of its system calls passes first, or null. */
  seccomp: SeccompFilter | null = null;

  constructor(public tid: number, public process: Process) {}

  /** Guest memory of the task: take views from it each time, they change when memory grows. */
  get memory(): GuestMemory {
    return this.process.space.machine.memory;
  }

  /** Makes a blocked task runnable and takes it off its queues. */
  wake(): void {
    this.leaveQueues();
    if (this.state === TASK_BLOCKED) {
      this.state = TASK_RUNNABLE;
      this.process.kernel.enqueue(this);
    }
  }

  /**
   * Makes a blocked task runnable that stays on its queues: a wake-up that comes before it has run is its own, and not lost.
   * For calls whose wake-ups are counted out to waiters (futexes); the handler leaves the queues when it runs again.
   */
  wakeToLook(): void {
    if (this.state !== TASK_BLOCKED) return;
    this.state = TASK_RUNNABLE;
    this.process.kernel.enqueue(this);
  }

  /** The deadline has passed (called through kernel.timers). */
  expire(_k: Kernel): void {
    this.deadlineNs = Infinity;
    this.wokenByTimeout = true;
    this.wake();
  }

  /** Forgets what the task waits for, without making it runnable. */
  leaveQueues(): void {
    for (const q of this.waitingOn) q.remove(this);
    this.waitingOn.length = 0;
    if (this.deadlineNs !== Infinity) {
      this.process.kernel.timers.disarm(this);
      this.deadlineNs = Infinity;
    }
  }
}
