import type { CpuLevel } from "./cpu_level.ts";
import type { GuestMemory } from "./guest_memory.ts";

/** Where guest code has faulted, and what the state block tells of the registers. */
export interface FaultSite {
  /** The faulting instruction. */
  pc: number;
  /** Start of the straight run of instructions that it ends: the state block has the registers as they were there... */
  start: number;
  /** ...except for these variables (masks of variables 0..31, and from 32 on): theirs were in locals of compiled code. */
  stale: number;
  staleHigh: number;
}

/** Finds out what a processor would show at a fault. */
export interface FaultReplay {
  /**
   * Makes the state block hold the registers as they were just before the faulting instruction, as far as they can be known
   * (`stale` ones cannot), and for STOP_SEGV sets STATE_STOP_INFO, STATE_FAULT_HIGH and STATE_FAULT_ERROR.
   */
  replay(memory: GuestMemory, site: FaultSite, stop: number, level: CpuLevel): void;
}
