import type { Kernel } from "../../kernel.ts";
import { TOTAL_RAM_BYTES } from "../../syscalls/system_info.ts";

/** /proc/meminfo: one guest's share, as if nothing else ran. */
export function meminfo(k: Kernel): string {
  let used = 0;
  for (const p of k.processes.values()) if (!p.zombie) used += p.space.memoryBytes;
  const total = TOTAL_RAM_BYTES / 1024, free = Math.max(0, total - Math.ceil(used / 1024));
  const rows: [string, number][] = [
    ["MemTotal", total],
    ["MemFree", free],
    ["MemAvailable", free],
    ["Buffers", 0],
    ["Cached", 0],
    ["SwapCached", 0],
    ["Active", total - free],
    ["Inactive", 0],
    ["SwapTotal", 0],
    ["SwapFree", 0],
    ["Dirty", 0],
    ["AnonPages", total - free],
    ["Mapped", 0],
    ["Shmem", 0],
    ["Slab", 0],
    ["SReclaimable", 0],
    ["CommitLimit", total],
    ["Committed_AS", total - free],
    ["VmallocTotal", 34359738367],
    ["HugePages_Total", 0],
    ["Hugepagesize", 2048],
  ];
  return rows.map(([name, kb]) => {
    const unit = name === "HugePages_Total" ? "" : " kB";
    return `${`${name}:`.padEnd(15)} ${String(kb).padStart(8)}${unit}\n`;
  }).join("");
}
