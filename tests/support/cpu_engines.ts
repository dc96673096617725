/** The engines that tests/cpu_test.ts runs the instruction cases through. */
import type { CpuEngine } from "./cpu_cases.ts";

export const CPU_ENGINES: readonly CpuEngine[] = [];
