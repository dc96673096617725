import type { Kernel } from "../../../kernel.ts";
import type { Process } from "../../../task/process.ts";
import { EINVAL } from "../../../abi/errno.ts";

/** /proc/<pid>/oom_score_adj: valid values are taken and forgotten; nobody is killed for memory. */
export function setOomScoreAdj(_k: Kernel, _p: Process, text: string): number {
  const n = Number(text.trim());
  return Number.isInteger(n) && n >= -1000 && n <= 1000 ? 0 : -EINVAL;
}
