import { FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS, ROBUST_LIST_LIMIT } from "../abi/futex.ts";
import { readU32, readU64, writeU32 } from "../memory/user_memory.ts";
import { futexKey, futexQueues, wakeFutex } from "./futex.ts";
import type { Task } from "./task.ts";

/**
 * Marks the robust mutexes a dying thread holds as ownerless (get_robust_list(2)). The list is the guest's: it may be
 * garbage, so every step can fault and its length is bounded.
 */
export function releaseRobustFutexes(t: Task): void {
  const head = t.robustList >>> 0;
  if (head === 0) return;
  // The offset may be negative, and is in glibc: its low half is all that addresses need.
  const offset = readU32(t, head + 8), pendingEntry = readU64(t, head + 16);
  if (offset < 0 || pendingEntry < 0) return;
  let entry = readU64(t, head);
  for (let i = 0; entry > 0 && entry !== head && i < ROBUST_LIST_LIMIT; i++) {
    // Read before the word changes: its waker may reuse the entry.
    const next = readU64(t, (entry & ~1) >>> 0);
    if (entry !== pendingEntry) release(t, ((entry & ~1) + offset) >>> 0);
    entry = next;
  }
  if (pendingEntry !== 0) release(t, ((pendingEntry & ~1) + offset) >>> 0);
}

function release(t: Task, address: number): void {
  const word = readU32(t, address);
  if (word < 0 || (word & FUTEX_TID_MASK) !== t.tid) return;
  if (writeU32(t, address, (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED) === 0 && word & FUTEX_WAITERS) {
    const { space } = t.process;
    wakeFutex(futexQueues(space, address, 0), futexKey(space, address, 0), 1, 0xffffffff);
  }
}
