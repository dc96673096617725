import { EAGAIN, EINVAL, ENOSYS, EPERM, ESRCH, ETIMEDOUT } from "../abi/errno.ts";
import * as futex from "../abi/futex.ts";
import { SYS_futex, SYS_get_robust_list, SYS_set_robust_list, SYS_set_tid_address } from "../abi/syscall_numbers.ts";
import type { Kernel } from "../kernel.ts";
import { loadI32, readU32, storeU32, writableRange, writeU64 } from "../memory/user_memory.ts";
import { blockOnOne } from "../task/block.ts";
import {
  forgetEmptyFutex,
  futexKey,
  futexQueue,
  futexQueues,
  type FutexWait,
  requeueFutex,
  wakeFutex,
} from "../task/futex.ts";
import { beginPiWait, tryLockPi, unlockPi } from "../task/futex_pi.ts";
import type { Task } from "../task/task.ts";
import { monotonicDeadline, readTimespecNs } from "../task/timespec.ts";
import { full, partial, type SyscallRow } from "./support.ts";

const ROBUST_LIST_HEAD_BYTES = 24;

function sysFutex(
  k: Kernel,
  t: Task,
  address: number,
  op: number,
  a: number,
  b: number,
  address2: number,
  c: number,
): number {
  const command = op & ~(futex.FUTEX_PRIVATE_FLAG | futex.FUTEX_CLOCK_REALTIME);
  const space = t.process.space, at = address >>> 0;
  switch (command) {
    case futex.FUTEX_WAIT:
      return wait(k, t, at, op, a, b, futex.FUTEX_BITSET_MATCH_ANY);
    case futex.FUTEX_WAIT_BITSET:
      return wait(k, t, at, op, a, b, c);
    case futex.FUTEX_WAKE:
    case futex.FUTEX_WAKE_BITSET: {
      const bitset = command === futex.FUTEX_WAKE ? futex.FUTEX_BITSET_MATCH_ANY : c;
      if (bitset === 0 || at % 4 !== 0) return -EINVAL;
      // Linux wakes one even when asked for none.
      return wakeFutex(futexQueues(space, at, op), futexKey(space, at, op), Math.max(1, a), bitset);
    }
    case futex.FUTEX_REQUEUE:
    case futex.FUTEX_CMP_REQUEUE: {
      const to = address2 >>> 0;
      if (at % 4 !== 0 || to % 4 !== 0 || a < 0 || b < 0) return -EINVAL;
      if (command === futex.FUTEX_CMP_REQUEUE) {
        const word = readU32(t, at);
        if (word < 0) return word;
        if (word !== c >>> 0) return -EAGAIN;
      }
      const queues = futexQueues(space, at, op), key = futexKey(space, at, op);
      const woken = wakeFutex(queues, key, a, futex.FUTEX_BITSET_MATCH_ANY);
      return woken + requeueFutex(queues, key, futexQueues(space, to, op), futexKey(space, to, op), b);
    }
    case futex.FUTEX_WAKE_OP:
      return wakeOp(t, op, at, address2 >>> 0, a, b, c);
    case futex.FUTEX_LOCK_PI:
      return lockPi(k, t, at, op | futex.FUTEX_CLOCK_REALTIME, b);
    case futex.FUTEX_LOCK_PI2:
      return lockPi(k, t, at, op, b);
    case futex.FUTEX_TRYLOCK_PI:
      return at % 4 !== 0 ? -EINVAL : tryLockPi(k, t, at);
    case futex.FUTEX_UNLOCK_PI:
      return at % 4 !== 0 ? -EINVAL : unlockPi(t, at, op);
    default:
      return -ENOSYS;
  }
}

/** The timeout is absolute. */
function lockPi(k: Kernel, t: Task, at: number, op: number, timeout: number): number {
  if (t.restart !== null) {
    const w = t.restart as FutexWait;
    // While it was stopped the lock may have been given up to nobody.
    return !w.woken && tryLockPi(k, t, at) === 0 ? leave(t, w) : waitAgain(k, t, w);
  }
  if (at % 4 !== 0) return -EINVAL;
  let deadlineNs = Infinity;
  if (timeout !== 0) {
    const ns = readTimespecNs(t, timeout);
    if (ns < 0) return ns;
    deadlineNs = monotonicDeadline(k, ns, op & futex.FUTEX_CLOCK_REALTIME ? "realtime" : "monotonic");
  }
  const locked = tryLockPi(k, t, at);
  if (locked !== -EAGAIN) return locked;
  const w = t.restart = beginPiWait(t, at, op, deadlineNs);
  return blockOnOne(t, futexQueue(w.queues, w.key), deadlineNs);
}

function leave(t: Task, w: FutexWait): number {
  t.leaveQueues();
  forgetEmptyFutex(w.queues, w.key);
  return 0;
}

/** FUTEX_WAIT takes a relative timeout, FUTEX_WAIT_BITSET an absolute one. */
function wait(k: Kernel, t: Task, at: number, op: number, value: number, timeout: number, bitset: number): number {
  if (t.restart !== null) return waitAgain(k, t, t.restart as FutexWait);
  if (bitset === 0 || at % 4 !== 0) return -EINVAL;
  let deadlineNs = Infinity;
  if (timeout !== 0) {
    const ns = readTimespecNs(t, timeout);
    if (ns < 0) return ns;
    const isRelative = (op & 0x7f) === futex.FUTEX_WAIT;
    deadlineNs = isRelative
      ? k.clock.monotonicNs() + ns
      : monotonicDeadline(k, ns, op & futex.FUTEX_CLOCK_REALTIME ? "realtime" : "monotonic");
  }
  const word = readU32(t, at);
  if (word < 0) return word;
  if (word !== value >>> 0) return -EAGAIN;
  const space = t.process.space, queues = futexQueues(space, at, op), key = futexKey(space, at, op);
  const expected = { address: at, value: word };
  t.restart = { deadlineNs, bitset, expected, woken: false, queues, key } satisfies FutexWait;
  return blockOnOne(t, futexQueue(queues, key), deadlineNs);
}

/** A second try: woken for good, timed out, or for a signal. */
function waitAgain(k: Kernel, t: Task, w: FutexWait): number {
  if (w.woken) return 0;
  t.leaveQueues();
  if (t.wokenByTimeout || k.clock.monotonicNs() >= w.deadlineNs) {
    forgetEmptyFutex(w.queues, w.key);
    return -ETIMEDOUT;
  }
  // It may have stopped meanwhile, and missed a wake-up.
  if (w.expected !== null && readU32(t, w.expected.address) !== w.expected.value) {
    forgetEmptyFutex(w.queues, w.key);
    return -EAGAIN;
  }
  if (t.signalDeliverable) forgetEmptyFutex(w.queues, w.key);
  return blockOnOne(t, futexQueue(w.queues, w.key), w.deadlineNs);
}

function wakeOp(t: Task, op: number, at: number, at2: number, count: number, count2: number, encoded: number): number {
  if (at % 4 !== 0 || at2 % 4 !== 0) return -EINVAL;
  const place = writableRange(t, at2, 4);
  if (place < 0) return place;
  const operation = (encoded >>> 28) & 7, compare = (encoded >>> 24) & 15;
  let operand = (encoded << 8) >> 20;
  const compareWith = (encoded << 20) >> 20;
  if ((encoded >>> 28) & futex.FUTEX_OP_OPARG_SHIFT) operand = 1 << (operand & 31);
  const old = loadI32(t.memory, place);
  const changed = applyOp(operation, old, operand), passes = compares(compare, old, compareWith);
  if (changed === null || passes === null) return -ENOSYS;
  storeU32(t.memory, place, changed >>> 0);
  const space = t.process.space;
  const wake = (address: number, n: number) =>
    wakeFutex(futexQueues(space, address, op), futexKey(space, address, op), n, futex.FUTEX_BITSET_MATCH_ANY);
  const woken = wake(at, count);
  return passes ? woken + wake(at2, count2) : woken;
}

function applyOp(op: number, old: number, operand: number): number | null {
  switch (op) {
    case futex.FUTEX_OP_SET:
      return operand;
    case futex.FUTEX_OP_ADD:
      return (old + operand) | 0;
    case futex.FUTEX_OP_OR:
      return old | operand;
    case futex.FUTEX_OP_ANDN:
      return old & ~operand;
    case futex.FUTEX_OP_XOR:
      return old ^ operand;
    default:
      return null;
  }
}

function compares(compare: number, old: number, operand: number): boolean | null {
  switch (compare) {
    case futex.FUTEX_OP_CMP_EQ:
      return old === operand;
    case futex.FUTEX_OP_CMP_NE:
      return old !== operand;
    case futex.FUTEX_OP_CMP_LT:
      return old < operand;
    case futex.FUTEX_OP_CMP_LE:
      return old <= operand;
    case futex.FUTEX_OP_CMP_GT:
      return old > operand;
    case futex.FUTEX_OP_CMP_GE:
      return old >= operand;
    default:
      return null;
  }
}

function sysSetRobustList(_k: Kernel, t: Task, head: number, size: number): number {
  if (size !== ROBUST_LIST_HEAD_BYTES) return -EINVAL;
  t.robustList = head >>> 0;
  return 0;
}

function sysGetRobustList(k: Kernel, t: Task, pid: number, head: number, size: number): number {
  const other = pid === 0 ? t : k.tasks.get(pid);
  if (other === undefined) return -ESRCH;
  if (other.process.credentials.uid !== t.process.credentials.uid && !t.process.credentials.privileged) return -EPERM;
  const error = writeU64(t, size, ROBUST_LIST_HEAD_BYTES);
  return error < 0 ? error : writeU64(t, head, other.robustList);
}

function sysSetTidAddress(_k: Kernel, t: Task, address: number): number {
  t.clearChildTid = address >>> 0;
  return t.tid;
}

export const futexRows: readonly (readonly [number, SyscallRow])[] = [
  [
    SYS_futex,
    partial("futex", sysFutex, "no WAIT_REQUEUE_PI; one priority for all, so PI locks inherit none", [
      "uaddr",
      "op",
      "val",
      "timeout",
      "uaddr2",
      "val3",
    ]),
  ],
  [SYS_set_robust_list, full("set_robust_list", sysSetRobustList, ["head", "size:int"])],
  [SYS_get_robust_list, full("get_robust_list", sysGetRobustList, ["pid:int", "head", "size"])],
  [SYS_set_tid_address, full("set_tid_address", sysSetTidAddress, ["tidptr"])],
];
