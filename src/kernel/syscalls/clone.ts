import { E2BIG, EINVAL } from "../abi/errno.ts";
import {
  CLONE_ARGS_SIZE_VER0,
  CLONE_DETACHED,
  CLONE_NEW_ANY,
  CLONE_PARENT_SETTID,
  CLONE_PIDFD,
  CLONE_THREAD,
  CLONE_VFORK,
  CLONE_VM,
  CSIGNAL,
} from "../abi/clone.ts";
import { EPERM } from "../abi/errno.ts";
import { SIGCHLD } from "../abi/signal.ts";
import { SYS_clone, SYS_clone3, SYS_fork, SYS_setns, SYS_unshare, SYS_vfork } from "../abi/syscall_numbers.ts";
import type { Kernel } from "../kernel.ts";
import { loadU64, readableRange } from "../memory/user_memory.ts";
import { blockOnOne } from "../task/block.ts";
import { type CloneRequest, cloneTask } from "../task/clone.ts";
import type { Process } from "../task/process.ts";
import type { Task } from "../task/task.ts";
import { full, partial, refused, type SyscallRow } from "./support.ts";

const CLONE_ARGS_LONGEST = 4096;

function sysFork(k: Kernel, t: Task): number {
  return clone(k, t, request(0, SIGCHLD));
}

function sysVfork(k: Kernel, t: Task): number {
  return clone(k, t, request(CLONE_VFORK | CLONE_VM, SIGCHLD));
}

function request(flags: number, exitSignal: number): CloneRequest {
  return { flags, exitSignal, stack: 0, parentTid: 0, pidfd: 0, childTid: 0, tls: 0 };
}

function sysClone(
  k: Kernel,
  t: Task,
  flags: number,
  stack: number,
  parentTid: number,
  childTid: number,
  tls: number,
): number {
  // Both would be written to the same place.
  if (flags & CLONE_PIDFD && flags & CLONE_PARENT_SETTID) return -EINVAL;
  return clone(k, t, {
    flags: flags & ~CSIGNAL,
    exitSignal: flags & CLONE_THREAD ? 0 : flags & CSIGNAL,
    stack: stack >>> 0,
    parentTid: parentTid >>> 0,
    pidfd: parentTid >>> 0,
    childTid: childTid >>> 0,
    tls: tls >>> 0,
  });
}

function sysClone3(k: Kernel, t: Task, args: number, size: number): number {
  if (size >>> 0 > CLONE_ARGS_LONGEST) return -E2BIG;
  if (size < CLONE_ARGS_SIZE_VER0) return -EINVAL;
  const at = readableRange(t, args, size);
  if (at < 0) return at;
  const m = t.memory;
  const field = (i: number) => loadU64(m, at + i * 8);
  // flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls; then set_tid, set_tid_size, cgroup
  for (let i = 8; i * 8 + 8 <= size; i++) if (field(i) !== 0) return i < 11 ? -EINVAL : -E2BIG;
  const flags = field(0), stack = field(5), stackSize = field(6);
  if (flags > 0xffffffff || flags & (CSIGNAL | CLONE_DETACHED) || (stack === 0) !== (stackSize === 0)) return -EINVAL;
  if (flags & CLONE_THREAD && field(4) !== 0) return -EINVAL;
  return clone(k, t, {
    flags: flags | 0,
    exitSignal: field(4),
    stack: stack === 0 ? 0 : stack + stackSize,
    parentTid: field(3),
    pidfd: field(1),
    childTid: field(2),
    tls: field(7),
  });
}

/** Kept while a vfork parent is suspended. */
interface VforkWait {
  child: Process;
}

function clone(k: Kernel, t: Task, r: CloneRequest): number {
  const waiting = t.restart as VforkWait | null;
  let child = waiting?.child;
  if (child === undefined) {
    const task = cloneTask(k, t, r);
    if (typeof task === "number") return task;
    if (!(r.flags & CLONE_VFORK)) return task.tid;
    child = task.process;
    t.restart = { child } satisfies VforkWait;
  }
  // Suspended until the child calls execve or exits; signals wait, too (Linux sleeps killably here).
  return child.vforkDone === null ? child.pid : blockOnOne(t, child.vforkDone);
}

function sysUnshare(_k: Kernel, _t: Task, flags: number): number {
  return flags & CLONE_NEW_ANY ? -EPERM : 0;
}

const CLONE_NOTE = "threads, fork and vfork; no namespaces";

export const cloneRows: readonly (readonly [number, SyscallRow])[] = [
  [SYS_fork, full("fork", sysFork)],
  [SYS_vfork, full("vfork", sysVfork)],
  [SYS_clone, partial("clone", sysClone, CLONE_NOTE, ["flags", "stack", "parent_tid", "child_tid", "tls"])],
  [SYS_clone3, partial("clone3", sysClone3, CLONE_NOTE, ["args", "size:int"])],
  [SYS_unshare, partial("unshare", sysUnshare, "no namespaces; sharing of files and directories stays", ["flags"])],
  [SYS_setns, refused("setns", EPERM, "no namespaces", ["fd:fd", "nstype"])],
];
