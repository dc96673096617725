/** All instruction tables. */
import { ARITH_ROWS } from "./arith.ts";
import { ATOMIC_ROWS } from "./atomic.ts";
import { AVX_FLOAT_ROWS } from "./avx_float.ts";
import { AVX_INT_ROWS } from "./avx_int.ts";
import { AVX_MOVE_ROWS } from "./avx_move.ts";
import { BIT_ROWS } from "./bit.ts";
import { BMI_ROWS } from "./bmi.ts";
import { BRANCH_ROWS } from "./branch.ts";
import { CRYPTO_ROWS } from "./crypto.ts";
import { FLAG_ROWS } from "./flags.ts";
import { FMA_ROWS } from "./fma.ts";
import { HINT_ROWS } from "./hint.ts";
import { MOV_ROWS } from "./mov.ts";
import { MUL_DIV_ROWS } from "./mul_div.ts";
import { SHIFT_ROWS } from "./shift.ts";
import { SSE_MOVE_ROWS } from "./sse_move.ts";
import { SSE_FLOAT_ROWS } from "./sse_float.ts";
import { SSE_INT_ROWS } from "./sse_int.ts";
import { SSE4_ROWS } from "./sse4.ts";
import { X87_ROWS } from "./x87.ts";
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
  SSE_MOVE_ROWS,
  SSE_FLOAT_ROWS,
  SSE_INT_ROWS,
  SSE4_ROWS,
  X87_ROWS,
  CRYPTO_ROWS,
  BMI_ROWS,
  AVX_MOVE_ROWS,
  AVX_FLOAT_ROWS,
  AVX_INT_ROWS,
  FMA_ROWS,
];
