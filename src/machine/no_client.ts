import { DEFAULT_CPU_LEVEL } from "./cpu_level.ts";
import type { MachineClient } from "./machine.ts";

/** A client that grants nothing: for machines that nobody has taken yet, and for code that makes no system calls. */
export const NO_CLIENT: MachineClient = {
  syscall: () => 1,
  wantsYield: () => false,
  tscNs: () => 0,
  codeTraits: () => 0,
  cpuLevel: DEFAULT_CPU_LEVEL,
  random32: () => 0,
};
