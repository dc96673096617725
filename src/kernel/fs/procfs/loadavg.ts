import type { Kernel } from "../../kernel.ts";
import { TASK_RUNNABLE } from "../../task/task.ts";

/** /proc/loadavg: nothing is averaged here; runnable and all tasks, and the newest pid. */
export function loadavg(k: Kernel): string {
  let running = 0, newest = 0;
  for (const t of k.tasks.values()) {
    if (t.state === TASK_RUNNABLE) running++;
    newest = Math.max(newest, t.tid);
  }
  return `0.00 0.00 0.00 ${running}/${k.tasks.size} ${newest}\n`;
}
