/** What seccomp filters make of a system call. Tasks without a filter are not asked. */
import { R10, R8, R9, RDI, RDX, RSI, STATE_RIP } from "../../machine/state.ts";
import { ENOSYS } from "../abi/errno.ts";
import * as seccomp from "../abi/seccomp.ts";
import { SIG_DFL, SIGKILL, SIGSYS, SYS_SECCOMP } from "../abi/signal.ts";
import { SYS_exit, SYS_read, SYS_rt_sigreturn, SYS_write } from "../abi/syscall_numbers.ts";
import type { Kernel } from "../kernel.ts";
import { NO_RESULT } from "../wait_queue.ts";
import { type BpfProgram, runFilter } from "./bpf.ts";
import { exitProcess, exitTask } from "./exit.ts";
import { makeSignal } from "./signal.ts";
import { forceSignal } from "./signal_delivery.ts";
import type { Task } from "./task.ts";
import { killedStatus } from "../abi/wait.ts";

/** A filter, and those that were there before it: all are asked. Tasks that one has cloned share the chain. */
export class SeccompFilter {
  static readonly savedFields: readonly string[] = ["program", "previous"];

  /** A program of null is strict mode. */
  constructor(readonly program: BpfProgram | null, readonly previous: SeccompFilter | null) {}
}

/** The filter's verdict is that the call is made. */
export const CALL_ALLOWED = -0x7fffffff;

/** SECCOMP_MODE_ of a task. */
export function seccompMode({ seccomp: filter }: Task): number {
  if (filter === null) return seccomp.SECCOMP_MODE_DISABLED;
  return filter.program === null ? seccomp.SECCOMP_MODE_STRICT : seccomp.SECCOMP_MODE_FILTER;
}

/** How many filters a task has. */
export function countFilters({ seccomp: filter }: Task): number {
  let n = 0;
  for (let f = filter; f !== null; f = f.previous) if (f.program !== null) n++;
  return n;
}

/** Most that errno can be. */
const MAX_ERRNO = 4095;

/** CALL_ALLOWED, or what the call gives without being made. */
export function filterSyscall(k: Kernel, t: Task, number: number): number {
  const data = describeCall(t, number);
  let verdict = seccomp.SECCOMP_RET_ALLOW;
  for (let f = t.seccomp; f !== null; f = f.previous) {
    if (f.program === null) return strictVerdict(k, t, number);
    const returned = runFilter(f.program, data);
    if (actionOf(returned) < actionOf(verdict)) verdict = returned;
  }
  const told = verdict & seccomp.SECCOMP_RET_DATA;
  switch (actionOf(verdict)) {
    case seccomp.SECCOMP_RET_ALLOW:
    case seccomp.SECCOMP_RET_LOG:
      return CALL_ALLOWED;
    case seccomp.SECCOMP_RET_ERRNO:
      return told === 0 ? 0 : -Math.min(told, MAX_ERRNO);
    // Without a tracer, or a listener.
    case seccomp.SECCOMP_RET_TRACE:
    case seccomp.SECCOMP_RET_USER_NOTIF:
      return -ENOSYS;
    case seccomp.SECCOMP_RET_TRAP:
      forceSignal(k, t, sigsys(data, told));
      return NO_RESULT;
    case seccomp.SECCOMP_RET_KILL_THREAD:
      if (t.process.tasks.length > 1) {
        exitTask(k, t, SIGSYS);
        return NO_RESULT;
      }
  }
  t.process.signalHandlers.handler[SIGSYS] = SIG_DFL;
  forceSignal(k, t, sigsys(data, told));
  return NO_RESULT;
}

function actionOf(returned: number): number {
  return returned & seccomp.SECCOMP_RET_ACTION_FULL;
}

const words = new Int32Array(seccomp.SECCOMP_DATA_BYTES / 4);
const ARGUMENTS = [RDI, RSI, RDX, R10, R8, R9];

/** struct seccomp_data; valid until the next call. */
function describeCall(t: Task, number: number): Int32Array {
  const { i32 } = t.memory;
  words[0] = number;
  words[1] = seccomp.AUDIT_ARCH_X86_64;
  words[2] = i32[STATE_RIP >> 2];
  words[3] = 0;
  for (let i = 0; i < ARGUMENTS.length; i++) {
    words[4 + 2 * i] = i32[ARGUMENTS[i] * 2];
    words[5 + 2 * i] = i32[ARGUMENTS[i] * 2 + 1];
  }
  return words;
}

function sigsys(data: Int32Array, error: number) {
  return makeSignal(SIGSYS, SYS_SECCOMP, { error, address: data[2], status: data[0], timerId: data[1] });
}

function strictVerdict(k: Kernel, t: Task, number: number): number {
  if (number === SYS_read || number === SYS_write || number === SYS_exit || number === SYS_rt_sigreturn) {
    return CALL_ALLOWED;
  }
  if (t.process.tasks.length > 1) exitTask(k, t, SIGKILL);
  else exitProcess(k, t.process, killedStatus(SIGKILL));
  return NO_RESULT;
}
