import { exitedStatus, killedStatus } from "../abi/wait.ts";
import { CLD_EXITED, CLD_KILLED, SA_NOCLDWAIT, SIGCHLD, SIGKILL } from "../abi/signal.ts";
import type { Kernel } from "../kernel.ts";
import { enterSpace } from "../memory/shared_pages.ts";
import { leaveSpace } from "../memory/space_lifetime.ts";
import { writeU32 } from "../memory/user_memory.ts";
import { futexKey, futexQueues, wakeFutex } from "./futex.ts";
import { releaseOrphanedGroup } from "./orphaned_group.ts";
import { releasePiFutexes } from "./futex_pi.ts";
import type { Process } from "./process.ts";
import { releaseRobustFutexes } from "./robust_futex.ts";
import { makeSignal } from "./signal.ts";
import { ignoresChildren, sendToProcess } from "./signals.ts";
import { type Task, TASK_ZOMBIE } from "./task.ts";

/** Ends one thread (exit(2)); the last one ends the process. */
export function exitTask(k: Kernel, t: Task, code: number): void {
  if (t.state === TASK_ZOMBIE) return;
  const p = t.process, current = k.currentTask?.process.space ?? p.space;
  // Whoever is killed by another writes to its memory out of turn.
  if (p.space !== current && p.space.shared.length !== 0) enterSpace(k, p.space);
  leaveThreadMemory(t);
  if (p.space !== current && current.shared.length !== 0) enterSpace(k, current);
  t.leaveQueues();
  k.dequeue(t);
  t.state = TASK_ZOMBIE;
  t.inSyscall = -1;
  t.signalDeliverable = false;
  if (p.space.loadedTask === t) p.space.loadedTask = null;
  p.cpuNs += t.cpuNs;
  if (t.tid === p.pid && !p.exiting) p.exitStatus = exitedStatus(code);
  p.tasks.splice(p.tasks.indexOf(t), 1);
  k.tasks.delete(t.tid);
  p.nameAtExit = t.name;
  if (p.tasks.length === 0) endProcess(k, p);
}

/** Ends all threads of a process (exit_group(2), a fatal signal). `status` is what wait4 will report. */
export function exitProcess(k: Kernel, p: Process, status: number): void {
  if (p.exiting || p.zombie) return;
  p.exiting = true;
  p.exitStatus = status;
  p.stopSignal = 0;
  for (const t of p.tasks.slice()) exitTask(k, t, 0);
}

/** What a thread leaves in memory it shares: execve and exit both let go of it (mm_release in Linux). */
export function leaveThreadMemory(t: Task): void {
  releasePiFutexes(t);
  releaseRobustFutexes(t);
  t.robustList = 0;
  const address = t.clearChildTid;
  t.clearChildTid = 0;
  // pthread_join waits for this word, so it matters only while somebody shares the memory.
  if (address !== 0 && (t.process.tasks.length > 1 || t.process.space.users > 1)) {
    const { space } = t.process, at = address >>> 0;
    if (writeU32(t, address, 0) === 0) wakeFutex(futexQueues(space, at, 0), futexKey(space, at, 0), 1, 0xffffffff);
  }
}

function endProcess(k: Kernel, p: Process): void {
  p.zombie = true;
  p.ended.wake();
  disarmTimers(k, p);
  if (--p.fds.users === 0) p.fds.closeAll(k);
  leaveSpace(k, p);
  p.pendingSignals.length = 0;
  k.ipc.processEnded(k, p);
  k.terminals.processEnded(k, p);
  for (const child of p.children.slice()) orphan(k, child);
  if (p.parent === null) return endContainer(k, p);
  releaseOrphanedGroup(k, p, null);
  tellParentOfExit(k, p, p.parent);
}

function disarmTimers(k: Kernel, p: Process): void {
  if (p.timers.real !== null) k.timers.disarm(p.timers.real);
  for (const timer of p.timers.posix) if (timer !== null) timer.disarm(k);
  p.timers.real = null;
  p.cpuTimers.length = 0;
  p.timers.posix.length = 0;
}

/** A child whose parent has gone: the nearest subreaper (prctl(2)) or the first process takes it. */
function orphan(k: Kernel, child: Process): void {
  const old = child.parent!;
  old.children.splice(old.children.indexOf(child), 1);
  if (child.parentDeathSignal !== 0) sendToProcess(child, makeSignal(child.parentDeathSignal, 0, { pid: old.pid }));
  let reaper = old.parent;
  while (reaper !== null && reaper.parent !== null && !reaper.childSubreaper) reaper = reaper.parent;
  child.parent = reaper;
  if (reaper === null) return;
  reaper.children.push(child);
  releaseOrphanedGroup(k, child, old);
  child.exitSignal = SIGCHLD;
  if (child.zombie) tellParentOfExit(k, child, reaper);
}

function tellParentOfExit(k: Kernel, p: Process, parent: Process): void {
  const reapedAtOnce = p.exitSignal === SIGCHLD &&
    (ignoresChildren(parent) || (parent.signalHandlers.flags[SIGCHLD] & SA_NOCLDWAIT) !== 0);
  if (reapedAtOnce) reap(k, p);
  if (p.exitSignal !== 0 && !ignoresChildren(parent)) {
    const status = p.exitStatus, signal = status & 0x7f;
    const code = signal === 0 ? CLD_EXITED : CLD_KILLED;
    const told = signal === 0 ? status >> 8 : signal;
    // With another signal than SIGCHLD, si_status is where si_value is.
    const fields = { pid: p.pid, uid: p.credentials.uid, status: told, valueLow: told };
    sendToProcess(parent, makeSignal(p.exitSignal, code, fields));
  }
  parent.childEvents.wake();
}

/** Forgets a zombie: its parent has its status now. */
export function reap(k: Kernel, p: Process): void {
  const parent = p.parent;
  if (parent !== null) {
    parent.childrenCpuNs += p.cpuNs + p.childrenCpuNs;
    parent.children.splice(parent.children.indexOf(p), 1);
  }
  k.processes.delete(p.pid);
  p.ended.wake();
}

/** The first process takes the container with it (pid_namespaces(7)). */
function endContainer(k: Kernel, first: Process): void {
  // The others are without a parent by now, too, and come through here.
  if (k.exitStatus !== null) return;
  k.exitStatus = first.exitStatus;
  for (const p of [...k.processes.values()]) {
    if (p !== first && !p.zombie) exitProcess(k, p, killedStatus(SIGKILL));
  }
}
