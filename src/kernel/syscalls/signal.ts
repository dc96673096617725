import { CAP_KILL } from "../abi/capability.ts";
import { EAGAIN, EFAULT, EINVAL, EPERM, ESRCH } from "../abi/errno.ts";
import * as signal from "../abi/signal.ts";
import {
  SYS_kill,
  SYS_pause,
  SYS_rt_sigaction,
  SYS_rt_sigpending,
  SYS_rt_sigprocmask,
  SYS_rt_sigqueueinfo,
  SYS_rt_sigreturn,
  SYS_rt_sigsuspend,
  SYS_rt_sigtimedwait,
  SYS_rt_tgsigqueueinfo,
  SYS_sigaltstack,
  SYS_tgkill,
  SYS_tkill,
} from "../abi/syscall_numbers.ts";
import type { Kernel } from "../kernel.ts";
import { reviewChecks } from "../memory/withdrawn.ts";
import { loadU32, loadU64, readableRange, storeU32, storeU64, writableRange } from "../memory/user_memory.ts";
import { blockOnOne, parkUntil } from "../task/block.ts";
import { exitProcess } from "../task/exit.ts";
import type { Process } from "../task/process.ts";
import { loadSiginfo, storeSiginfo } from "../task/siginfo.ts";
import { makeSignal, type Signal } from "../task/signal.ts";
import { altStackFlags, popSignalFrame, setAltStack } from "../task/signal_frame.ts";
import {
  dropPending,
  isIgnored,
  pendingMask,
  sendToProcess,
  sendToTask,
  setSignalMask,
  setTemporarySignalMask,
  takeSignal,
} from "../task/signals.ts";
import { deadlineAfter } from "../task/timespec.ts";
import type { Task } from "../task/task.ts";
import { killedStatus } from "../abi/wait.ts";
import { NO_RESULT } from "../wait_queue.ts";
import { full, type SyscallRow } from "./support.ts";

/** struct sigaction of the kernel: handler, flags, restorer, mask. */
const SIGACTION_BYTES = 32;
const SIGSET_BYTES = 8;
const STACK_T_BYTES = 24;

function sysRtSigaction(k: Kernel, t: Task, n: number, act: number, oldAct: number, size: number): number {
  if (size !== SIGSET_BYTES || n < 1 || n > 64) return -EINVAL;
  const isFixed = n === signal.SIGKILL || n === signal.SIGSTOP;
  if (act !== 0 && isFixed) return -EINVAL;
  const h = t.process.signalHandlers;
  const from = act === 0 ? 0 : readableRange(t, act, SIGACTION_BYTES);
  const to = oldAct === 0 ? 0 : writableRange(t, oldAct, SIGACTION_BYTES);
  if (from < 0) return from;
  if (to < 0) return to;
  const m = t.memory;
  // Read before writing: both may be the same structure.
  const handler = loadU32(m, from), flags = loadU32(m, from + 8), restorer = loadU32(m, from + 16);
  const low = loadU32(m, from + 24), high = loadU32(m, from + 28);
  if (oldAct !== 0) {
    storeU64(m, to, h.handler[n]);
    storeU64(m, to + 8, h.flags[n]);
    storeU64(m, to + 16, h.restorer[n]);
    storeU32(m, to + 24, h.maskLow[n]);
    storeU32(m, to + 28, h.maskHigh[n]);
  }
  if (act === 0) return 0;
  h.handler[n] = handler;
  h.flags[n] = flags & signal.SA_KNOWN;
  h.restorer[n] = restorer;
  h.maskLow[n] = low & ~((1 << (signal.SIGKILL - 1)) | (1 << (signal.SIGSTOP - 1)));
  h.maskHigh[n] = high;
  // POSIX: setting a signal to be ignored throws pending ones away, blocked or not.
  if (isIgnored(t.process, n)) dropPending(t.process, (pending) => pending === n);
  if (n === signal.SIGSEGV) reviewChecks(k, t.process);
  return 0;
}

function sysRtSigprocmask(_k: Kernel, t: Task, how: number, set: number, oldSet: number, size: number): number {
  if (size !== SIGSET_BYTES) return -EINVAL;
  const oldLow = t.signalMask[0], oldHigh = t.signalMask[1];
  if (set !== 0) {
    const at = readableRange(t, set, SIGSET_BYTES);
    if (at < 0) return at;
    const low = loadU32(t.memory, at), high = loadU32(t.memory, at + 4);
    if (how === signal.SIG_BLOCK) setSignalMask(t, oldLow | low, oldHigh | high);
    else if (how === signal.SIG_UNBLOCK) setSignalMask(t, oldLow & ~low, oldHigh & ~high);
    else if (how === signal.SIG_SETMASK) setSignalMask(t, low, high);
    else return -EINVAL;
  }
  return oldSet === 0 ? 0 : writeMask(t, oldSet, oldLow, oldHigh);
}

function writeMask(t: Task, pointer: number, low: number, high: number): number {
  const at = writableRange(t, pointer, SIGSET_BYTES);
  if (at < 0) return at;
  storeU32(t.memory, at, low >>> 0);
  storeU32(t.memory, at + 4, high >>> 0);
  return 0;
}

function sysRtSigpending(_k: Kernel, t: Task, set: number, size: number): number {
  if (size > SIGSET_BYTES) return -EINVAL;
  const [low, high] = pendingMask(t);
  return writeMask(t, set, low & t.signalMask[0], high & t.signalMask[1]);
}

function sysRtSigsuspend(_k: Kernel, t: Task, set: number, size: number): number {
  if (size !== SIGSET_BYTES) return -EINVAL;
  const at = readableRange(t, set, SIGSET_BYTES);
  if (at < 0) return at;
  setTemporarySignalMask(t, loadU32(t.memory, at), loadU32(t.memory, at + 4));
  return parkUntil(t, Infinity);
}

function sysPause(_k: Kernel, t: Task): number {
  return parkUntil(t, Infinity);
}

interface SigtimedwaitState {
  deadlineNs: number;
}

function sysRtSigtimedwait(k: Kernel, t: Task, set: number, info: number, timeout: number, size: number): number {
  if (size !== SIGSET_BYTES) return -EINVAL;
  const at = readableRange(t, set, SIGSET_BYTES);
  if (at < 0) return at;
  const low = loadU32(t.memory, at), high = loadU32(t.memory, at + 4);
  const taken = takeSignal(t, (n) => n <= 32 ? (low & (1 << (n - 1))) !== 0 : (high & (1 << (n - 33))) !== 0);
  if (taken !== null) {
    if (info !== 0) {
      const to = writableRange(t, info, signal.SIGINFO_BYTES);
      if (to < 0) return to;
      storeSiginfo(t.memory, to, taken);
    }
    return taken.number;
  }
  let state = t.restart as SigtimedwaitState | null;
  if (state === null) {
    const deadlineNs = deadlineAfter(k, t, timeout);
    if (deadlineNs < 0) return deadlineNs;
    t.restart = state = { deadlineNs };
  }
  if (t.wokenByTimeout || k.clock.monotonicNs() >= state.deadlineNs) return -EAGAIN;
  return blockOnOne(t, t.process.signalArrivals, state.deadlineNs);
}

function sysRtSigreturn(k: Kernel, t: Task): number {
  if (popSignalFrame(t) < 0) {
    // Linux forces SIGSEGV; with a stack that broken, no handler would get anywhere.
    exitProcess(k, t.process, killedStatus(signal.SIGSEGV));
  }
  return NO_RESULT;
}

function sysSigaltstack(_k: Kernel, t: Task, stack: number, oldStack: number): number {
  const m = t.memory;
  const from = stack === 0 ? 0 : readableRange(t, stack, STACK_T_BYTES);
  if (from < 0) return from;
  const address = loadU64(m, from), flags = loadU32(m, from + 8), size = loadU64(m, from + 16);
  if (oldStack !== 0) {
    const to = writableRange(t, oldStack, STACK_T_BYTES);
    if (to < 0) return to;
    storeU64(m, to, t.altStack.address);
    storeU32(m, to + 8, altStackFlags(t));
    storeU32(m, to + 12, 0);
    storeU64(m, to + 16, t.altStack.size);
  }
  return stack === 0 ? 0 : setAltStack(t, address, size, flags);
}

/** May the task signal the process? (kill(2)) */
function maySignal(t: Task, target: Process, n: number): boolean {
  const me = t.process.credentials, you = target.credentials;
  if (me.can(CAP_KILL)) return true;
  if (me.euid === you.suid || me.euid === you.uid || me.uid === you.suid || me.uid === you.uid) return true;
  return n === signal.SIGCONT && t.process.sid === target.sid;
}

/** What kill, tgkill and their like send. */
export function userSignal(t: Task, n: number, code: number): Signal {
  return makeSignal(n, code, { pid: t.process.pid, uid: t.process.credentials.uid });
}

function sysKill(k: Kernel, t: Task, pid: number, n: number): number {
  if (n < 0 || n > 64) return -EINVAL;
  if (pid > 0) {
    const target = k.processes.get(pid);
    return target === undefined ? -ESRCH : killProcess(t, target, n, userSignal(t, n, signal.SI_USER));
  }
  if (pid === -0x80000000) return -ESRCH;
  const pgid = pid === 0 ? t.process.pgid : -pid;
  let found = 0, sent = 0;
  for (const target of [...k.processes.values()]) {
    // Everybody but the first process and oneself, or the members of a group.
    const isMeant = pid === -1 ? target.pid !== 1 && target !== t.process : target.pgid === pgid;
    if (!isMeant) continue;
    found++;
    if (killProcess(t, target, n, userSignal(t, n, signal.SI_USER)) === 0) sent++;
  }
  return found === 0 ? -ESRCH : sent === 0 ? -EPERM : 0;
}

/** Sends to a process if the task may; 0 asks only that. */
export function killProcess(t: Task, target: Process, n: number, s: Signal): number {
  if (!maySignal(t, target, n)) return -EPERM;
  return n === 0 || isShielded(t, target, n) ? 0 : sendToProcess(target, s);
}

/** Others reach the first process of a container only with signals that it handles (pid_namespaces(7)). */
function isShielded(t: Task, target: Process, n: number): boolean {
  return target.pid === 1 && target !== t.process && target.signalHandlers.handler[n] === signal.SIG_DFL;
}

function sysTkill(k: Kernel, t: Task, tid: number, n: number): number {
  return tid <= 0 ? -EINVAL : killTask(k, t, -1, tid, n, userSignal(t, n, signal.SI_TKILL));
}

function sysTgkill(k: Kernel, t: Task, pid: number, tid: number, n: number): number {
  return tid <= 0 || pid <= 0 ? -EINVAL : killTask(k, t, pid, tid, n, userSignal(t, n, signal.SI_TKILL));
}

function killTask(k: Kernel, t: Task, pid: number, tid: number, n: number, s: Signal): number {
  if (n < 0 || n > 64) return -EINVAL;
  const target = k.tasks.get(tid);
  if (target === undefined || (pid !== -1 && target.process.pid !== pid)) return -ESRCH;
  if (!maySignal(t, target.process, n)) return -EPERM;
  return n === 0 || isShielded(t, target.process, n) ? 0 : sendToTask(target, s);
}

/** A siginfo from user space may not pretend to come from the kernel, or from kill (rt_sigqueueinfo(2)). */
export function readQueued(t: Task, info: number, n: number, isOwn: boolean): Signal | number {
  const at = readableRange(t, info, signal.SIGINFO_BYTES);
  if (at < 0) return -EFAULT;
  const s = loadSiginfo(t.memory, at, n);
  return (s.code >= 0 || s.code === signal.SI_TKILL) && !isOwn ? -EPERM : s;
}

function sysRtSigqueueinfo(k: Kernel, t: Task, pid: number, n: number, info: number): number {
  if (n < 0 || n > 64) return -EINVAL;
  const s = readQueued(t, info, n, pid === t.process.pid);
  if (typeof s === "number") return s;
  const target = k.processes.get(pid);
  return target === undefined ? -ESRCH : killProcess(t, target, n, s);
}

function sysRtTgsigqueueinfo(k: Kernel, t: Task, pid: number, tid: number, n: number, info: number): number {
  if (pid <= 0 || tid <= 0) return -EINVAL;
  const s = readQueued(t, info, n, pid === t.process.pid);
  return typeof s === "number" ? s : killTask(k, t, pid, tid, n, s);
}

export const signalRows: readonly (readonly [number, SyscallRow])[] = [
  [SYS_rt_sigaction, full("rt_sigaction", sysRtSigaction, ["signal:signal", "act", "oldact", "size:int"])],
  [SYS_rt_sigprocmask, full("rt_sigprocmask", sysRtSigprocmask, ["how:int", "set", "oldset", "size:int"])],
  [SYS_rt_sigpending, full("rt_sigpending", sysRtSigpending, ["set", "size:int"])],
  [SYS_rt_sigsuspend, full("rt_sigsuspend", sysRtSigsuspend, ["mask", "size:int"])],
  [SYS_pause, full("pause", sysPause)],
  [SYS_rt_sigtimedwait, full("rt_sigtimedwait", sysRtSigtimedwait, ["set", "info", "timeout", "size:int"])],
  [SYS_rt_sigreturn, full("rt_sigreturn", sysRtSigreturn)],
  [SYS_sigaltstack, full("sigaltstack", sysSigaltstack, ["ss", "old_ss"])],
  [SYS_kill, full("kill", sysKill, ["pid:int", "signal:signal"])],
  [SYS_tkill, full("tkill", sysTkill, ["tid:int", "signal:signal"])],
  [SYS_tgkill, full("tgkill", sysTgkill, ["pid:int", "tid:int", "signal:signal"])],
  [SYS_rt_sigqueueinfo, full("rt_sigqueueinfo", sysRtSigqueueinfo, ["pid:int", "signal:signal", "info"])],
  [
    SYS_rt_tgsigqueueinfo,
    full("rt_tgsigqueueinfo", sysRtTgsigqueueinfo, ["pid:int", "tid:int", "signal:signal", "info"]),
  ],
];
