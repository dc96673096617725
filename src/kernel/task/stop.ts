import { CLD_CONTINUED, CLD_STOPPED, SA_NOCLDSTOP, SIG_IGN, SIGCHLD, SIGCONT } from "../abi/signal.ts";
import type { Process } from "./process.ts";
import { makeSignal } from "./signal.ts";
import { sendToProcess } from "./signals.ts";
import { TASK_RUNNABLE, TASK_STOPPED } from "./task.ts";

/** Bits of Process.stateChanges: what wait4 with WUNTRACED or WCONTINUED has not reported yet. */
export const CHILD_STOPPED = 1, CHILD_CONTINUED = 2;

/** Stops all threads: the scheduler parks each when it comes by. */
export function stopProcess(p: Process, signal: number): void {
  if (p.stopSignal !== 0) return;
  p.stopSignal = signal;
  p.stateChanges = CHILD_STOPPED;
  tellParent(p, CLD_STOPPED, signal);
}

/** SIGCONT (or SIGKILL) arrived: the stopped threads run again, whatever becomes of the signal itself. */
export function continueProcess(p: Process): void {
  if (p.stopSignal === 0) return;
  p.stopSignal = 0;
  p.stateChanges = CHILD_CONTINUED;
  for (const t of p.tasks) {
    if (t.state !== TASK_STOPPED) continue;
    t.state = TASK_RUNNABLE;
    p.kernel.enqueue(t);
  }
  tellParent(p, CLD_CONTINUED, SIGCONT);
}

function tellParent(p: Process, code: number, status: number): void {
  const parent = p.parent;
  if (parent === null) return;
  const handlers = parent.signalHandlers;
  if (handlers.handler[SIGCHLD] !== SIG_IGN && !(handlers.flags[SIGCHLD] & SA_NOCLDSTOP)) {
    sendToProcess(parent, makeSignal(SIGCHLD, code, { pid: p.pid, uid: p.credentials.uid, status }));
  }
  parent.childEvents.wake();
}
