import type { GuestMemory } from "../guest_memory.ts";
import type { MachineClient } from "../machine.ts";

/** What a helper may touch: the state block at the start of the memory, the kernel for what it knows, and compiled code. */
export interface HelperCpu {
  memory: GuestMemory;
  client: MachineClient;
  /** Whether the code with that guard is no longer what it was made from, or nobody knows. */
  hasChanged?(guard: number): boolean;
  /** Makes code for what is at a pc now, in place of what was compiled before; false if it cannot. */
  replaceCode?(pc: number): boolean;
}

/** The body of a helper declared in ir/helpers.ts: up to two i32 arguments (0 when absent), an i32 result. */
export type HelperBody = (cpu: HelperCpu, a: number, b: number) => number;
