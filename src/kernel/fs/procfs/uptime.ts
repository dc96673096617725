import type { Kernel } from "../../kernel.ts";

/** /proc/uptime: seconds since boot, and seconds idle over all CPUs. */
export function uptime(k: Kernel): string {
  const seconds = ((k.clock.monotonicNs() - k.clock.bootNs) / 1e9).toFixed(2);
  return `${seconds} ${seconds}\n`;
}
