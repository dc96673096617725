import { DEFAULT_CPU_LEVEL } from "./cpu_level.ts";
import type { MachineClient, MappedRange } from "./machine.ts";

const EVERYTHING: MappedRange = { start: 0, end: 0xffffffff };

/** A client that grants nothing: for machines that nobody has taken yet, and for code that makes no system calls. */
export const NO_CLIENT: MachineClient = {
  syscall: () => 1,
  wantsYield: () => false,
  tscNs: () => 0,
  codeTraits: () => 0,
  writableCodeAround: () => EVERYTHING,
  cpuLevel: DEFAULT_CPU_LEVEL,
  accessible: () => EVERYTHING,
  stackEnd: (address) => address,
  random32: () => 0,
  awaitedArrived() {},
};
