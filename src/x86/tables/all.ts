/** All instruction tables. */
import { ARITH_ROWS } from "./arith.ts";
import { ATOMIC_ROWS } from "./atomic.ts";
import { BIT_ROWS } from "./bit.ts";
import { BRANCH_ROWS } from "./branch.ts";
import { FLAG_ROWS } from "./flags.ts";
import { HINT_ROWS } from "./hint.ts";
import { MOV_ROWS } from "./mov.ts";
import { MUL_DIV_ROWS } from "./mul_div.ts";
import { SHIFT_ROWS } from "./shift.ts";
import { STACK_ROWS } from "./stack.ts";
import { STRING_ROWS } from "./string.ts";
import { SYSTEM_ROWS } from "./system.ts";

export const ALL_ROWS = [
  ARITH_ROWS,
  MUL_DIV_ROWS,
  SHIFT_ROWS,
  MOV_ROWS,
  STACK_ROWS,
  BRANCH_ROWS,
  STRING_ROWS,
  BIT_ROWS,
  FLAG_ROWS,
  ATOMIC_ROWS,
  HINT_ROWS,
  SYSTEM_ROWS,
];
