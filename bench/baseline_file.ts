/**
 * bench/baseline.json: sizes, which are the same everywhere, and speeds by processor. The same code is up to a third nearer to
 * native on one processor than on another, so that a ratio only tells something beside one of its own kind.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Baseline } from "./ratio_changes.ts";

interface BaselineFile {
  size: Baseline[string];
  /** By processor: the benchmarks whose ratios are of time. */
  processors: Record<string, Baseline>;
}

/** What to compare with. */
export interface KnownRatios {
  ratios: Baseline;
  /** The processor that they were recorded on; null if there are no speeds. */
  processor: string | null;
}

/** Ratios recorded on this processor or, where there are none, on another one. */
export function readBaseline(path: string, processor: string): KnownRatios {
  const { size, processors } = read(path);
  const known = Object.hasOwn(processors, processor) ? processor : Object.keys(processors)[0] ?? null;
  return { ratios: { ...known === null ? {} : processors[known], size }, processor: known };
}

/** Puts ratios in that were measured on a processor. With `keep`, what else is known of it stays. */
export function recordBaseline(path: string, processor: string, { size, ...speeds }: Baseline, keep: boolean): void {
  const file = read(path), known = keep ? file.processors[processor] ?? {} : {};
  for (const [benchmark, programs] of Object.entries(speeds)) {
    known[benchmark] = { ...known[benchmark], ...programs };
  }
  const processors = { ...file.processors, [processor]: known };
  const all: BaselineFile = { size: keep ? { ...file.size, ...size } : size, processors };
  writeFileSync(path, `${JSON.stringify(all, null, 1)}\n`);
}

function read(path: string): BaselineFile {
  const found: Partial<BaselineFile> = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
  return { size: found.size ?? {}, processors: found.processors ?? {} };
}

/** The processor of this machine, as "AuthenticAMD, family 25, model 17" (proc_cpuinfo(5)). */
export function processorName(cpuinfo: string = readFileSync("/proc/cpuinfo", "utf8")): string {
  const field = (name: string) => new RegExp(`^${name}\\s*:\\s*(.*)$`, "m").exec(cpuinfo)?.[1] ?? "unknown";
  return `${field("vendor_id")}, family ${field("cpu family")}, model ${field("model")}`;
}
