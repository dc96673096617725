import type { Kernel } from "../../../kernel.ts";
import type { Process } from "../../../task/process.ts";
import type { Task } from "../../../task/task.ts";

/** /proc/<pid>/schedstat: nanoseconds on the CPU and waiting for it, and turns; the last two are not counted. */
export function schedstat(_k: Kernel, p: Process, thread: Task | undefined): string {
  return `${Math.floor(thread?.cpuNs ?? p.cpuNs)} 0 1\n`;
}
