import { FUTEX_PRIVATE_FLAG } from "../abi/futex.ts";
import type { AddressSpace } from "../memory/address_space.ts";
import { sharedPagesAt } from "../memory/shared_pages.ts";
import { WaitQueue } from "../wait_queue.ts";
import type { Task } from "./task.ts";

/** Tasks that wait on futex words, by key. */
export type FutexQueues = Map<number, WaitQueue>;

/** Kept in task.restart by a task that waits on a futex. */
export interface FutexWait {
  deadlineNs: number;
  bitset: number;
  /** What the word held, for a look after a signal; null where that does not matter: locks, and after requeueing. */
  expected: { address: number; value: number } | null;
  /** Set by the waker: the wait is over, whatever the word holds by then. */
  woken: boolean;
  /** The word waited on now: requeueing changes it. */
  queues: FutexQueues;
  key: number;
}

function waitOf(t: Task): FutexWait {
  return t.restart as FutexWait;
}

/** Where those wait who share the word at a guest address: the address space, or, without FUTEX_PRIVATE_FLAG, the shared pages. */
export function futexQueues(space: AddressSpace, address: number, op: number): FutexQueues {
  if (op & FUTEX_PRIVATE_FLAG) return space.futexes;
  return sharedPagesAt(space, address)?.futexes ?? space.futexes;
}

/** The word's key in futexQueues(): its guest address, or its offset in the file. */
export function futexKey(space: AddressSpace, address: number, op: number): number {
  if (op & FUTEX_PRIVATE_FLAG || sharedPagesAt(space, address) === null) return address;
  const v = space.find(address)!;
  return v.fileOffset + address - v.start;
}

/** Queue of the tasks that wait on a word, oldest first. */
export function futexQueue(queues: FutexQueues, key: number): WaitQueue {
  let queue = queues.get(key);
  if (queue === undefined) queues.set(key, queue = new WaitQueue());
  return queue;
}

/** Queues nobody waits on are not worth keeping. */
export function forgetEmptyFutex(queues: FutexQueues, key: number): void {
  if (queues.get(key)?.waiters.length === 0) queues.delete(key);
}

/** Wakes up to `count` waiters whose bitset meets `bitset`; returns how many. */
export function wakeFutex(queues: FutexQueues, key: number, count: number, bitset: number): number {
  const queue = queues.get(key);
  if (queue === undefined) return 0;
  let woken = 0;
  for (let i = 0; i < queue.waiters.length && woken < count;) {
    const t = queue.waiters[i];
    if ((waitOf(t).bitset & bitset) === 0) {
      i++;
      continue;
    }
    waitOf(t).woken = true;
    t.wake(); // takes itself off the queue
    woken++;
  }
  forgetEmptyFutex(queues, key);
  return woken;
}

/** Moves up to `count` waiters to another word without waking them; returns how many. */
export function requeueFutex(
  queues: FutexQueues,
  from: number,
  toQueues: FutexQueues,
  to: number,
  count: number,
): number {
  const source = queues.get(from);
  if (source === undefined || (queues === toQueues && from === to)) return 0;
  const target = futexQueue(toQueues, to);
  let moved = 0;
  while (moved < count && source.waiters.length > 0) {
    const t = source.waiters[0];
    source.remove(t);
    t.waitingOn.splice(t.waitingOn.indexOf(source), 1);
    target.add(t);
    waitOf(t).queues = toQueues;
    waitOf(t).key = to;
    waitOf(t).expected = null;
    moved++;
  }
  forgetEmptyFutex(queues, from);
  forgetEmptyFutex(toQueues, to);
  return moved;
}
