/** Operations that are no plain wasm instruction, or whose numbers are not its opcodes: their operands are on the stack. */
import { OP, OP_NAME } from "../ir/ops.ts";
import type { WasmBytes } from "./bytes.ts";
import { functionOpNumber, RELAXED_MADD } from "./function_ops.ts";
import {
  W_CALL,
  W_DROP,
  W_I32_ATOMIC_LOAD8_U,
  W_I32_CONST,
  W_MEMORY_COPY,
  W_MEMORY_FILL,
  W_MEMORY_SIZE,
  W_PREFIX_ATOMIC,
  W_PREFIX_MISC,
  W_PREFIX_SIMD,
  W_SELECT,
} from "./opcodes.ts";
import type { ModulePlan } from "./region_code.ts";

/** Writes the operation itself; throws for one that has no code. */
export function ownOperation(out: WasmBytes, plan: ModulePlan, op: number): void {
  if (op >= 0x300 && op < 0x400) {
    out.byte(W_PREFIX_MISC);
    return out.u32(op - 0x300);
  }
  switch (op) {
    case OP.select_i32:
    case OP.select_i64:
    case OP.select_f32:
    case OP.select_f64:
    case OP.select_v128:
      return out.byte(W_SELECT);
    case OP.i64_mulhi_u:
      out.byte(W_CALL);
      return out.u32(plan.mulhiU);
    case OP.i64_mulhi_s:
      out.byte(W_CALL);
      return out.u32(plan.mulhiS);
    case OP.memory_bytes:
      out.byte(W_MEMORY_SIZE);
      out.byte(0);
      out.byte(W_I32_CONST);
      out.s32(16);
      return out.byte(OP.i32_shl);
    case OP.prefetch:
      // wasm has no prefetch. A load whose value nobody waits for does the same; engines drop unused ones, but no atomic one.
      out.byte(W_PREFIX_ATOMIC);
      out.u32(W_I32_ATOMIC_LOAD8_U);
      out.byte(0);
      out.u32(0);
      return out.byte(W_DROP);
    case OP.memory_copy:
      out.byte(W_PREFIX_MISC);
      out.u32(W_MEMORY_COPY);
      out.byte(0);
      return out.byte(0);
    case OP.memory_fill:
      out.byte(W_PREFIX_MISC);
      out.u32(W_MEMORY_FILL);
      return out.byte(0);
  }
  const relaxed = RELAXED_MADD[op];
  if (relaxed !== undefined) {
    out.byte(W_PREFIX_SIMD);
    return out.u32(relaxed);
  }
  if (functionOpNumber(op) < 0) throw new Error(`no code for ${OP_NAME[op]}`);
  out.byte(W_CALL);
  out.u32(plan.functionOp(op));
}
