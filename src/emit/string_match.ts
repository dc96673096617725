/**
 * Bodies of the SSE4.2 string comparisons that go through the elements of their first operand, one by one from its last: as many
 * rounds as it is long, which is seldom sixteen.
 */
import { OP } from "../ir/ops.ts";
import { Code } from "./code.ts";
import { BLOCK_EMPTY, W_BR, W_END, W_IF, W_LOOP } from "./opcodes.ts";

const I32 = 0x7f, V128 = 0x7b;

/** SIMD opcodes of one element size. */
interface Lanes {
  readonly bytes: 1 | 2;
  readonly eq: number;
  readonly ne: number;
  readonly ge: number;
  readonly le: number;
  readonly bitmask: number;
}

const simd = (op: number) => op - 0x100;
export const BYTES: Lanes = {
  bytes: 1,
  eq: simd(OP.i8x16_eq),
  ne: simd(OP.i8x16_ne),
  ge: simd(OP.i8x16_ge_s),
  le: simd(OP.i8x16_le_s),
  bitmask: simd(OP.i8x16_bitmask),
};
export const WORDS: Lanes = {
  bytes: 2,
  eq: simd(OP.i16x8_eq),
  ne: simd(OP.i16x8_ne),
  ge: simd(OP.i16x8_ge_s),
  le: simd(OP.i16x8_le_s),
  bitmask: simd(OP.i16x8_bitmask),
};

/** Parameters: the strings, and how many elements of A are left; then what was found. */
const A = 0, B = 1, LEFT = 2, FOUND = 3, INVALID = 4;

/** Runs `round` as long as LEFT is not 0, with LEFT less by `step`. */
function eachElement(c: Code, step: number, round: () => void): void {
  c.op(W_LOOP, BLOCK_EMPTY).get(LEFT).op(W_IF, BLOCK_EMPTY);
  c.get(LEFT).i32(-step).op(OP.i32_add).set(LEFT);
  round();
  c.op(W_BR, 1, W_END, W_END);
}

/** All lanes the element LEFT + k of A. */
function element(c: Code, { bytes }: Lanes, k: number): Code {
  c.get(A).get(LEFT);
  if (bytes === 1) {
    if (k > 0) c.i32(k).op(OP.i32_add);
    c.simd(simd(OP.i8x16_splat));
  } else c.i32(0x0202).op(OP.i32_mul).i32(0x0100 + k * 0x0202).op(OP.i32_add).simd(simd(OP.i16x8_splat));
  return c.simd(simd(OP.i8x16_relaxed_swizzle));
}

/** (a, b, elements of a) -> bits of the elements of b that are one of a's. */
export function equalAnyBody(lanes: Lanes): Uint8Array {
  const c = new Code();
  eachElement(c, 1, () => {
    c.get(B);
    element(c, lanes, 0).simd(lanes.eq).get(FOUND).simd(simd(OP.v128_or)).set(FOUND);
  });
  return c.get(FOUND).simd(lanes.bitmask).body([1, V128]);
}

/** (a, b, elements of a, an even number) -> bits of the elements of b that are within one of a's pairs, as signed numbers. */
export function rangesBody(lanes: Lanes): Uint8Array {
  const c = new Code();
  eachElement(c, 2, () => {
    c.get(B);
    element(c, lanes, 0).simd(lanes.ge).get(B);
    element(c, lanes, 1).simd(lanes.le).simd(simd(OP.v128_and)).get(FOUND).simd(simd(OP.v128_or)).set(FOUND);
  });
  return c.get(FOUND).simd(lanes.bitmask).body([1, V128]);
}

/**
 * (a, b, elements of a + 256 * bits of the elements past b's end) -> bits of where a begins in b, or would for all that the
 * register shows. FOUND has where it cannot: behind the register's end that is nowhere, so zeros are shifted in.
 */
export function equalOrderedBody(lanes: Lanes): Uint8Array {
  const c = new Code();
  c.get(LEFT).i32(8).op(OP.i32_shr_u).set(INVALID).get(LEFT).i32(0xff).op(OP.i32_and).set(LEFT);
  eachElement(c, 1, () => {
    c.get(FOUND).i32(1).op(OP.i32_shr_u).get(INVALID).op(OP.i32_or).get(B);
    element(c, lanes, 0).simd(lanes.ne).simd(lanes.bitmask).op(OP.i32_or).set(FOUND);
  });
  return c.get(FOUND).i32((1 << 16 / lanes.bytes) - 1).op(OP.i32_xor).body([2, I32]);
}
