import { EAGAIN } from "../abi/errno.ts";
import { RLIMIT_SIGPENDING } from "../abi/resource.ts";
import {
  defaultAction,
  SI_TIMER,
  SI_USER,
  SIG_DFL,
  SIG_IGN,
  SIGBUS,
  SIGCHLD,
  SIGCONT,
  SIGFPE,
  SIGILL,
  SIGKILL,
  SIGRTMIN,
  SIGSEGV,
  SIGSTOP,
  SIGSYS,
  SIGTRAP,
  SIGTSTP,
  SIGTTIN,
  SIGTTOU,
} from "../abi/signal.ts";
import { SYS_futex } from "../abi/syscall_numbers.ts";

import type { Process } from "./process.ts";
import type { Signal } from "./signal.ts";
import { continueProcess } from "./stop.ts";
import { type Task, TASK_BLOCKED } from "./task.ts";

/**
 * Sending signals, and the masks that hold them back (signal(7)). Delivery is in signal_delivery.ts.
 *
 * task.signalDeliverable is true whenever a pending signal is not blocked; it may be true once too often (another thread
 * took the signal), never false wrongly. Everything that changes masks or queues here keeps it so.
 */

/** Whether a mask [low, high] contains the signal. */
export function maskHas(mask: Uint32Array, signal: number): boolean {
  return signal <= 32 ? (mask[0] & (1 << (signal - 1))) !== 0 : (mask[1] & (1 << (signal - 33))) !== 0;
}

/** Looks anew whether a signal can be delivered, and keeps the flag. */
export function hasDeliverableSignal(t: Task): boolean {
  t.signalDeliverable = anyOutside(t.pendingSignals, t.signalMask) ||
    anyOutside(t.process.pendingSignals, t.signalMask);
  return t.signalDeliverable;
}

function anyOutside(pending: readonly Signal[], mask: Uint32Array): boolean {
  for (const s of pending) if (!maskHas(mask, s.number)) return true;
  return false;
}

/** Replaces the blocked set. SIGKILL and SIGSTOP cannot be blocked. */
export function setSignalMask(t: Task, low: number, high: number): void {
  t.signalMask[0] = low & ~((1 << (SIGKILL - 1)) | (1 << (SIGSTOP - 1)));
  t.signalMask[1] = high;
  hasDeliverableSignal(t);
}

/** The mask of ppoll, pselect, epoll_pwait, sigsuspend: in force until the call ends. Harmless when the call is tried again. */
export function setTemporarySignalMask(t: Task, low: number, high: number): void {
  if (t.savedSignalMask !== null) return;
  t.savedSignalMask = t.signalMask.slice();
  setSignalMask(t, low, high);
}

/** Ends setTemporarySignalMask. */
export function restoreSignalMask(t: Task): void {
  const saved = t.savedSignalMask;
  if (saved === null) return;
  t.savedSignalMask = null;
  setSignalMask(t, saved[0], saved[1]);
}

/** Sends to one thread (tgkill). 0 or -EAGAIN. */
export function sendToTask(t: Task, signal: Signal): number {
  if (!prepare(t.process, t, signal.number)) return 0;
  const queued = enqueueSignal(t.process, t.pendingSignals, signal);
  if (queued === 0) notify(t, signal.number);
  return queued;
}

/** Sends to a process: any thread that does not block it takes it. 0 or -EAGAIN. */
export function sendToProcess(p: Process, signal: Signal): number {
  const main = p.tasks[0];
  if (main === undefined || !prepare(p, main, signal.number)) return 0;
  const queued = enqueueSignal(p, p.pendingSignals, signal);
  if (queued !== 0) return queued;
  p.signalArrivals.wake();
  let taker: Task | null = null;
  for (const t of p.tasks) {
    if (maskHas(t.signalMask, signal.number)) continue;
    t.signalDeliverable = true;
    taker ??= t;
  }
  if (taker !== null) interruptTask(taker);
  return 0;
}

/** Job-control effects that happen at sending, and whether the signal is to be queued at all. */
function prepare(p: Process, t: Task, signal: number): boolean {
  if (p.zombie || p.exiting) return false;
  if (signal === SIGCONT) {
    dropPending(p, isStopSignal);
    continueProcess(p);
  } else if (isStopSignal(signal)) {
    dropPending(p, (n) => n === SIGCONT);
  } else if (signal === SIGKILL) {
    continueProcess(p);
  }
  return !(isIgnored(p, signal) && !maskHas(t.signalMask, signal));
}

function isStopSignal(signal: number): boolean {
  return signal === SIGSTOP || signal === SIGTSTP || signal === SIGTTIN || signal === SIGTTOU;
}

/** True if delivering would do nothing. */
export function isIgnored(p: Process, signal: number): boolean {
  const handler = p.signalHandlers.handler[signal];
  return handler === SIG_IGN || (handler === SIG_DFL && defaultAction(signal) === "ignore");
}

/** Removes pending signals that the predicate names, from the process and all its threads. */
export function dropPending(p: Process, which: (signal: number) => boolean): void {
  removeWhere(p.pendingSignals, which);
  for (const t of p.tasks) {
    removeWhere(t.pendingSignals, which);
    hasDeliverableSignal(t);
  }
}

function removeWhere(pending: Signal[], which: (signal: number) => boolean): void {
  for (let i = pending.length - 1; i >= 0; i--) if (which(pending[i].number)) pending.splice(i, 1);
}

function enqueueSignal(p: Process, pending: Signal[], signal: Signal): number {
  // Standard signals do not queue: one pending instance is all there is.
  if (signal.number < SIGRTMIN) {
    if (pending.some((s) => s.number === signal.number)) return 0;
  } else if (pending.length >= p.limits.soft[RLIMIT_SIGPENDING]) {
    // kill(2) may not fail for want of room: it comes once, and without a sender.
    if (signal.code !== SI_USER) return -EAGAIN;
    if (pending.some((s) => s.number === signal.number)) return 0;
    signal.pid = signal.uid = 0;
  }
  pending.push(signal);
  return 0;
}

function notify(t: Task, signal: number): void {
  t.process.signalArrivals.wake();
  if (maskHas(t.signalMask, signal)) return;
  t.signalDeliverable = true;
  interruptTask(t);
}

/** A blocked task looks at its signals before it sleeps on. */
function interruptTask(t: Task): void {
  if (t.state !== TASK_BLOCKED) return;
  // Another thread may take the signal first, and then this one waits on.
  if (t.inSyscall === SYS_futex) t.wakeToLook();
  else t.wake();
}

/**
 * Takes a pending signal out of the queues: faults, then the lowest number first, the thread's own before the process's, as
 * Linux does. `wanted` says which numbers may be taken (delivery: those not blocked; sigtimedwait, signalfd: those of the set).
 */
export function takeSignal(t: Task, wanted: (signal: number) => boolean): Signal | null {
  const signal = takeFrom(t.pendingSignals, wanted) ?? takeFrom(t.process.pendingSignals, wanted);
  for (const other of t.process.tasks) if (other.signalDeliverable) hasDeliverableSignal(other);
  if (signal !== null && signal.code === SI_TIMER) {
    const timer = t.process.timers.posix[signal.timerId];
    if (timer) timer.overrun = signal.overrun;
  }
  return signal;
}

/** What an instruction can cause comes first, whoever sent it (SYNCHRONOUS_MASK in kernel/signal.c). */
function rank(signal: number): number {
  switch (signal) {
    case SIGILL:
    case SIGTRAP:
    case SIGBUS:
    case SIGFPE:
    case SIGSEGV:
    case SIGSYS:
      return signal - 64;
    default:
      return signal;
  }
}

function takeFrom(pending: Signal[], wanted: (signal: number) => boolean): Signal | null {
  let best = -1;
  for (let i = 0; i < pending.length; i++) {
    if (wanted(pending[i].number) && (best < 0 || rank(pending[i].number) < rank(pending[best].number))) best = i;
  }
  return best < 0 ? null : pending.splice(best, 1)[0];
}

export function isPending(t: Task, signal: number): boolean {
  return t.pendingSignals.some((s) => s.number === signal) || t.process.pendingSignals.some((s) => s.number === signal);
}

/** Pending signals of the task and its process, as mask halves. */
export function pendingMask(t: Task): [number, number] {
  let low = 0, high = 0;
  for (const list of [t.pendingSignals, t.process.pendingSignals]) {
    for (const s of list) {
      if (s.number <= 32) low |= 1 << (s.number - 1);
      else high |= 1 << (s.number - 33);
    }
  }
  return [low, high];
}

/** True if the parent wants no zombies: SIGCHLD ignored (wait(2), NOTES) or SA_NOCLDWAIT, which the caller checks. */
export function ignoresChildren(p: Process): boolean {
  return p.signalHandlers.handler[SIGCHLD] === SIG_IGN;
}
