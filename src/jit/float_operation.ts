import { Frame } from "../ir/frame.ts";
import { executeOperation } from "../ir/interpret.ts";
import type { FloatOperation } from "../machine/helpers/float_operation.ts";
import { STATE_SCRATCH } from "../machine/state.ts";

const frame = new Frame();
const RESULT = 3, VALUE_BYTES = 16;

/** As the interpreter computes it: exactly, then rounded as MXCSR says. */
export const floatOperation: FloatOperation = (cpu, op) => {
  const { u8 } = cpu.memory;
  frame.cpu = cpu;
  frame.u8.set(u8.subarray(STATE_SCRATCH, STATE_SCRATCH + RESULT * VALUE_BYTES));
  executeOperation(frame, op, RESULT, 0, 1, 2);
  u8.set(frame.u8.subarray(RESULT * VALUE_BYTES, (RESULT + 1) * VALUE_BYTES), STATE_SCRATCH);
};
