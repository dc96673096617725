/**
 * Priority-inheriting futexes (futex(2), "Priority-inheritance futexes"): the word holds the owner's tid, and the kernel hands
 * the lock over. All tasks having one priority, there is none to inherit; waiters are served in the order they came.
 */
import { EAGAIN, EDEADLK, EPERM, ESRCH } from "../abi/errno.ts";
import { FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS } from "../abi/futex.ts";
import type { Kernel } from "../kernel.ts";
import { readU32, writeU32 } from "../memory/user_memory.ts";
import { forgetEmptyFutex, futexKey, futexQueues, type FutexWait } from "./futex.ts";
import type { Task } from "./task.ts";

/** Waiters for a lock; others may wait on the same word by mistake. */
interface PiWait extends FutexWait {
  /** The call goes on after any signal, whatever its handler's flags (ERESTARTNOINTR). */
  restartsAlways: true;
  /** Guest address of the word, as the waiter sees it. */
  piAddress: number;
}

function isPiWait(t: Task): boolean {
  return ((t.restart as Partial<PiWait> | null)?.piAddress ?? 0) !== 0;
}

/** Tries to take the lock. 0; -EAGAIN if somebody else has it, who is then noted to be waited for; or another errno. */
export function tryLockPi(k: Kernel, t: Task, address: number): number {
  const word = readU32(t, address);
  if (word < 0) return word;
  const owner = word & FUTEX_TID_MASK;
  if (owner === t.tid) return -EDEADLK;
  if (owner === 0) return writeU32(t, address, (word & (FUTEX_OWNER_DIED | FUTEX_WAITERS)) | t.tid);
  return k.tasks.has(owner) ? -EAGAIN : -ESRCH;
}

/** What t.restart holds while a task waits for the lock; marks the word as waited for. */
export function beginPiWait(t: Task, address: number, op: number, deadlineNs: number): FutexWait {
  const { space } = t.process;
  writeU32(t, address, readU32(t, address) | FUTEX_WAITERS);
  const wait: PiWait = {
    deadlineNs,
    bitset: 0, // FUTEX_WAKE does not reach it
    expected: null,
    woken: false,
    queues: futexQueues(space, address, op),
    key: futexKey(space, address, op),
    restartsAlways: true,
    piAddress: address,
  };
  return wait;
}

/** FUTEX_UNLOCK_PI: 0 or a negative errno. */
export function unlockPi(t: Task, address: number, op: number): number {
  const word = readU32(t, address);
  if (word < 0) return word;
  if ((word & FUTEX_TID_MASK) !== t.tid) return -EPERM;
  const { space } = t.process;
  return handOver(t, address, futexQueues(space, address, op), futexKey(space, address, op), 0);
}

/** Gives the lock to whoever has waited longest, or to nobody; `bits` are those the word keeps. */
function handOver(t: Task, address: number, queues: FutexWait["queues"], key: number, bits: number): number {
  const next = queues.get(key)?.waiters.find(isPiWait);
  if (next === undefined) return writeU32(t, address, bits);
  const error = writeU32(t, address, FUTEX_WAITERS | bits | next.tid);
  if (error < 0) return error;
  (next.restart as FutexWait).woken = true;
  next.wake();
  forgetEmptyFutex(queues, key);
  return 0;
}

/** A thread ends: locks that it holds and others wait for go to these (exit_pi_state_list in Linux). */
export function releasePiFutexes(t: Task): void {
  const seen = [t.process.space.futexes, ...t.process.tasks.map((other) => (other.restart as PiWait | null)?.queues)];
  for (const queues of new Set(seen)) {
    if (!(queues instanceof Map)) continue;
    for (const [key, queue] of [...queues]) {
      const waiter = queue.waiters.find(isPiWait);
      if (waiter === undefined) continue;
      const address = (waiter.restart as PiWait).piAddress, word = readU32(waiter, address);
      if (word < 0 || (word & FUTEX_TID_MASK) !== t.tid) continue;
      handOver(waiter, address, queues, key, FUTEX_OWNER_DIED);
    }
  }
}
