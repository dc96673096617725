import type { CpuLevel } from "./cpu_level.ts";
import type { GuestMemory } from "./guest_memory.ts";
import type { TrapSite } from "./trap_table.ts";

/** Finds out what a processor would show at a fault. */
export interface FaultReplay {
  /**
   * Makes the state block hold the registers as they were just before the faulting instruction, as far as they can be known
   * (`stale` ones cannot), and for STOP_SEGV sets STATE_STOP_INFO, STATE_FAULT_HIGH and STATE_FAULT_ERROR. `runs` are the
   * straight runs of instructions that came before, the first one first.
   */
  replay(memory: GuestMemory, runs: readonly TrapSite[], pc: number, stop: number, level: CpuLevel): void;
}
