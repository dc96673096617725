import { EIO } from "../../abi/errno.ts";
import { SI_KERNEL, SIG_IGN, SIGTTIN, SIGTTOU } from "../../abi/signal.ts";
import type { Kernel } from "../../kernel.ts";
import { parkUntil } from "../../task/block.ts";
import type { Process } from "../../task/process.ts";
import { makeSignal } from "../../task/signal.ts";
import { isOrphanedGroup } from "../../task/orphaned_group.ts";
import { maskHas, sendToProcess } from "../../task/signals.ts";
import type { Task } from "../../task/task.ts";
import type { Terminal } from "./terminal.ts";

/** Sends to all processes of a group, but not to one. */
export function signalGroup(k: Kernel, pgid: number, signal: number, except: Process | null = null): void {
  for (const p of [...k.processes.values()]) {
    if (p.pgid === pgid && !p.zombie && p !== except) sendToProcess(p, makeSignal(signal, SI_KERNEL));
  }
}

/**
 * What a process in the background gets that reads (SIGTTIN) or changes the terminal (SIGTTOU): it is stopped, and the call
 * is tried again when it goes on (__tty_check_change). 0: it may; otherwise the result of the call.
 */
export function backgroundResult(k: Kernel, t: Task, terminal: Terminal, signal: number): number {
  const p = t.process;
  if (terminal.session !== p.sid || terminal.foreground === 0 || p.pgid === terminal.foreground) return 0;
  const isHeldBack = maskHas(t.signalMask, signal) || p.signalHandlers.handler[signal] === SIG_IGN;
  if (isHeldBack) return signal === SIGTTIN ? -EIO : 0;
  if (isOrphanedGroup(k, p.pgid, null)) return -EIO;
  signalGroup(k, p.pgid, signal);
  return parkUntil(t, k.clock.monotonicNs());
}

/** SIGTTOU for changes of settings, whatever TOSTOP says. */
export function mayChange(k: Kernel, t: Task, terminal: Terminal): number {
  return backgroundResult(k, t, terminal, SIGTTOU);
}
