import type { Kernel } from "../../../kernel.ts";
import type { Process } from "../../../task/process.ts";
import { countFilters, seccompMode } from "../../../task/seccomp.ts";
import type { Signal } from "../../../task/signal.ts";
import type { Task } from "../../../task/task.ts";
import { SIG_DFL, SIG_IGN } from "../../../abi/signal.ts";
import { STATE_NAMES, stateLetter } from "./state.ts";
import { pagesOf } from "./statm.ts";

/** /proc/<pid>/status (proc_pid_status(5)). */
export function status(_k: Kernel, p: Process, thread: Task | undefined): string {
  const c = p.credentials, pages = pagesOf(p), state = stateLetter(p, thread);
  const kb = (n: number) => `${String(n * 4).padStart(8)} kB`;
  const rows: [string, string | number][] = [
    ["Name", thread?.name ?? p.nameAtExit],
    ["Umask", `0${p.fs.umask.toString(8).padStart(3, "0")}`],
    ["State", `${state} (${STATE_NAMES[state]})`],
    ["Tgid", p.pid],
    ["Ngid", 0],
    ["Pid", thread?.tid ?? p.pid],
    ["PPid", p.parent?.pid ?? 0],
    ["TracerPid", 0],
    ["Uid", [c.uid, c.euid, c.suid, c.fsuid].join("\t")],
    ["Gid", [c.gid, c.egid, c.sgid, c.fsgid].join("\t")],
    ["FDSize", Math.max(64, p.fds.size)],
    ["Groups", `${c.groups.join(" ")} `],
    ["VmPeak", kb(pages.size)],
    ["VmSize", kb(pages.size)],
    ["VmLck", kb(0)],
    ["VmPin", kb(0)],
    ["VmHWM", kb(pages.resident)],
    ["VmRSS", kb(pages.resident)],
    ["RssAnon", kb(pages.resident - pages.shared)],
    ["RssFile", kb(pages.shared)],
    ["RssShmem", kb(0)],
    ["VmData", kb(pages.data)],
    ["VmStk", kb(33)],
    ["VmExe", kb(pages.text)],
    ["VmLib", kb(0)],
    ["VmPTE", kb(0)],
    ["VmSwap", kb(0)],
    ["Threads", p.tasks.length],
    ["SigQ", `${p.pendingSignals.length}/4096`],
    ["SigPnd", pendingMask(thread?.pendingSignals ?? [])],
    ["ShdPnd", pendingMask(p.pendingSignals)],
    ["SigBlk", thread === undefined ? maskText(0, 0) : maskText(thread.signalMask[0], thread.signalMask[1])],
    ["SigIgn", handlerMask(p, (h) => h === SIG_IGN)],
    ["SigCgt", handlerMask(p, (h) => h !== SIG_IGN && h !== SIG_DFL)],
    ["CapInh", maskText(c.inheritable, 0)],
    ["CapPrm", maskText(c.permitted, 0)],
    ["CapEff", maskText(c.effective, 0)],
    ["CapBnd", maskText(c.bounding, 0)],
    ["CapAmb", maskText(c.ambient, 0)],
    ["NoNewPrivs", p.noNewPrivs ? 1 : 0],
    ["Seccomp", thread === undefined ? 0 : seccompMode(thread)],
    ["Seccomp_filters", thread === undefined ? 0 : countFilters(thread)],
    ["Speculation_Store_Bypass", "not vulnerable"],
    ["Cpus_allowed", 1],
    ["Cpus_allowed_list", 0],
    ["Mems_allowed", "00000000,00000001"],
    ["Mems_allowed_list", 0],
    ["voluntary_ctxt_switches", 0],
    ["nonvoluntary_ctxt_switches", 0],
  ];
  return rows.map(([name, value]) => `${name}:\t${value}\n`).join("");
}

function maskText(low: number, high: number): string {
  const hex = (n: number) => (n >>> 0).toString(16).padStart(8, "0");
  return hex(high) + hex(low);
}

function maskOf(has: (signal: number) => boolean): string {
  let low = 0, high = 0;
  for (let n = 1; n <= 64; n++) {
    if (!has(n)) continue;
    if (n <= 32) low |= 1 << (n - 1);
    else high |= 1 << (n - 33);
  }
  return maskText(low, high);
}

function pendingMask(pending: readonly Signal[]): string {
  return maskOf((n) => pending.some((s) => s.number === n));
}

function handlerMask(p: Process, is: (handler: number) => boolean): string {
  return maskOf((n) => is(p.signalHandlers.handler[n]));
}
