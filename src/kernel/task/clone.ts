import { RAX, RSP, STATE_BYTES, STATE_FSBASE } from "../../machine/state.ts";
import { EAGAIN, EFAULT, EINVAL, EMFILE, EPERM } from "../abi/errno.ts";
import {
  CLONE_CHILD_CLEARTID,
  CLONE_CHILD_SETTID,
  CLONE_DETACHED,
  CLONE_FILES,
  CLONE_FS,
  CLONE_NEW_ANY,
  CLONE_PARENT,
  CLONE_PARENT_SETTID,
  CLONE_PIDFD,
  CLONE_SETTLS,
  CLONE_SIGHAND,
  CLONE_THREAD,
  CLONE_VFORK,
  CLONE_VM,
} from "../abi/clone.ts";
import { RLIMIT_NPROC } from "../abi/resource.ts";
import { SCHED_RESET_ON_FORK } from "../abi/sched.ts";
import { SS_DISABLE } from "../abi/signal.ts";
import { PidFd } from "../fs/pidfd.ts";
import type { Kernel } from "../kernel.ts";
import { storeU32, writableRange, writeU32 } from "../memory/user_memory.ts";
import { WaitQueue } from "../wait_queue.ts";
import { watchCpuLimit } from "./cpu_timers.ts";
import { Process } from "./process.ts";
import { Task } from "./task.ts";

/** What clone(2) and clone3(2) ask for. */
export interface CloneRequest {
  flags: number;
  exitSignal: number;
  /** New stack pointer, or 0 to keep the parent's. */
  stack: number;
  parentTid: number;
  /** Where CLONE_PIDFD puts the descriptor. */
  pidfd: number;
  childTid: number;
  tls: number;
}

/** Makes the new task, runnable, its rax 0. The task or a negative errno. */
export function cloneTask(k: Kernel, t: Task, r: CloneRequest): Task | number {
  const { flags } = r;
  if (flags & CLONE_SIGHAND && !(flags & CLONE_VM)) return -EINVAL;
  if (flags & CLONE_THREAD && !(flags & CLONE_SIGHAND)) return -EINVAL;
  // No capability for namespaces inside a container.
  if (flags & CLONE_NEW_ANY) return -EPERM;
  // Threads have no pidfds (before Linux 6.9).
  if (flags & CLONE_PIDFD && flags & (CLONE_THREAD | CLONE_DETACHED)) return -EINVAL;
  if (r.exitSignal > 64) return -EINVAL;
  if (k.tasks.size >= t.process.limits.soft[RLIMIT_NPROC]) return -EAGAIN;

  if (flags & CLONE_PIDFD) {
    if (writableRange(t, r.pidfd, 4) < 0) return -EFAULT;
    if (t.process.fds.isFull) return -EMFILE;
  }

  const tid = k.allocatePid();
  if (flags & CLONE_PARENT_SETTID && writeU32(t, r.parentTid, tid) < 0) return forget();
  const process = flags & CLONE_THREAD ? t.process : forkProcess(k, t, tid, r);
  const child = new Task(tid, process);
  process.tasks.push(child);
  inherit(t, child, flags);
  setRegisters(t, child, r);
  if (flags & CLONE_CHILD_SETTID && process.space === t.process.space) writeU32(child, r.childTid, tid);
  else if (flags & CLONE_CHILD_SETTID) writeChildTid(child, r.childTid, tid);
  // The child of a fork does not have it: its table and its memory were copied before.
  if (flags & CLONE_PIDFD) writeU32(t, r.pidfd, t.process.fds.install(new PidFd(process), true));
  if (flags & CLONE_CHILD_CLEARTID) child.clearChildTid = r.childTid;
  k.tasks.set(tid, child);
  k.enqueue(child);
  return child;
}

// Linux creates the child all the same when the parent's pointer is bad, but nobody can rely on that.
function forget(): number {
  return -EFAULT;
}

function forkProcess(k: Kernel, t: Task, pid: number, r: CloneRequest): Process {
  const parent = t.process, { flags } = r;
  const space = flags & CLONE_VM ? parent.space : parent.space.fork(k);
  if (flags & CLONE_VM) space.users++;
  else space.machine.client = k;
  const fds = flags & CLONE_FILES ? parent.fds : parent.fds.copy();
  if (flags & CLONE_FILES) fds.users++;
  const fs = flags & CLONE_FS ? parent.fs : parent.fs.copy();
  const handlers = flags & CLONE_SIGHAND ? parent.signalHandlers : parent.signalHandlers.copy();
  const p = new Process(k, pid, space, fds, fs, parent.credentials.copy(), handlers);
  p.limits.assign(parent.limits);
  watchCpuLimit(p);
  p.parent = flags & CLONE_PARENT && parent.parent !== null ? parent.parent : parent;
  p.parent.children.push(p);
  p.pgid = parent.pgid;
  p.sid = parent.sid;
  p.exe = parent.exe;
  p.argv = parent.argv;
  p.exitSignal = r.exitSignal;
  p.noNewPrivs = parent.noNewPrivs;
  p.dumpable = parent.dumpable;
  p.personality = parent.personality;
  p.thpDisabled = parent.thpDisabled;
  p.startNs = k.clock.monotonicNs();
  if (flags & CLONE_VFORK) p.vforkDone = new WaitQueue();
  k.processes.set(pid, p);
  return p;
}

function inherit(t: Task, child: Task, flags: number): void {
  child.signalMask.set(t.signalMask);
  child.name = t.name;
  child.nice = t.nice;
  // A reset concerns real-time policies.
  child.policy = t.policy & ~SCHED_RESET_ON_FORK;
  child.seccomp = t.seccomp;
  child.timerSlackNs = t.timerSlackNs;
  // clone(2): the alternate stack is lost when memory is shared, except across vfork.
  child.altStack = flags & CLONE_VM && !(flags & CLONE_VFORK)
    ? { address: 0, size: 0, flags: SS_DISABLE }
    : { ...t.altStack };
}

function setRegisters(t: Task, child: Task, r: CloneRequest): void {
  child.registers.set(t.memory.u8.subarray(0, STATE_BYTES));
  const words = new DataView(child.registers.buffer);
  words.setUint32(RAX * 8, 0, true);
  words.setUint32(RAX * 8 + 4, 0, true);
  if (r.stack !== 0) {
    words.setUint32(RSP * 8, r.stack, true);
    words.setUint32(RSP * 8 + 4, 0, true);
  }
  if (r.flags & CLONE_SETTLS) words.setUint32(STATE_FSBASE, r.tls, true);
}

/** CLONE_CHILD_SETTID after fork: the word lies in the child's memory. */
function writeChildTid(child: Task, pointer: number, tid: number): void {
  const at = writableRange(child, pointer, 4);
  if (at >= 0) storeU32(child.memory, at, tid);
}
