import { EINVAL, EPERM, ESRCH } from "../abi/errno.ts";
import { RLIM_INFINITY, RLIMIT_COUNT, RLIMIT_CPU, RLIMIT_NOFILE } from "../abi/resource.ts";
import { SYS_getrlimit, SYS_getrusage, SYS_prlimit64, SYS_setrlimit } from "../abi/syscall_numbers.ts";
import type { Kernel } from "../kernel.ts";
import { loadU32, loadU64, readableRange, storeU32, storeU64, writableRange } from "../memory/user_memory.ts";
import type { GuestMemory } from "../../machine/guest_memory.ts";
import { processCpuNs, taskCpuNs } from "../task/cpu_clock.ts";
import { watchCpuLimit } from "../task/cpu_timers.ts";
import type { Process } from "../task/process.ts";
import { RUSAGE_BYTES, storeRusage } from "../task/rusage.ts";
import type { Task } from "../task/task.ts";
import { full, partial, type SyscallRow } from "./support.ts";

const RLIMIT_BYTES = 16;
/** /proc/sys/fs/nr_open. */
const NR_OPEN = 1048576;
const RUSAGE_SELF = 0, RUSAGE_CHILDREN = -1, RUSAGE_THREAD = 1;

function loadLimit(m: GuestMemory, at: number): number {
  return loadU32(m, at) === 0xffffffff && loadU32(m, at + 4) === 0xffffffff ? RLIM_INFINITY : loadU64(m, at);
}

function storeLimit(m: GuestMemory, at: number, limit: number): void {
  if (limit !== RLIM_INFINITY) return storeU64(m, at, limit);
  storeU32(m, at, 0xffffffff);
  storeU32(m, at + 4, 0xffffffff);
}

/** prlimit64: sets from `newLimit`, then tells the old one, either of which may be NULL. */
function changeLimit(t: Task, p: Process, resource: number, newLimit: number, oldLimit: number): number {
  if (resource < 0 || resource >= RLIMIT_COUNT) return -EINVAL;
  const from = newLimit === 0 ? 0 : readableRange(t, newLimit, RLIMIT_BYTES);
  if (from < 0) return from;
  const to = oldLimit === 0 ? 0 : writableRange(t, oldLimit, RLIMIT_BYTES);
  if (to < 0) return to;
  const { soft, hard } = p.limits;
  const oldSoft = soft[resource], oldHard = hard[resource];
  if (newLimit !== 0) {
    const newSoft = loadLimit(t.memory, from), newHard = loadLimit(t.memory, from + 8);
    if (newSoft > newHard) return -EINVAL;
    if (newHard > oldHard && !t.process.credentials.privileged) return -EPERM;
    if (resource === RLIMIT_NOFILE && newHard > NR_OPEN) return -EPERM;
    p.limits.set(resource, newSoft, newHard);
    if (resource === RLIMIT_CPU) watchCpuLimit(p);
    if (resource === RLIMIT_NOFILE) p.fds.limit = newSoft;
  }
  if (oldLimit !== 0) {
    storeLimit(t.memory, to, oldSoft);
    storeLimit(t.memory, to + 8, oldHard);
  }
  return 0;
}

function sysPrlimit64(k: Kernel, t: Task, pid: number, resource: number, newLimit: number, oldLimit: number): number {
  const p = pid === 0 ? t.process : k.tasks.get(pid)?.process;
  if (p === undefined) return -ESRCH;
  const c = t.process.credentials;
  if (p !== t.process && !c.privileged && c.uid !== p.credentials.uid) return -EPERM;
  return changeLimit(t, p, resource, newLimit, oldLimit);
}

function sysGetrlimit(_k: Kernel, t: Task, resource: number, limit: number): number {
  const at = writableRange(t, limit, RLIMIT_BYTES);
  return at < 0 ? at : changeLimit(t, t.process, resource, 0, limit);
}

function sysSetrlimit(_k: Kernel, t: Task, resource: number, limit: number): number {
  const at = readableRange(t, limit, RLIMIT_BYTES);
  return at < 0 ? at : changeLimit(t, t.process, resource, limit, 0);
}

function sysGetrusage(k: Kernel, t: Task, who: number, usage: number): number {
  const p = t.process;
  let cpuNs: number;
  if (who === RUSAGE_SELF) cpuNs = processCpuNs(k, p);
  else if (who === RUSAGE_THREAD) cpuNs = taskCpuNs(k, t);
  else if (who === RUSAGE_CHILDREN) cpuNs = p.childrenCpuNs;
  else return -EINVAL;
  const at = writableRange(t, usage, RUSAGE_BYTES);
  if (at < 0) return at;
  storeRusage(t.memory, at, cpuNs, who === RUSAGE_CHILDREN ? 0 : t.memory.u8.length / 1024);
  return 0;
}

export const limitRows: readonly (readonly [number, SyscallRow])[] = [
  [
    SYS_prlimit64,
    partial("prlimit64", sysPrlimit64, "CPU, FSIZE, NOFILE, STACK, NPROC and SIGPENDING act, others are kept", [
      "pid:int",
      "resource:int",
      "new",
      "old",
    ]),
  ],
  [SYS_getrlimit, full("getrlimit", sysGetrlimit, ["resource:int", "rlim"])],
  [SYS_setrlimit, partial("setrlimit", sysSetrlimit, "as prlimit64", ["resource:int", "rlim"])],
  [
    SYS_getrusage,
    partial("getrusage", sysGetrusage, "CPU time as user time, memory size as maxrss", [
      "who:int",
      "usage",
    ]),
  ],
];
