/**
 * Operations of the reference interpreter that wasm has no instruction for: fused products, AES, carry-less products; string
 * comparisons are in interpret_string.ts.
 */
import { AES_SUBSTITUTE, AES_SUBSTITUTE_BACK } from "./aes_tables.ts";
import { carrylessProduct } from "./carryless.ts";
import type { Exec } from "./frame.ts";
import { fused32, fused64 } from "./fused.ts";
import { STRING_OPS } from "./interpret_string.ts";
import type { OpName } from "./ops.ts";

function substitution(table: Uint8Array): Exec {
  return (f, v, a) => {
    for (let i = 0; i < 16; i++) f.u8[v * 16 + i] = table[f.u8[a * 16 + i]];
  };
}

export const FUNCTION_OPS: Partial<Record<OpName, Exec>> = {
  ...STRING_OPS,
  f32x4_fma: (f, v, a, b, c) => {
    const mode = f.floatMode;
    for (let i = 0; i < 4; i++) {
      f.u32[v * 4 + i] = fused32(f.u32[a * 4 + i], f.u32[b * 4 + i], f.u32[c * 4 + i], mode);
    }
  },
  f64x2_fma: (f, v, a, b, c) => {
    const mode = f.floatMode;
    for (let i = 0; i < 2; i++) {
      f.u64[v * 2 + i] = fused64(f.u64[a * 2 + i], f.u64[b * 2 + i], f.u64[c * 2 + i], mode);
    }
  },
  aes_substitute: substitution(AES_SUBSTITUTE),
  aes_substitute_back: substitution(AES_SUBSTITUTE_BACK),
  i64_carryless: (f, v, a, b) => {
    const product = carrylessProduct(f.u64[a * 2], f.u64[b * 2]);
    f.u64[v * 2] = BigInt.asUintN(64, product);
    f.u64[v * 2 + 1] = product >> 64n;
  },
};
