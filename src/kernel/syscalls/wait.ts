import { EAGAIN, EBADF, ECHILD, EINVAL, ESRCH } from "../abi/errno.ts";
import { O_NONBLOCK } from "../abi/fcntl.ts";
import { CLD_CONTINUED, CLD_EXITED, CLD_KILLED, CLD_STOPPED, SIGCHLD, SIGCONT, SIGINFO_BYTES } from "../abi/signal.ts";
import { SYS_wait4, SYS_waitid } from "../abi/syscall_numbers.ts";
import {
  CONTINUED_STATUS,
  P_ALL,
  P_PGID,
  P_PID,
  P_PIDFD,
  stoppedStatus,
  WALL,
  WCLONE,
  WCONTINUED,
  WEXITED,
  WNOHANG,
  WNOTHREAD,
  WNOWAIT,
  WSTOPPED,
  WUNTRACED,
} from "../abi/wait.ts";
import { PidFd } from "../fs/pidfd.ts";
import type { Kernel } from "../kernel.ts";
import { storeU32, writableRange, writeU32 } from "../memory/user_memory.ts";
import { blockOnOne } from "../task/block.ts";
import { reap } from "../task/exit.ts";
import type { Process } from "../task/process.ts";
import { RUSAGE_BYTES, storeRusage } from "../task/rusage.ts";
import { CHILD_CONTINUED, CHILD_STOPPED } from "../task/stop.ts";
import type { Task } from "../task/task.ts";
import { BLOCKED } from "../wait_queue.ts";
import { full, type SyscallRow } from "./support.ts";

/** Which children, and which of their changes (W flags). */
interface Wanted {
  matches(child: Process): boolean;
  options: number;
}

/** A child with something to report, and what to call it: CLD_ code, status for siginfo, wait status word. */
interface Report {
  child: Process;
  code: number;
  status: number;
  word: number;
}

/** A report, null if children match but none has changed, or -ECHILD. */
function findReport(parent: Process, wanted: Wanted): Report | null | number {
  let candidates = 0;
  for (const child of parent.children) {
    if (!wanted.matches(child)) continue;
    // A zombie that is not asked for will not do anything else any more.
    if (child.zombie && !(wanted.options & WEXITED)) continue;
    candidates++;
    const report = reportOf(child, wanted.options);
    if (report !== null) return report;
  }
  return candidates === 0 ? -ECHILD : null;
}

function reportOf(child: Process, options: number): Report | null {
  if (child.zombie) {
    const word = child.exitStatus, signal = word & 0x7f;
    const code = signal === 0 ? CLD_EXITED : CLD_KILLED;
    return { child, code, status: signal === 0 ? word >> 8 : signal, word };
  }
  if (options & WSTOPPED && child.stateChanges & CHILD_STOPPED) {
    return { child, code: CLD_STOPPED, status: child.stopSignal, word: stoppedStatus(child.stopSignal) };
  }
  if (options & WCONTINUED && child.stateChanges & CHILD_CONTINUED) {
    return { child, code: CLD_CONTINUED, status: SIGCONT, word: CONTINUED_STATUS };
  }
  return null;
}

function consume(k: Kernel, r: Report): void {
  if (r.child.zombie) reap(k, r.child);
  else r.child.stateChanges = 0;
}

function matchesPid(p: Process, pid: number): (child: Process) => boolean {
  if (pid === -1) return () => true;
  if (pid > 0) return (child) => child.pid === pid;
  const pgid = pid === 0 ? p.pgid : -pid;
  return (child) => child.pgid === pgid;
}

/** __WCLONE wants children that report with something other than SIGCHLD; __WALL wants all. */
function kindMatches(child: Process, options: number): boolean {
  return (options & WALL) !== 0 || ((options & WCLONE) !== 0) === (child.exitSignal !== SIGCHLD);
}

function sysWait4(k: Kernel, t: Task, pid: number, status: number, options: number, rusage: number): number {
  if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WALL | WCLONE)) return -EINVAL;
  if (pid === -0x80000000) return -ESRCH;
  const byPid = matchesPid(t.process, pid);
  const report = findReport(t.process, {
    matches: (child) => byPid(child) && kindMatches(child, options),
    options: options | WEXITED,
  });
  if (typeof report === "number") return report;
  if (report === null) return options & WNOHANG ? 0 : blockOnOne(t, t.process.childEvents);
  if (status !== 0) {
    const error = writeU32(t, status, report.word);
    if (error < 0) return error;
  }
  if (rusage !== 0) {
    const at = writableRange(t, rusage, RUSAGE_BYTES);
    if (at < 0) return at;
    storeRusage(t.memory, at, report.child.cpuNs + report.child.childrenCpuNs);
  }
  consume(k, report);
  return report.child.pid;
}

function sysWaitid(
  k: Kernel,
  t: Task,
  idType: number,
  id: number,
  info: number,
  options: number,
  rusage: number,
): number {
  const result = waitById(k, t, idType, id, info, options, rusage);
  // Linux tells of no child when the call fails, too.
  const at = result < 0 && result !== BLOCKED && info !== 0 ? writableRange(t, info, SIGINFO_BYTES) : -1;
  if (at >= 0) storeReport(t, at, null);
  return result;
}

function waitById(
  k: Kernel,
  t: Task,
  idType: number,
  id: number,
  info: number,
  options: number,
  rusage: number,
): number {
  if (options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | WNOTHREAD | WALL | WCLONE)) return -EINVAL;
  if (!(options & (WEXITED | WSTOPPED | WCONTINUED))) return -EINVAL;
  let byId: (child: Process) => boolean;
  let isNonblocking = false;
  if (idType === P_ALL) byId = () => true;
  else if (idType === P_PID && id > 0) byId = (child) => child.pid === id;
  else if (idType === P_PGID && id >= 0) byId = matchesPid(t.process, id === 0 ? 0 : -id);
  else if (idType === P_PIDFD && id >= 0) {
    const d = t.process.fds.get(id);
    if (!(d instanceof PidFd)) return -EBADF;
    isNonblocking = (d.statusFlags & O_NONBLOCK) !== 0;
    byId = (child) => child === d.process;
  } else return -EINVAL;
  const report = findReport(t.process, { matches: (c) => byId(c) && kindMatches(c, options), options });
  if (typeof report === "number") return report;
  if (report === null && !(options & WNOHANG)) {
    return isNonblocking ? -EAGAIN : blockOnOne(t, t.process.childEvents);
  }
  if (info !== 0) {
    const at = writableRange(t, info, SIGINFO_BYTES);
    if (at < 0) return at;
    storeReport(t, at, report);
  }
  if (report === null) return 0;
  if (rusage !== 0) {
    const at = writableRange(t, rusage, RUSAGE_BYTES);
    if (at < 0) return at;
    storeRusage(t.memory, at, report.child.cpuNs + report.child.childrenCpuNs);
  }
  if (!(options & WNOWAIT)) consume(k, report);
  return 0;
}

/** The siginfo_t members waitid fills; all zero when no child has changed. */
function storeReport(t: Task, at: number, r: Report | null): void {
  const m = t.memory;
  storeU32(m, at, r === null ? 0 : SIGCHLD);
  storeU32(m, at + 4, 0);
  storeU32(m, at + 8, r?.code ?? 0);
  storeU32(m, at + 16, r?.child.pid ?? 0);
  storeU32(m, at + 20, r?.child.credentials.uid ?? 0);
  storeU32(m, at + 24, r?.status ?? 0);
}

export const waitRows: readonly (readonly [number, SyscallRow])[] = [
  [SYS_wait4, full("wait4", sysWait4, ["pid:int", "status", "options", "rusage"])],
  [SYS_waitid, full("waitid", sysWaitid, ["idtype:int", "id:int", "info", "options", "rusage"])],
];
