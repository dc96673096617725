import type { Kernel } from "../../../kernel.ts";
import type { Process } from "../../../task/process.ts";
import type { Task } from "../../../task/task.ts";

/** TASK_COMM_LEN less the NUL. */
const COMM_BYTES = 15;

/** /proc/<pid>/comm. */
export function comm(_k: Kernel, p: Process, thread: Task | undefined): string {
  return `${thread?.name ?? p.nameAtExit}\n`;
}

export function setComm(_k: Kernel, p: Process, text: string): number {
  const leader = p.tasks[0];
  if (leader !== undefined) leader.name = text.replace(/\n$/, "").slice(0, COMM_BYTES);
  return 0;
}
