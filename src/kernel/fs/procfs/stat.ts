import type { Kernel } from "../../kernel.ts";
import { CLOCK_TICKS_PER_SECOND } from "../../abi/time.ts";
import { TASK_RUNNABLE } from "../../task/task.ts";

/** /proc/stat: system-wide counters. All CPU time counts as user time. */
export function stat(k: Kernel): string {
  const tick = 1e9 / CLOCK_TICKS_PER_SECOND;
  let usedNs = 0, running = 0;
  for (const p of k.processes.values()) usedNs += p.cpuNs;
  for (const t of k.tasks.values()) {
    usedNs += t.cpuNs;
    if (t.state === TASK_RUNNABLE) running++;
  }
  const uptimeNs = k.clock.monotonicNs() - k.clock.bootNs;
  const user = Math.floor(usedNs / tick), idle = Math.max(0, Math.floor(uptimeNs / tick) - user);
  const bootSeconds = Math.floor(k.clock.realtimeMs() / 1000 - uptimeNs / 1e9);
  const times = `${user} 0 0 ${idle} 0 0 0 0 0 0`;
  return `cpu  ${times}\ncpu0 ${times}\nintr 0\nctxt 0\nbtime ${bootSeconds}\nprocesses ${k.tasks.size}\n` +
    `procs_running ${Math.max(1, running)}\nprocs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n`;
}
