import { SIGKILL } from "../abi/signal.ts";
import type { Kernel } from "../kernel.ts";
import { isPending } from "../task/signals.ts";
import type { Task } from "../task/task.ts";
import {
  SYS_clock_nanosleep,
  SYS_clone,
  SYS_clone3,
  SYS_epoll_pwait,
  SYS_epoll_pwait2,
  SYS_epoll_wait,
  SYS_futex,
  SYS_io_getevents,
  SYS_mq_timedreceive,
  SYS_mq_timedsend,
  SYS_msgrcv,
  SYS_msgsnd,
  SYS_nanosleep,
  SYS_pause,
  SYS_poll,
  SYS_ppoll,
  SYS_pselect6,
  SYS_rt_sigsuspend,
  SYS_rt_sigtimedwait,
  SYS_select,
  SYS_semop,
  SYS_semtimedop,
  SYS_vfork,
} from "../abi/syscall_numbers.ts";

/**
 * What a signal makes of a syscall that is blocked (signal(7), "Interruption of system calls"). If no handler runs, a
 * blocked syscall simply goes on, except for the third kind.
 */
export const INTERRUPT_RESTART = 0; // ERESTARTSYS: run again if the handler was set with SA_RESTART, else EINTR
export const INTERRUPT_UNLESS_UNHANDLED = 1; // ERESTARTNOHAND, ERESTART_RESTARTBLOCK: EINTR after any handler
export const INTERRUPT_ALWAYS = 2; // EINTR even if no handler ran

const UNLESS_UNHANDLED = new Set([
  SYS_poll,
  SYS_ppoll,
  SYS_select,
  SYS_pselect6,
  SYS_nanosleep,
  SYS_clock_nanosleep,
  SYS_pause,
  SYS_rt_sigsuspend,
  SYS_msgrcv,
  SYS_msgsnd,
]);
const ALWAYS = new Set([
  SYS_epoll_wait,
  SYS_epoll_pwait,
  SYS_epoll_pwait2,
  SYS_rt_sigtimedwait,
  SYS_semop,
  SYS_semtimedop,
  SYS_io_getevents,
]);

/** Their timeouts are absolute, so that running them again is no longer wait. */
const UNTIL = new Set([SYS_mq_timedreceive, SYS_mq_timedsend]);

/** `deadlineNs` is that of the blocked task: calls that time out are not restarted; sockets (SO_RCVTIMEO) not in any case. */
export function interruptionOf(syscall: number, deadlineNs: number): number {
  if (ALWAYS.has(syscall)) return INTERRUPT_ALWAYS;
  if (UNLESS_UNHANDLED.has(syscall)) return INTERRUPT_UNLESS_UNHANDLED;
  if (deadlineNs === Infinity || UNTIL.has(syscall)) return INTERRUPT_RESTART;
  return syscall === SYS_futex ? INTERRUPT_UNLESS_UNHANDLED : INTERRUPT_ALWAYS;
}

/**
 * A parent that waits for its vfork'd child sleeps through every signal but SIGKILL (kernel/fork.c, wait_for_vfork_done), as does
 * whoever waits for a disk.
 */
export function sleepsThrough(k: Kernel, t: Task, syscall: number): boolean {
  const isKillable = syscall === SYS_vfork || syscall === SYS_clone || syscall === SYS_clone3 ||
    k.vfs.arrivals.isAwaitedBy(t);
  return isKillable && !isPending(t, SIGKILL);
}
