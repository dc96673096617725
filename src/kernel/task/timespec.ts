import { EINVAL } from "../abi/errno.ts";
import { NS_PER_SECOND } from "../abi/time.ts";
import type { Kernel } from "../kernel.ts";
import { loadI64, readableRange, storeU64, writableRange } from "../memory/user_memory.ts";
import type { GuestMemory } from "../../machine/guest_memory.ts";
import type { Task } from "./task.ts";

/**
 * struct timespec and timeval. In the kernel a time is one number of nanoseconds; wall-clock times are beyond 2^53 ns by
 * now, so they are kept as milliseconds with a fraction where it matters (Clock.realtimeMs).
 */
export const TIMESPEC_BYTES = 16;

/** Reads a struct timespec as nanoseconds; -EFAULT or -EINVAL. Good for durations and monotonic times; clipped far out. */
export function readTimespecNs(t: Task, pointer: number): number {
  const at = readableRange(t, pointer, TIMESPEC_BYTES);
  if (at < 0) return at;
  const seconds = loadI64(t.memory, at), ns = loadI64(t.memory, at + 8);
  if (seconds < 0 || ns < 0 || ns >= NS_PER_SECOND) return -EINVAL;
  return seconds * NS_PER_SECOND + ns;
}

/** Reads a struct timeval as nanoseconds; -EFAULT or -EINVAL. */
export function readTimevalNs(t: Task, pointer: number): number {
  const at = readableRange(t, pointer, TIMESPEC_BYTES);
  return at < 0 ? at : loadTimevalNs(t.memory, at);
}

export function loadTimevalNs(m: GuestMemory, at: number): number {
  const seconds = loadI64(m, at), us = loadI64(m, at + 8);
  if (seconds < 0 || us < 0 || us >= 1e6) return -EINVAL;
  return seconds * NS_PER_SECOND + us * 1000;
}

export function storeTimespec(m: GuestMemory, at: number, ns: number): void {
  const seconds = Math.floor(ns / NS_PER_SECOND);
  storeU64(m, at, seconds);
  storeU64(m, at + 8, ns - seconds * NS_PER_SECOND);
}

export function storeTimeval(m: GuestMemory, at: number, ns: number): void {
  const seconds = Math.floor(ns / NS_PER_SECOND);
  storeU64(m, at, seconds);
  storeU64(m, at + 8, Math.floor((ns - seconds * NS_PER_SECOND) / 1000));
}

/** 0 or -EFAULT. */
export function writeTimespec(t: Task, pointer: number, ns: number): number {
  const at = writableRange(t, pointer, TIMESPEC_BYTES);
  if (at < 0) return at;
  storeTimespec(t.memory, at, ns);
  return 0;
}

/**
 * The monotonic time of an absolute time on a clock. A realtime deadline is translated once, when the wait begins: setting
 * the wall clock meanwhile does not move it.
 */
export function monotonicDeadline(k: Kernel, ns: number, clock: "monotonic" | "realtime"): number {
  if (clock === "monotonic") return ns;
  return k.clock.monotonicNs() + Math.max(0, ns - k.clock.realtimeMs() * 1e6);
}

/**
 * Deadline of a call with a relative timeout at `pointer` (NULL: none). Kept in t.restart by the caller between tries;
 * negative errno on a bad timespec.
 */
export function deadlineAfter(k: Kernel, t: Task, pointer: number): number {
  if (pointer === 0) return Infinity;
  const ns = readTimespecNs(t, pointer);
  return ns < 0 ? ns : k.clock.monotonicNs() + ns;
}
