/**
 * Functions that every code module exports, which look for pages of guest memory: here that takes 16 bytes a load, in JavaScript
 * 4. The next page that is not zero: fork and clean-up look at all of a memory, most of which was never touched. The next page
 * that differs from a copy: shared mappings are compared at each turn of a process.
 */
import { COMPARE_BYTES, COMPARE_START } from "../machine/state.ts";
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

const V128_LOAD = 0x00, V128_OR = 0x50, V128_XOR = 0x51, V128_ANY_TRUE = 0x53;
/** Bytes looked at in one turn of the loop. */
const STEP = 128;
const PAGE_MASK = -4096;
const I32 = 0x7f;

/** (from, end) -> linear address of the first page from `from` on that has a bit set, or `end`. Both are page borders. */
export function nextUsedPageBody(): Uint8Array {
  return nextPageBody((_b, load, op) => {
    for (let offset = 0; offset < STEP; offset += 16) {
      load(AT, offset);
      if (offset > 0) op(W_PREFIX_SIMD, V128_OR);
    }
  });
}

/**
 * (from, end) -> linear address of the first page from `from` on that differs from the copy at COMPARE_START + from %
 * COMPARE_BYTES, or `end`. Both are page borders, and no multiple of COMPARE_BYTES lies between them.
 */
export function nextDifferentPageBody(): Uint8Array {
  return nextPageBody((b, load, op) => {
    op(W_LOCAL_GET, AT, W_I32_CONST);
    b.s32(COMPARE_BYTES - 1);
    op(OP.i32_and, W_I32_CONST);
    b.s32(COMPARE_START);
    op(OP.i32_add, W_LOCAL_SET, COPY);
    for (let offset = 0; offset < STEP; offset += 16) {
      load(AT, offset);
      load(COPY, offset);
      op(W_PREFIX_SIMD, V128_XOR);
      if (offset > 0) op(W_PREFIX_SIMD, V128_OR);
    }
  });
}

const AT = 0, END = 1, COPY = 2;

/** Looks at STEP bytes at a time until `look` leaves a vector with a bit set. */
function nextPageBody(
  look: (b: WasmBytes, load: (local: number, offset: number) => void, op: (...opcodes: number[]) => void) => void,
): Uint8Array {
  const b = new WasmBytes();
  const op = (...opcodes: number[]) => opcodes.forEach((o) => b.byte(o));
  const get = (local: number) => op(W_LOCAL_GET, local);
  const load = (local: number, offset: number) => {
    get(local), op(W_PREFIX_SIMD, V128_LOAD, 0);
    b.u32(offset);
  };
  b.u32(1); // beside the parameters: COPY, an i32
  b.u32(1);
  b.byte(I32);
  op(W_LOOP, BLOCK_EMPTY);
  get(AT), get(END), op(OP.i32_ge_u, W_IF, BLOCK_EMPTY), get(END), op(W_RETURN, W_END);
  look(b, load, op);
  op(W_PREFIX_SIMD, V128_ANY_TRUE, W_IF, BLOCK_EMPTY), get(AT), op(W_I32_CONST);
  b.s32(PAGE_MASK);
  op(OP.i32_and, W_RETURN, W_END);
  get(AT), op(W_I32_CONST);
  b.s32(STEP);
  op(OP.i32_add, W_LOCAL_SET, AT, W_BR, 0, W_END, W_UNREACHABLE);
  op(W_END);
  return b.take();
}
