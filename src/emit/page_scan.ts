/**
 * Functions that every code module exports, which look for pages of guest memory: here that takes 16 bytes a load, in JavaScript
 * 4. The next page that is not zero: fork and clean-up look at all of a memory, most of which was never touched. The next page
 * that differs from a copy: shared mappings are compared at each turn of a process.
 */
import { COMPARE_BYTES, COMPARE_START } from "../machine/state.ts";
import { OP } from "../ir/ops.ts";
import { Code } from "./code.ts";
import { BLOCK_EMPTY, W_BR, W_END, W_IF, W_LOOP, W_RETURN, W_UNREACHABLE } from "./opcodes.ts";

const V128_LOAD = 0x00, V128_OR = 0x50, V128_XOR = 0x51, V128_ANY_TRUE = 0x53;
/** Bytes looked at in one turn of the loop. */
const STEP = 128;
const PAGE_MASK = -4096;
const I32 = 0x7f;

/** Locals: the parameters, and where the copy is. */
const AT = 0, END = 1, COPY = 2;

/** (from, end) -> linear address of the first page from `from` on that has a bit set, or `end`. Both are page borders. */
export function nextUsedPageBody(): Uint8Array {
  return nextPageBody((c) => {
    for (let offset = 0; offset < STEP; offset += 16) {
      load(c, AT, offset);
      if (offset > 0) c.simd(V128_OR);
    }
  });
}

/**
 * (from, end) -> linear address of the first page from `from` on that differs from the copy at COMPARE_START + from %
 * COMPARE_BYTES, or `end`. Both are page borders, and no multiple of COMPARE_BYTES lies between them.
 */
export function nextDifferentPageBody(): Uint8Array {
  return nextPageBody((c) => {
    c.get(AT).i32(COMPARE_BYTES - 1).op(OP.i32_and).i32(COMPARE_START).op(OP.i32_add).set(COPY);
    for (let offset = 0; offset < STEP; offset += 16) {
      load(c, AT, offset);
      load(c, COPY, offset);
      c.simd(V128_XOR);
      if (offset > 0) c.simd(V128_OR);
    }
  });
}

/** v128.load, without a promise of alignment. */
function load(c: Code, local: number, offset: number): void {
  c.get(local).simd(V128_LOAD).op(0).out.u32(offset);
}

/** Looks at STEP bytes at a time until `look` leaves a vector with a bit set. */
function nextPageBody(look: (c: Code) => void): Uint8Array {
  const c = new Code();
  c.op(W_LOOP, BLOCK_EMPTY);
  c.get(AT).get(END).op(OP.i32_ge_u, W_IF, BLOCK_EMPTY).get(END).op(W_RETURN, W_END);
  look(c);
  c.simd(V128_ANY_TRUE).op(W_IF, BLOCK_EMPTY).get(AT).i32(PAGE_MASK).op(OP.i32_and, W_RETURN, W_END);
  c.get(AT).i32(STEP).op(OP.i32_add).set(AT).op(W_BR, 0, W_END, W_UNREACHABLE);
  return c.body([1, I32]);
}
