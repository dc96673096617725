import type { Kernel } from "../kernel.ts";
import type { Process } from "./process.ts";
import { Task } from "./task.ts";

/** What a CPU-time clock measures: all threads of a process, or one thread. */
export type CpuClock = Process | Task;

/** CPU time of a process or thread in nanoseconds, the running slice of the current one included. */
export function cpuClockNs(k: Kernel, clock: CpuClock): number {
  return clock instanceof Task ? taskCpuNs(k, clock) : processCpuNs(k, clock);
}

/** CPU time of all threads, those that have ended included. */
export function processCpuNs(k: Kernel, p: Process): number {
  let ns = p.cpuNs;
  for (const t of p.tasks) ns += taskCpuNs(k, t);
  return ns;
}

export function taskCpuNs(k: Kernel, t: Task): number {
  return t === k.currentTask ? t.cpuNs + Math.max(0, k.clock.monotonicNs() - k.sliceStartNs) : t.cpuNs;
}
