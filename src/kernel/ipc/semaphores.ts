import { EAGAIN, ERANGE } from "../abi/errno.ts";
import { IPC_NOWAIT, SEM_UNDO, SEMVMX } from "../abi/ipc.ts";
import type { Kernel } from "../kernel.ts";
import type { Process } from "../task/process.ts";
import type { Task } from "../task/task.ts";
import { WaitQueue } from "../wait_queue.ts";
import { IpcObject, secondsNow } from "./objects.ts";

/** One of the operations of semop(2). */
export interface SemaphoreOperation {
  readonly index: number;
  readonly change: number;
  readonly flags: number;
}

/** A semop(2) that waits; kept in task.restart. */
export class SemaphoreWait {
  static readonly savedFields: readonly string[] = ["set", "index", "forZero", "deadlineNs"];
  constructor(
    readonly set: SemaphoreSet,
    readonly deadlineNs: number,
    /** Which semaphore it waits for, and whether for zero (GETZCNT) or for more (GETNCNT). */
    public index: number,
    public forZero: boolean,
  ) {}
}

/** Found by SemaphoreSet.tryAll: the operation that has to wait. */
export const MUST_WAIT = -0x20000;

/** A set of semaphores (semget(2)). */
export class SemaphoreSet extends IpcObject {
  static override readonly savedFields: readonly string[] = [
    ...IpcObject.savedFields,
    "values",
    "pids",
    "undo",
    "changed",
    "operatedSeconds",
  ];
  readonly values: Uint16Array;
  /** The last process that operated on each. */
  readonly pids: Int32Array;
  /** SEM_UNDO: what each process's exit adds to each semaphore. */
  private readonly undo: Map<Process, Int32Array> = new Map();
  readonly changed = new WaitQueue();
  /** Time of the last semop; 0: none. */
  operatedSeconds = 0;
  /** Index of the operation at which the last tryAll() stopped. */
  stoppedAt = 0;

  constructor(k: Kernel, t: Task, key: number, mode: number, count: number) {
    super(k, t, key, mode);
    this.values = new Uint16Array(count);
    this.pids = new Int32Array(count);
  }

  afterRestore(): void {
    this.stoppedAt = 0;
  }

  /** All operations or none: 0, MUST_WAIT, -EAGAIN or -ERANGE (perform_atomic_semop). */
  tryAll(k: Kernel, p: Process, operations: readonly SemaphoreOperation[]): number {
    const before = this.values.slice();
    const undone = this.undo.get(p);
    for (let i = 0; i < operations.length; i++) {
      const { index, change, flags } = operations[i];
      const value = this.values[index], next = value + change;
      let failure = 0;
      if ((change === 0 && value !== 0) || next < 0) failure = flags & IPC_NOWAIT ? -EAGAIN : MUST_WAIT;
      else if (next > SEMVMX) failure = -ERANGE;
      else if ((flags & SEM_UNDO) && Math.abs((undone?.[index] ?? 0) - change) > SEMVMX) failure = -ERANGE;
      if (failure !== 0) {
        this.values.set(before);
        this.stoppedAt = i;
        return failure;
      }
      this.values[index] = next;
    }
    for (const { index, change, flags } of operations) {
      this.pids[index] = p.pid;
      if (flags & SEM_UNDO) this.undoOf(p)[index] -= change;
    }
    this.operatedSeconds = secondsNow(k);
    this.changed.wake();
    return 0;
  }

  private undoOf(p: Process): Int32Array {
    let undo = this.undo.get(p);
    if (undo === undefined) this.undo.set(p, undo = new Int32Array(this.values.length));
    return undo;
  }

  /** SETVAL, SETALL: what was to be undone is forgotten. */
  assign(k: Kernel, p: Process, index: number, value: number): void {
    this.values[index] = value;
    this.pids[index] = p.pid;
    for (const undo of this.undo.values()) undo[index] = 0;
    this.changedSeconds = secondsNow(k);
    this.changed.wake();
  }

  /** exit_sem(): results are clipped to the range of values. */
  processEnded(k: Kernel, p: Process): void {
    const undo = this.undo.get(p);
    if (undo === undefined) return;
    this.undo.delete(p);
    undo.forEach((change, i) => {
      if (change === 0) return;
      this.values[i] = Math.max(0, Math.min(SEMVMX, this.values[i] + change));
      this.pids[i] = p.pid;
    });
    this.operatedSeconds = secondsNow(k);
    this.changed.wake();
  }

  /** Tasks that wait for one semaphore: for zero, or for it to grow. */
  waiters(k: Kernel, index: number, forZero: boolean): number {
    let n = 0;
    for (const { restart } of k.tasks.values()) {
      if (restart instanceof SemaphoreWait && restart.set === this && restart.index === index) {
        if (restart.forZero === forZero) n++;
      }
    }
    return n;
  }
}
