import type { Kernel } from "../kernel.ts";
import { loadI64, readableRange, storeU64, writableRange } from "../memory/user_memory.ts";
import type { Task } from "../task/task.ts";
import { setTemporarySignalMask } from "../task/signals.ts";
import { EINVAL } from "../abi/errno.ts";

/** Deadline of a call with a timeout: fixed on the first try, kept in t.restart for the next ones. */
export function deadlineOf(k: Kernel, t: Task, timeoutNs: number): number {
  if (t.restart === null) t.restart = timeoutNs === Infinity ? Infinity : k.clock.monotonicNs() + timeoutNs;
  return t.restart as number;
}

/** Whether the last wake was the deadline; asked once. */
export function timedOut(t: Task): boolean {
  const was = t.wokenByTimeout;
  t.wokenByTimeout = false;
  return was;
}

/** A relative struct timespec (unit 1) or timeval (unit 1000) in nanoseconds; a null pointer is Infinity; -errno. */
export function readTimeout(t: Task, pointer: number, unitNs: number): number {
  if (pointer === 0) return Infinity;
  const at = readableRange(t, pointer, 16);
  if (at < 0) return at;
  const sec = loadI64(t.memory, at), sub = loadI64(t.memory, at + 8);
  if (sec < 0 || sub < 0 || (unitNs === 1 && sub >= 1e9)) return -EINVAL;
  return sec * 1e9 + sub * unitNs;
}

/** Writes what is left of the timeout back, as Linux does; a read-only timeout is no error. */
export function writeRemaining(k: Kernel, t: Task, pointer: number, unitNs: number): void {
  const deadline = t.restart as number;
  if (pointer === 0 || deadline === null) return;
  const at = writableRange(t, pointer, 16);
  if (at < 0) return;
  const left = Math.max(0, deadline - k.clock.monotonicNs());
  storeU64(t.memory, at, Math.floor(left / 1e9));
  storeU64(t.memory, at + 8, Math.floor((left % 1e9) / unitNs));
}

/** Puts a call's signal mask (ppoll, pselect6, epoll_pwait) in force: 0, or -errno. */
export function applySignalMask(t: Task, pointer: number, size: number): number {
  if (pointer === 0) return 0;
  if (size !== 8) return -EINVAL;
  const at = readableRange(t, pointer, 8);
  if (at < 0) return at;
  setTemporarySignalMask(t, t.memory.view.getUint32(at, true), t.memory.view.getUint32(at + 4, true));
  return 0;
}
