import type { Kernel } from "../../../kernel.ts";
import type { Process } from "../../../task/process.ts";
import type { Task } from "../../../task/task.ts";
import { CLOCK_TICKS_PER_SECOND } from "../../../abi/time.ts";
import { stateLetter } from "./state.ts";
import { pagesOf } from "./statm.ts";

/** The priority of nice value 0, as shown. */
const NICE_ZERO_PRIORITY = 20;

/** /proc/<pid>/stat: 52 fields on one line (proc_pid_stat(5)). */
export function stat(k: Kernel, p: Process, thread: Task | undefined): string {
  const ticks = (ns: number) => Math.floor(ns / (1e9 / CLOCK_TICKS_PER_SECOND));
  const pages = pagesOf(p), s = p.space, terminal = k.terminals.controlling(p);
  const cpuNs = p.cpuNs + p.tasks.reduce((sum, t) => sum + t.cpuNs, 0);
  const { nice } = thread ?? p.tasks[0] ?? { nice: 0 };
  const fields = [
    thread?.tid ?? p.pid,
    `(${thread?.name ?? p.nameAtExit})`,
    stateLetter(p, thread),
    p.parent?.pid ?? 0,
    p.pgid,
    p.sid,
    terminal?.inode.rdev ?? 0,
    terminal?.foreground ?? -1,
    4194304, // flags
    ...[0, 0, 0, 0], // faults
    ticks(cpuNs),
    0, // stime
    ticks(p.childrenCpuNs),
    0,
    NICE_ZERO_PRIORITY + nice,
    nice,
    p.tasks.length,
    0,
    ticks(p.startNs - p.kernel.clock.bootNs),
    pages.size * 4096,
    pages.resident,
    "18446744073709551615",
    ...[s.vmas[0]?.start ?? 0, s.vmas[0]?.end ?? 0, s.stackTop, 0, 0],
    ...[0, 0, 0, 0, 0, 0, 0], // signals, wchan, swaps
    p.exitSignal,
    ...[0, 0, 0, 0, 0, 0], // processor, scheduling, delays, guest time
    ...[0, 0], // start_data, end_data
    s.brkStart,
    s.argStart,
    s.argEnd,
    s.envStart,
    s.envEnd,
    p.exitStatus,
  ];
  return `${fields.join(" ")}\n`;
}
