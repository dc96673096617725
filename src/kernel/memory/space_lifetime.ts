import type { Kernel } from "../kernel.ts";
import { dropDescription } from "../task/fd_table.ts";
import type { Process } from "../task/process.ts";
import { flushSpace, leaveShared } from "./shared_pages.ts";

/**
 * A process lets go of its memory (exit, execve). The last one frees it; a parent suspended by vfork(2) goes on. The machine
 * is disposed of later, because its compiled code may still be on the host's stack.
 */
export function leaveSpace(k: Kernel, p: Process): void {
  const space = p.space;
  if (p.vforkDone !== null) {
    p.vforkDone.wake();
    p.vforkDone = null;
  }
  if (--space.users > 0) return;
  flushSpace(k, space);
  for (const { pages } of space.shared) leaveShared(space, pages);
  space.shared = [];
  for (const v of space.vmas) if (v.file !== null) dropDescription(k, v.file);
  const mapped = space.vmas;
  space.vmas = [];
  space.access = new Uint8Array(0);
  space.futexes.clear();
  if (space.hasMachine) k.dyingSpaces.push({ space, mapped });
}
