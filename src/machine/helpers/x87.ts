/** Helpers of the x87 instructions; declared in ir/helpers.ts. */
import type { HelperBody } from "./types.ts";
import { x87ArithmeticHelpers } from "./x87_arith.ts";
import { x87ControlHelpers } from "./x87_control.ts";
import { x87MoveHelpers } from "./x87_move.ts";
import { x87PlainHelpers } from "./x87_plain.ts";
import { x87TranscendentalHelpers } from "./x87_transcendental.ts";

export const x87Helpers: Record<string, HelperBody> = {
  ...x87ArithmeticHelpers,
  ...x87MoveHelpers,
  ...x87PlainHelpers,
  ...x87TranscendentalHelpers,
  ...x87ControlHelpers,
};
