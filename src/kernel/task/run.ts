import {
  STATE_AWAITED,
  STATE_BYTES,
  STATE_FUEL,
  STOP_CODE_AWAITED,
  STOP_SYSCALL,
  STOP_YIELD,
} from "../../machine/state.ts";
import type { Kernel } from "../kernel.ts";
import { enterSpace } from "../memory/shared_pages.ts";
import { retrySyscall } from "../syscalls/dispatch.ts";
import { blockOnOne } from "./block.ts";
import { expireCpuTimers } from "./cpu_timers.ts";
import { deliverFault } from "./faults.ts";
import { deliverSignals } from "./signal_delivery.ts";
import { type Task, TASK_RUNNABLE, TASK_STOPPED } from "./task.ts";

/** Why Kernel.run came back: nobody can run; the time slice is over; the first process has ended. */
export type RunOutcome = "idle" | "busy" | "exited";

/**
 * Loop iterations between questions whether another task wants the CPU. Small while code is new, because leaving a loop is
 * also what lets V8 replace its baseline code.
 */
const FUEL = 100_000;

/** System calls between questions: a loop of calls uses little fuel, and much time. */
const SYSCALLS_BETWEEN_QUESTIONS = 64;

/** How long a task that makes system calls keeps the CPU from others. To change processes may cost a tenth of that. */
const QUANTUM_NS = 1_000_000;

/** The same where the host's clock stands still while code runs. */
const QUESTIONS_IN_QUANTUM = 64;

/** Returns of the machine to the kernel between such questions. */
const STEPS_BETWEEN_QUESTIONS = 64;

/**
 * The scheduler: round robin over the run queue. A task keeps the CPU until it blocks, exits, stops, or its fuel runs out
 * while somebody else is waiting. Nothing here awaits.
 */
export function runTasks(k: Kernel, sliceNs: number): RunOutcome {
  k.sliceEndNs = sliceNs === Infinity ? Infinity : k.clock.monotonicNs() + sliceNs;
  for (;;) {
    if (k.exitStatus !== null) return "exited";
    if (k.timers.nextDeadlineNs() !== Infinity) k.timers.expire(k, k.clock.monotonicNs());
    const t = k.runQueue.shift();
    if (t === undefined) return "idle";
    if (t.state === TASK_RUNNABLE) {
      runTask(k, t);
      for (let dying; (dying = k.dyingSpaces.pop()) !== undefined;) dying.space.disposeMachine(dying.mapped);
    }
    if (k.runQueue.length > 0 && k.sliceEndNs !== Infinity && k.clock.monotonicNs() >= k.sliceEndNs) return "busy";
  }
}

/** Runs one task until it gives up the CPU. */
function runTask(k: Kernel, t: Task): void {
  k.currentTask = t;
  k.sliceStartNs = k.clock.monotonicNs();
  k.questionsInSlice = 0;
  // Whoever had the CPU before may have been asked to yield in a call that ended its turn anyway.
  k.yieldRequested = false;
  const space = t.process.space;
  if (space.shared.length !== 0) enterSpace(k, space);
  loadRegisters(t);
  for (let steps = 1; t.state === TASK_RUNNABLE && advance(k, t); steps++) {
    // Each step has new fuel: a task that makes many small ones, as by signals to itself, has to be asked here.
    if (steps % STEPS_BETWEEN_QUESTIONS !== 0 || !wantsYield(k) || k.runQueue.length === 0) continue;
    if (t.state === TASK_RUNNABLE) k.enqueue(t);
    break;
  }
  const usedNs = k.clock.monotonicNs() - k.sliceStartNs;
  t.cpuNs += usedNs;
  k.sliceStartNs = k.clock.lastNs;
  // A thread that ended in this slice was added up without it.
  if (!k.tasks.has(t.tid)) t.process.cpuNs += usedNs;
  if (t.process.cpuTimers.length !== 0) expireCpuTimers(k, t.process);
}

/** One step: retry a blocked call, deliver signals, or run code. False when the CPU goes to the next task. */
function advance(k: Kernel, t: Task): boolean {
  if (t.process.stopSignal !== 0) {
    t.state = TASK_STOPPED;
    return false;
  }
  if (t.inSyscall >= 0) retrySyscall(k, t);
  if (t.state !== TASK_RUNNABLE) return false;
  const { machine } = t.process.space;
  if (t.signalDeliverable && machine.memory.i32[STATE_AWAITED / 4] === 0) {
    deliverSignals(k, t);
    return true;
  }
  // A call that a stop and continue left unfinished is tried again, not run past.
  if (t.inSyscall >= 0) return true;
  machine.memory.i32[STATE_FUEL / 4] = FUEL;
  const stop = machine.run();
  if (stop === STOP_SYSCALL && !k.yieldRequested) return true;
  if (stop === STOP_CODE_AWAITED) {
    blockOnOne(t, k.vfs.arrivals.queue);
    return false;
  }
  if (stop !== STOP_YIELD && stop !== STOP_SYSCALL) {
    deliverFault(k, t, stop);
    return true;
  }
  k.yieldRequested = false;
  if (t.signalDeliverable || t.state !== TASK_RUNNABLE) return true;
  k.enqueue(t);
  return false;
}

/** The current task has made its share of system calls: timers that are due act, and somebody else may want the CPU. */
export function questionAfterSyscalls(k: Kernel): void {
  k.syscallsToQuestion = SYSCALLS_BETWEEN_QUESTIONS;
  const p = k.currentTask.process, now = k.clock.monotonicNs();
  if (k.timers.nextDeadlineNs() <= now) k.timers.expire(k, now);
  if (p.cpuTimers.length !== 0) expireCpuTimers(k, p);
  const isLong = now - k.sliceStartNs >= QUANTUM_NS || ++k.questionsInSlice >= QUESTIONS_IN_QUANTUM;
  if (now >= k.sliceEndNs || (isLong && k.runQueue.length > 0)) k.yieldRequested = true;
}

/** Makes the state block of the task's memory hold its registers; whoever was there before is put away. */
export function loadRegisters(t: Task): void {
  const space = t.process.space, loaded = space.loadedTask;
  if (loaded === t) return;
  const u8 = space.machine.memory.u8;
  if (loaded !== null) loaded.registers.set(u8.subarray(0, STATE_BYTES));
  u8.set(t.registers);
  space.loadedTask = t;
}

/** MachineClient.wantsYield: fuel has run out. */
export function wantsYield(k: Kernel): boolean {
  const t = k.currentTask;
  t.process.space.machine.memory.i32[STATE_FUEL / 4] = FUEL;
  const due = k.timers.nextDeadlineNs();
  if (due !== Infinity || k.sliceEndNs !== Infinity) {
    const now = k.clock.monotonicNs();
    if (due <= now) k.timers.expire(k, now);
    if (now >= k.sliceEndNs) return true;
  }
  if (t.process.cpuTimers.length !== 0) expireCpuTimers(k, t.process);
  return k.runQueue.length > 0 || t.signalDeliverable;
}
