import { CPU_LEVELS, type CpuLevel } from "../machine/cpu_level.ts";
import { UsageError } from "./usage.ts";

/** The value of `--cpu`. */
export function parseCpuLevel(text: string): CpuLevel {
  const level = CPU_LEVELS.find((known) => known === text);
  if (level === undefined) throw new UsageError(`--cpu ${text}: want ${CPU_LEVELS.join(" or ")}`);
  return level;
}
