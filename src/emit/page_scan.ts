/**
 * A function that every code module exports: finds the next page of guest memory that is not zero. Fork and clean-up look at
 * all of a memory, most of which was never touched; here that takes 16 bytes a load, in JavaScript 4.
 */
import { OP } from "../ir/ops.ts";
import { WasmBytes } from "./bytes.ts";
import {
  BLOCK_EMPTY,
  W_BR,
  W_END,
  W_I32_CONST,
  W_IF,
  W_LOCAL_GET,
  W_LOCAL_SET,
  W_LOOP,
  W_PREFIX_SIMD,
  W_RETURN,
  W_UNREACHABLE,
} from "./opcodes.ts";

const V128_LOAD = 0x00, V128_OR = 0x50, V128_ANY_TRUE = 0x53;
/** Bytes looked at in one turn of the loop. */
const STEP = 128;
const PAGE_MASK = -4096;

/** (from, end) -> linear address of the first page from `from` on that has a bit set, or `end`. Both are page borders. */
export function nextUsedPageBody(): Uint8Array {
  const AT = 0, END = 1;
  const b = new WasmBytes();
  const op = (...opcodes: number[]) => opcodes.forEach((o) => b.byte(o));
  const get = (local: number) => op(W_LOCAL_GET, local);
  const i32 = (v: number) => {
    op(W_I32_CONST);
    b.s32(v);
  };
  b.u32(0); // no locals beside the parameters
  op(W_LOOP, BLOCK_EMPTY);
  get(AT), get(END), op(OP.i32_ge_u, W_IF, BLOCK_EMPTY), get(END), op(W_RETURN, W_END);
  for (let offset = 0; offset < STEP; offset += 16) {
    get(AT), op(W_PREFIX_SIMD, V128_LOAD, 0);
    b.u32(offset);
    if (offset > 0) op(W_PREFIX_SIMD, V128_OR);
  }
  op(W_PREFIX_SIMD, V128_ANY_TRUE, W_IF, BLOCK_EMPTY), get(AT), i32(PAGE_MASK), op(OP.i32_and, W_RETURN, W_END);
  get(AT), i32(STEP), op(OP.i32_add, W_LOCAL_SET, AT, W_BR, 0, W_END, W_UNREACHABLE);
  op(W_END);
  return b.take();
}
