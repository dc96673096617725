import type { Process } from "../../../task/process.ts";
import { type Task, TASK_BLOCKED } from "../../../task/task.ts";

/** The state letter of ps(1). */
export function stateLetter(p: Process, thread: Task | undefined): string {
  if (p.zombie || thread === undefined) return "Z";
  if (p.stopSignal !== 0) return "T";
  return thread.state === TASK_BLOCKED ? "S" : "R";
}

/** What status shows after the letter. */
export const STATE_NAMES: Record<string, string> = { Z: "zombie", T: "stopped", S: "sleeping", R: "running" };
