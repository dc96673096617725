/** Nice values: setpriority(2). They are kept, inherited and shown; they do not change who runs. */
import { EACCES, EINVAL, EPERM, ESRCH } from "../abi/errno.ts";
import { RLIMIT_NICE } from "../abi/resource.ts";
import { SYS_getpriority, SYS_setpriority } from "../abi/syscall_numbers.ts";
import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { full, partial, type SyscallRow } from "./support.ts";

const PRIO_PROCESS = 0, PRIO_PGRP = 1, PRIO_USER = 2;
const LOWEST_NICE = -20, HIGHEST_NICE = 19;
/** The kernel tells 20 - nice, which is never negative. */
const TOLD_FOR_ZERO = 20;

/** The threads that `which` and `who` name; empty if there are none. */
function named(k: Kernel, t: Task, which: number, who: number): Task[] {
  switch (which) {
    case PRIO_PROCESS: {
      const task = who === 0 ? t : k.tasks.get(who);
      return task === undefined ? [] : [task];
    }
    case PRIO_PGRP: {
      const group = who === 0 ? t.process.pgid : who;
      return [...k.tasks.values()].filter((task) => task.process.pgid === group);
    }
    default: {
      const user = who === 0 ? t.process.credentials.uid : who;
      return [...k.tasks.values()].filter((task) => task.process.credentials.uid === user);
    }
  }
}

/** The best of them, as 20 - nice. */
function sysGetpriority(k: Kernel, t: Task, which: number, who: number): number {
  if (which < PRIO_PROCESS || which > PRIO_USER) return -EINVAL;
  const tasks = named(k, t, which, who);
  return tasks.length === 0 ? -ESRCH : TOLD_FOR_ZERO - Math.min(...tasks.map((task) => task.nice));
}

/** Gives each of them the value, where that is allowed; the last refusal is the answer. */
function sysSetpriority(k: Kernel, t: Task, which: number, who: number, value: number): number {
  if (which < PRIO_PROCESS || which > PRIO_USER) return -EINVAL;
  const nice = Math.max(LOWEST_NICE, Math.min(HIGHEST_NICE, value));
  const tasks = named(k, t, which, who);
  let error = tasks.length === 0 ? -ESRCH : 0;
  for (const task of tasks) {
    const refusal = refusalOf(t, task, nice);
    if (refusal === 0) task.nice = nice;
    else error = refusal;
  }
  return error;
}

/** Nobody has CAP_SYS_NICE, not even root: containers are not given it. */
function refusalOf(t: Task, target: Task, nice: number): number {
  const { euid } = t.process.credentials, other = target.process.credentials;
  if (euid !== other.uid && euid !== other.euid) return -EPERM;
  const mayBe = TOLD_FOR_ZERO - target.process.limits.soft[RLIMIT_NICE];
  return nice < target.nice && nice < mayBe ? -EACCES : 0;
}

export const priorityRows: readonly (readonly [number, SyscallRow])[] = [
  [SYS_getpriority, full("getpriority", sysGetpriority, ["which:int", "who:int"])],
  [
    SYS_setpriority,
    partial("setpriority", sysSetpriority, "kept and shown; all tasks have the same share of the processor", [
      "which:int",
      "who:int",
      "prio:int",
    ]),
  ],
];
