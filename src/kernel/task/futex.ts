import type { AddressSpace } from "../memory/address_space.ts";
import { WaitQueue } from "../wait_queue.ts";
import type { Task } from "./task.ts";

/** Kept in task.restart by a task that waits on a futex. */
export interface FutexWait {
  deadlineNs: number;
  bitset: number;
  /** Set by the waker: the wait is over, whatever the word holds by then. */
  woken: boolean;
  /** The word waited on now: requeueing changes it. */
  address: number;
}

function waitOf(t: Task): FutexWait {
  return t.restart as FutexWait;
}

/** Queue of the tasks that wait on a guest address of this memory, oldest first. */
export function futexQueue(space: AddressSpace, address: number): WaitQueue {
  let queue = space.futexes.get(address);
  if (queue === undefined) space.futexes.set(address, queue = new WaitQueue());
  return queue;
}

/** Queues nobody waits on are not worth keeping. */
export function forgetEmptyFutex(space: AddressSpace, address: number): void {
  if (space.futexes.get(address)?.waiters.length === 0) space.futexes.delete(address);
}

/** Wakes up to `count` waiters whose bitset meets `bitset`; returns how many. */
export function wakeFutex(space: AddressSpace, address: number, count: number, bitset: number): number {
  const queue = space.futexes.get(address);
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
  forgetEmptyFutex(space, address);
  return woken;
}

/** Moves up to `count` waiters to another address without waking them; returns how many. */
export function requeueFutex(space: AddressSpace, from: number, to: number, count: number): number {
  const source = space.futexes.get(from);
  if (source === undefined || from === to) return 0;
  const target = futexQueue(space, to);
  let moved = 0;
  while (moved < count && source.waiters.length > 0) {
    const t = source.waiters[0];
    source.remove(t);
    t.waitingOn.splice(t.waitingOn.indexOf(source), 1);
    target.add(t);
    waitOf(t).address = to;
    moved++;
  }
  forgetEmptyFutex(space, from);
  forgetEmptyFutex(space, to);
  return moved;
}
