import type { Kernel } from "../../../kernel.ts";
import type { Process } from "../../../task/process.ts";

/** Rows by RLIMIT_ number: name and unit (fs/proc/base.c: lnames). */
const ROWS: [string, string][] = [
  ["Max cpu time", "seconds"],
  ["Max file size", "bytes"],
  ["Max data size", "bytes"],
  ["Max stack size", "bytes"],
  ["Max core file size", "bytes"],
  ["Max resident set", "bytes"],
  ["Max processes", "processes"],
  ["Max open files", "files"],
  ["Max locked memory", "bytes"],
  ["Max address space", "bytes"],
  ["Max file locks", "locks"],
  ["Max pending signals", "signals"],
  ["Max msgqueue size", "bytes"],
  ["Max nice priority", ""],
  ["Max realtime priority", ""],
  ["Max realtime timeout", "us"],
];

/** /proc/<pid>/limits. */
export function limits(_k: Kernel, p: Process): string {
  const show = (n: number) => n === Infinity ? "unlimited" : String(n);
  const row = (a: string, b: string, c: string, d: string) =>
    `${a.padEnd(25)} ${b.padEnd(20)} ${c.padEnd(20)} ${d.padEnd(10)}\n`;
  return row("Limit", "Soft Limit", "Hard Limit", "Units") +
    ROWS.map(([name, unit], i) => row(name, show(p.limits.soft[i]), show(p.limits.hard[i]), unit)).join("");
}
