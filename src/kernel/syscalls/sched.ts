import { EINVAL, EPERM, ESRCH } from "../abi/errno.ts";
import { SCHED_BATCH, SCHED_FIFO, SCHED_IDLE, SCHED_OTHER, SCHED_RESET_ON_FORK, SCHED_RR } from "../abi/sched.ts";
import * as sys from "../abi/syscall_numbers.ts";
import type { Kernel } from "../kernel.ts";
import { readU32, storeU64, writableRange, writeU32 } from "../memory/user_memory.ts";
import { writeTimespec } from "../task/timespec.ts";
import type { Task } from "../task/task.ts";
import { full, partial, type SyscallRow } from "./support.ts";

/** Bytes of the kernel's CPU mask. */
const MASK_BYTES = 8;

// There is one CPU and no real-time priority; the policy that a thread asks for is kept, and of no effect.

/** Leaves the machine, so that whoever is waiting gets the CPU. */
function sysSchedYield(k: Kernel, _t: Task): number {
  k.yieldRequested = k.runQueue.length > 0;
  return 0;
}

function exists(k: Kernel, pid: number): boolean {
  return pid === 0 || k.tasks.has(pid);
}

function sysSchedGetaffinity(k: Kernel, t: Task, pid: number, size: number, mask: number): number {
  if (size < MASK_BYTES || size % 8 !== 0) return -EINVAL;
  if (!exists(k, pid)) return -ESRCH;
  const at = writableRange(t, mask, MASK_BYTES);
  if (at < 0) return at;
  storeU64(t.memory, at, 1);
  return MASK_BYTES;
}

function sysSchedSetaffinity(k: Kernel, t: Task, pid: number, size: number, mask: number): number {
  if (!exists(k, pid)) return -ESRCH;
  if (size === 0) return -EINVAL;
  const word = readU32(t, mask);
  if (word < 0) return word;
  return word & 1 ? 0 : -EINVAL;
}

function sysSchedGetparam(k: Kernel, t: Task, pid: number, param: number): number {
  if (pid < 0 || param === 0) return -EINVAL;
  return exists(k, pid) ? writeU32(t, param, 0) : -ESRCH;
}

function sysSchedSetparam(k: Kernel, t: Task, pid: number, param: number): number {
  if (pid < 0 || param === 0) return -EINVAL;
  if (!exists(k, pid)) return -ESRCH;
  const priority = readU32(t, param);
  return priority < 0 ? priority : priority === 0 ? 0 : -EINVAL;
}

function sysSchedGetscheduler(k: Kernel, t: Task, pid: number): number {
  if (pid < 0) return -EINVAL;
  const task = pid === 0 ? t : k.tasks.get(pid);
  return task === undefined ? -ESRCH : task.policy;
}

function sysSchedSetscheduler(k: Kernel, t: Task, pid: number, policy: number, param: number): number {
  const p = policy & ~SCHED_RESET_ON_FORK;
  if (pid < 0 || param === 0) return -EINVAL;
  const task = pid === 0 ? t : k.tasks.get(pid);
  if (task === undefined) return -ESRCH;
  const priority = readU32(t, param);
  if (priority < 0) return priority;
  if (p === SCHED_FIFO || p === SCHED_RR) return priority < 1 || priority > 99 ? -EINVAL : -EPERM;
  if ((p !== SCHED_OTHER && p !== SCHED_BATCH && p !== SCHED_IDLE) || priority !== 0) return -EINVAL;
  // What CAP_SYS_NICE would allow: to leave the idle policy, and to take the reset back.
  const old = task.policy;
  if ((old & ~SCHED_RESET_ON_FORK) === SCHED_IDLE && p !== SCHED_IDLE) return -EPERM;
  if (old & SCHED_RESET_ON_FORK && (policy & SCHED_RESET_ON_FORK) === 0) return -EPERM;
  task.policy = policy;
  return 0;
}

function priorityLimit(policy: number, realtime: number): number {
  if (policy === SCHED_FIFO || policy === SCHED_RR) return realtime;
  return policy === SCHED_OTHER || policy === SCHED_BATCH || policy === SCHED_IDLE || policy === 6 ? 0 : -EINVAL;
}

function sysGetcpu(_k: Kernel, t: Task, cpu: number, node: number): number {
  const error = cpu === 0 ? 0 : writeU32(t, cpu, 0);
  return error < 0 ? error : node === 0 ? 0 : writeU32(t, node, 0);
}

const ONE_POLICY = "policies are kept; all threads get the same share";

export const schedRows: readonly (readonly [number, SyscallRow])[] = [
  [sys.SYS_sched_yield, full("sched_yield", sysSchedYield)],
  [sys.SYS_sched_getaffinity, full("sched_getaffinity", sysSchedGetaffinity, ["pid:int", "size:int", "mask"])],
  [
    sys.SYS_sched_setaffinity,
    partial("sched_setaffinity", sysSchedSetaffinity, "one CPU", ["pid:int", "size:int", "mask"]),
  ],
  [sys.SYS_sched_getparam, partial("sched_getparam", sysSchedGetparam, ONE_POLICY, ["pid:int", "param"])],
  [sys.SYS_sched_setparam, partial("sched_setparam", sysSchedSetparam, ONE_POLICY, ["pid:int", "param"])],
  [sys.SYS_sched_getscheduler, partial("sched_getscheduler", sysSchedGetscheduler, ONE_POLICY, ["pid:int"])],
  [
    sys.SYS_sched_setscheduler,
    partial("sched_setscheduler", sysSchedSetscheduler, ONE_POLICY, ["pid:int", "policy:int", "param"]),
  ],
  [sys.SYS_sched_get_priority_max, full("sched_get_priority_max", (_k, _t, p) => priorityLimit(p, 99), ["policy:int"])],
  [sys.SYS_sched_get_priority_min, full("sched_get_priority_min", (_k, _t, p) => priorityLimit(p, 1), ["policy:int"])],
  [
    sys.SYS_sched_rr_get_interval,
    partial("sched_rr_get_interval", (_k, t, _pid, ts) => writeTimespec(t, ts, 4_000_000), ONE_POLICY, [
      "pid:int",
      "tp",
    ]),
  ],
  [sys.SYS_getcpu, full("getcpu", sysGetcpu, ["cpu", "node", "unused"])],
];
