import type { Kernel } from "../../../kernel.ts";
import type { Process } from "../../../task/process.ts";

/** /proc/<pid>/auxv: what the loader put on the stack. */
export function auxv(_k: Kernel, p: Process): Uint8Array {
  return p.space.auxv;
}
