import { SI_KERNEL, SIGCONT, SIGHUP } from "../abi/signal.ts";
import type { Kernel } from "../kernel.ts";
import type { Process } from "./process.ts";
import { makeSignal } from "./signal.ts";
import { sendToProcess } from "./signals.ts";

/**
 * Whether no member of a process group has a parent in the session but outside the group: nobody is there who would continue
 * its jobs (POSIX, "orphaned process group"). `leaving` does not count any more.
 */
export function isOrphanedGroup(k: Kernel, pgid: number, leaving: Process | null): boolean {
  for (const p of k.processes.values()) {
    if (p.pgid !== pgid || p === leaving || p.zombie || p.parent === null) continue;
    if (p.parent.pgid !== pgid && p.parent.sid === p.sid) return false;
  }
  return true;
}

/**
 * `p` is losing `parent`, or (without one given) ends itself: if that orphans its group and a member is stopped, all get SIGHUP
 * and go on (POSIX, _exit, "Consequences of Process Termination").
 */
export function releaseOrphanedGroup(k: Kernel, p: Process, parent: Process | null): void {
  const keeper = parent ?? p.parent, leaving = parent === null ? p : null;
  if (keeper === null || keeper.pgid === p.pgid || keeper.sid !== p.sid) return;
  if (!isOrphanedGroup(k, p.pgid, leaving)) return;
  const members = [...k.processes.values()].filter((m) => m.pgid === p.pgid);
  if (!members.some((m) => m.stopSignal !== 0)) return;
  for (const m of members) {
    sendToProcess(m, makeSignal(SIGHUP, SI_KERNEL));
    sendToProcess(m, makeSignal(SIGCONT, SI_KERNEL));
  }
}
