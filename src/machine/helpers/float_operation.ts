/** Float arithmetic rounded as MXCSR says, for code compiled at run time: what compiles brings the means. */
import { bug } from "../../errors.ts";
import type { HelperBody, HelperCpu } from "./types.ts";

/** Does operation `op` (ir/ops.ts) on values in the scratch area, 16 bytes each, and leaves the result in the first place. */
export type FloatOperation = (cpu: HelperCpu, op: number) => void;

let operation: FloatOperation | null = null;

export function setFloatOperation(means: FloatOperation): void {
  operation = means;
}

const float_operation: HelperBody = (cpu, op) => {
  if (operation === null) throw bug("code for directed rounding without the means to round");
  operation(cpu, op);
  return 0;
};

export const floatOperationHelpers: Record<string, HelperBody> = { float_operation };
