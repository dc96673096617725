import { R10, R8, R9, RAX, RDI, RDX, RSI } from "../../machine/state.ts";
import { EINTR, ENOSYS } from "../abi/errno.ts";
import type { Kernel } from "../kernel.ts";
import { hasDeliverableSignal, restoreSignalMask } from "../task/signals.ts";
import { questionAfterSyscalls } from "../task/run.ts";
import { CALL_ALLOWED, filterSyscall } from "../task/seccomp.ts";
import { type Task, TASK_BLOCKED, TASK_RUNNABLE } from "../task/task.ts";
import { BLOCKED, NO_RESULT } from "../wait_queue.ts";
import { sleepsThrough } from "./interrupt.ts";

const W_RAX = RAX * 2, W_RDI = RDI * 2, W_RSI = RSI * 2, W_RDX = RDX * 2, W_R10 = R10 * 2, W_R8 = R8 * 2, W_R9 = R9 * 2;

/** A SYSCALL instruction of the current task. 0: go on at once; else leave the machine (MachineClient.syscall). */
export function dispatchSyscall(k: Kernel): number {
  const t = k.currentTask;
  t.restart = null;
  t.wokenByTimeout = false;
  if (--k.syscallsToQuestion <= 0) questionAfterSyscalls(k);
  const number = t.process.space.machine.memory.i32[W_RAX];
  if (k.tracer !== null) k.tracer.enter(k, t, number);
  if (t.seccomp !== null) {
    const result = filterSyscall(k, t, number);
    if (result !== CALL_ALLOWED) return complete(k, t, number, result);
  }
  return complete(k, t, number, callHandler(k, t, number));
}

/** Runs the syscall in which the task was blocked once more. The task is runnable afterwards, or blocked again. */
export function retrySyscall(k: Kernel, t: Task): void {
  const number = t.inSyscall;
  // It may be waiting since before the tracer was set: since a snapshot, say.
  if (k.tracer !== null) k.tracer.enter(k, t, number);
  complete(k, t, number, callHandler(k, t, number));
}

function callHandler(k: Kernel, t: Task, number: number): number {
  const row = k.syscalls[number];
  if (row === undefined) {
    k.unimplemented.set(number, (k.unimplemented.get(number) ?? 0) + 1);
    return -ENOSYS;
  }
  const r = t.process.space.machine.memory.i32;
  return row.handler(k, t, r[W_RDI], r[W_RSI], r[W_RDX], r[W_R10], r[W_R8], r[W_R9]);
}

function complete(k: Kernel, t: Task, number: number, result: number): number {
  if (result === BLOCKED) {
    t.inSyscall = number;
    t.state = TASK_BLOCKED;
    // The second look after registering: a signal that is already there must not be slept through.
    if (t.signalDeliverable && hasDeliverableSignal(t) && !sleepsThrough(k, t, number)) {
      t.interruptedDeadlineNs = t.deadlineNs;
      t.leaveQueues();
      t.state = TASK_RUNNABLE;
    }
    return 1;
  }
  t.inSyscall = -1;
  if (k.tracer !== null) k.tracer.leave(t, result);
  if (result === NO_RESULT) return 1;
  setResult(t, result);
  // A temporary mask (ppoll) ends with the call, unless a signal it let in is about to be delivered.
  if (t.savedSignalMask !== null && !(result === -EINTR && t.signalDeliverable)) restoreSignalMask(t);
  return t.signalDeliverable || k.yieldRequested || t.state !== TASK_RUNNABLE ? 1 : 0;
}

/** Writes rax. */
export function setResult(t: Task, result: number): void {
  const i32 = t.process.space.machine.memory.i32;
  i32[W_RAX] = result;
  i32[W_RAX + 1] = result >= 0 && result <= 0xffffffff ? 0 : Math.floor(result / 4294967296);
}
