import type { Kernel } from "../kernel.ts";
import { parkUntil } from "../task/block.ts";
import { hasDeliverableSignal } from "../task/signals.ts";
import type { Task } from "../task/task.ts";
import { loadU64, readableRange, writableRange } from "../memory/user_memory.ts";
import { applySignalMask, deadlineOf, readTimeout, timedOut, writeRemaining } from "./poll_timeout.ts";
import { full, type SyscallRow } from "./support.ts";
import { POLL_ALWAYS, POLLFD_BYTES, POLLNVAL, SELECT_EX, SELECT_IN, SELECT_OUT } from "../abi/poll.ts";
import { EBADF, EINVAL } from "../abi/errno.ts";
import { SYS_poll, SYS_ppoll, SYS_pselect6, SYS_select } from "../abi/syscall_numbers.ts";
import { RLIMIT_NOFILE } from "../abi/resource.ts";

function sysPoll(k: Kernel, t: Task, fdsPointer: number, count: number, timeoutMs: number): number {
  return poll(k, t, fdsPointer, count, timeoutMs < 0 ? Infinity : timeoutMs * 1e6);
}

function sysPpoll(
  k: Kernel,
  t: Task,
  fdsPointer: number,
  count: number,
  timeoutPointer: number,
  maskPointer: number,
  maskSize: number,
): number {
  const timeoutNs = t.restart === null ? readTimeout(t, timeoutPointer, 1) : 0;
  if (timeoutNs < 0) return timeoutNs;
  const bad = applySignalMask(t, maskPointer, maskSize);
  if (bad) return bad;
  const ready = unlessInterrupted(t, poll(k, t, fdsPointer, count, timeoutNs));
  if (ready >= 0) writeRemaining(k, t, timeoutPointer, 1);
  return ready;
}

/**
 * A signal that the call's mask lets in comes before a timeout that is over, be it 0 (fs/select.c, do_poll); as if the
 * call had waited for it.
 */
function unlessInterrupted(t: Task, ready: number): number {
  if (ready !== 0 || t.savedSignalMask === null || !t.signalDeliverable) return ready;
  return hasDeliverableSignal(t) ? parkUntil(t, Infinity) : ready;
}

function poll(k: Kernel, t: Task, fdsPointer: number, count: number, timeoutNs: number): number {
  const n = count >>> 0;
  if (n > t.process.limits.soft[RLIMIT_NOFILE]) return -EINVAL;
  const at = writableRange(t, fdsPointer, n * POLLFD_BYTES);
  if (at < 0) return at;
  const view = t.memory.view, fds = t.process.fds;
  let ready = 0;
  for (let i = 0, p = at; i < n; i++, p += POLLFD_BYTES) {
    const fd = view.getInt32(p, true);
    let revents = 0;
    if (fd >= 0) {
      const d = fds.get(fd);
      revents = d === undefined ? POLLNVAL : d.poll() & (view.getUint16(p + 4, true) | POLL_ALWAYS | POLLNVAL);
    }
    view.setUint16(p + 6, revents, true);
    if (revents !== 0) ready++;
  }
  if (ready > 0 || timeoutNs === 0 && t.restart === null || timedOut(t)) return ready;
  const deadline = deadlineOf(k, t, timeoutNs);
  for (let i = 0, p = at; i < n; i++, p += POLLFD_BYTES) {
    const d = fds.get(view.getInt32(p, true));
    if (d !== undefined) d.readiness.add(t);
  }
  return parkUntil(t, deadline);
}

function sysSelect(
  k: Kernel,
  t: Task,
  n: number,
  reads: number,
  writes: number,
  excepts: number,
  timeoutPointer: number,
): number {
  const timeoutNs = t.restart === null ? readTimeout(t, timeoutPointer, 1000) : 0;
  if (timeoutNs < 0) return timeoutNs;
  const ready = select(k, t, n, reads, writes, excepts, timeoutNs);
  if (ready >= 0) writeRemaining(k, t, timeoutPointer, 1000);
  return ready;
}

/** The sixth argument points to the mask's address and size. */
function sysPselect6(
  k: Kernel,
  t: Task,
  n: number,
  reads: number,
  writes: number,
  excepts: number,
  timeoutPointer: number,
  maskArgument: number,
): number {
  const timeoutNs = t.restart === null ? readTimeout(t, timeoutPointer, 1) : 0;
  if (timeoutNs < 0) return timeoutNs;
  if (maskArgument !== 0) {
    const at = readableRange(t, maskArgument, 16);
    if (at < 0) return at;
    const bad = applySignalMask(t, loadU64(t.memory, at), loadU64(t.memory, at + 8));
    if (bad) return bad;
  }
  const ready = unlessInterrupted(t, select(k, t, n, reads, writes, excepts, timeoutNs));
  if (ready >= 0) writeRemaining(k, t, timeoutPointer, 1);
  return ready;
}

/** Sets of descriptors as select leaves them: up to 1024 bits each, by set. */
const results = [new Uint32Array(2048), new Uint32Array(2048), new Uint32Array(2048)];
const WANTED = [SELECT_IN, SELECT_OUT, SELECT_EX];

function select(
  k: Kernel,
  t: Task,
  n: number,
  reads: number,
  writes: number,
  excepts: number,
  timeoutNs: number,
): number {
  if (n < 0) return -EINVAL;
  const fds = t.process.fds;
  const count = Math.min(n, fds.size, results[0].length * 32);
  const bytes = Math.ceil(n / 64) * 8, words = Math.ceil(count / 32);
  const at = [-1, -1, -1], pointers = [reads, writes, excepts];
  for (let set = 0; set < 3; set++) {
    if (pointers[set] === 0) continue;
    at[set] = writableRange(t, pointers[set], bytes);
    if (at[set] < 0) return at[set];
    results[set].fill(0, 0, words);
  }
  const view = t.memory.view;
  const asked = (set: number, word: number) => at[set] < 0 ? 0 : view.getUint32(at[set] + word * 4, true);
  // A bit for a descriptor beyond those that are open is an error only if it is within the table's size in Linux; here always.
  for (let word = words; word < Math.ceil(n / 32); word++) {
    if (asked(0, word) | asked(1, word) | asked(2, word)) return -EBADF;
  }
  let ready = 0;
  for (let word = 0; word < words; word++) {
    const all = asked(0, word) | asked(1, word) | asked(2, word);
    if (all === 0) continue;
    for (let bit = 0; bit < 32; bit++) {
      if (!(all & (1 << bit))) continue;
      const fd = word * 32 + bit;
      if (fd >= n) break;
      const d = fds.get(fd);
      if (d === undefined) return -EBADF;
      const events = d.poll();
      for (let set = 0; set < 3; set++) {
        if (!(asked(set, word) & (1 << bit)) || !(events & WANTED[set])) continue;
        results[set][word] |= 1 << bit;
        ready++;
      }
    }
  }
  if (ready === 0 && !(timeoutNs === 0 && t.restart === null) && !timedOut(t)) {
    const deadline = deadlineOf(k, t, timeoutNs);
    for (let word = 0; word < words; word++) {
      const all = asked(0, word) | asked(1, word) | asked(2, word);
      for (let bit = 0; bit < 32; bit++) {
        if (all & (1 << bit)) fds.get(word * 32 + bit)?.readiness.add(t);
      }
    }
    return parkUntil(t, deadline);
  }
  for (let set = 0; set < 3; set++) {
    if (at[set] < 0) continue;
    for (let word = 0; word < bytes / 4; word++) {
      view.setUint32(at[set] + word * 4, word < words ? results[set][word] : 0, true);
    }
  }
  return ready;
}

export const pollRows: [number, SyscallRow][] = [
  [SYS_poll, full("poll", sysPoll, ["fds", "nfds:uint", "timeout:int"])],
  [SYS_ppoll, full("ppoll", sysPpoll, ["fds", "nfds:uint", "timeout", "sigmask", "sigsetsize:uint"])],
  [SYS_select, full("select", sysSelect, ["n:int", "reads", "writes", "excepts", "timeout"])],
  [SYS_pselect6, full("pselect6", sysPselect6, ["n:int", "reads", "writes", "excepts", "timeout", "sigmask"])],
];
