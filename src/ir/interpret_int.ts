/** Integer operations of the reference interpreter. */
import { STOP_DIVIDE } from "../machine/state.ts";
import { type Exec, OperationTrap } from "./frame.ts";
import type { OpName } from "./ops.ts";

function popcount(x: number): number {
  x -= x >>> 1 & 0x55555555;
  x = (x & 0x33333333) + (x >>> 2 & 0x33333333);
  return Math.imul(x + (x >>> 4) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function trailingZeros(x: number): number {
  return x === 0 ? 32 : 31 - Math.clz32(x & -x);
}

function divide(): never {
  throw new OperationTrap(STOP_DIVIDE);
}

const MIN_I64 = -0x8000000000000000n;

/** Operations on i32. */
const i32Ops: Partial<Record<OpName, Exec>> = {
  i32_const: (f, v, a) => {
    f.i32[v * 4] = a;
  },
  i32_eqz: (f, v, a) => {
    f.i32[v * 4] = f.i32[a * 4] === 0 ? 1 : 0;
  },
  i32_eq: (f, v, a, b) => {
    f.i32[v * 4] = f.i32[a * 4] === f.i32[b * 4] ? 1 : 0;
  },
  i32_ne: (f, v, a, b) => {
    f.i32[v * 4] = f.i32[a * 4] !== f.i32[b * 4] ? 1 : 0;
  },
  i32_lt_s: (f, v, a, b) => {
    f.i32[v * 4] = f.i32[a * 4] < f.i32[b * 4] ? 1 : 0;
  },
  i32_lt_u: (f, v, a, b) => {
    f.i32[v * 4] = f.u32[a * 4] < f.u32[b * 4] ? 1 : 0;
  },
  i32_gt_s: (f, v, a, b) => {
    f.i32[v * 4] = f.i32[a * 4] > f.i32[b * 4] ? 1 : 0;
  },
  i32_gt_u: (f, v, a, b) => {
    f.i32[v * 4] = f.u32[a * 4] > f.u32[b * 4] ? 1 : 0;
  },
  i32_le_s: (f, v, a, b) => {
    f.i32[v * 4] = f.i32[a * 4] <= f.i32[b * 4] ? 1 : 0;
  },
  i32_le_u: (f, v, a, b) => {
    f.i32[v * 4] = f.u32[a * 4] <= f.u32[b * 4] ? 1 : 0;
  },
  i32_ge_s: (f, v, a, b) => {
    f.i32[v * 4] = f.i32[a * 4] >= f.i32[b * 4] ? 1 : 0;
  },
  i32_ge_u: (f, v, a, b) => {
    f.i32[v * 4] = f.u32[a * 4] >= f.u32[b * 4] ? 1 : 0;
  },
  i32_clz: (f, v, a) => {
    f.i32[v * 4] = Math.clz32(f.i32[a * 4]);
  },
  i32_ctz: (f, v, a) => {
    f.i32[v * 4] = trailingZeros(f.i32[a * 4]);
  },
  i32_popcnt: (f, v, a) => {
    f.i32[v * 4] = popcount(f.i32[a * 4]);
  },
  i32_add: (f, v, a, b) => {
    f.i32[v * 4] = f.i32[a * 4] + f.i32[b * 4];
  },
  i32_sub: (f, v, a, b) => {
    f.i32[v * 4] = f.i32[a * 4] - f.i32[b * 4];
  },
  i32_mul: (f, v, a, b) => {
    f.i32[v * 4] = Math.imul(f.i32[a * 4], f.i32[b * 4]);
  },
  i32_div_s: (f, v, a, b) => {
    const x = f.i32[a * 4], y = f.i32[b * 4];
    if (y === 0 || (y === -1 && x === -0x80000000)) divide();
    f.i32[v * 4] = x / y | 0;
  },
  i32_div_u: (f, v, a, b) => {
    const y = f.u32[b * 4];
    if (y === 0) divide();
    f.u32[v * 4] = f.u32[a * 4] / y >>> 0;
  },
  i32_rem_s: (f, v, a, b) => {
    const y = f.i32[b * 4];
    if (y === 0) divide();
    f.i32[v * 4] = f.i32[a * 4] % y;
  },
  i32_rem_u: (f, v, a, b) => {
    const y = f.u32[b * 4];
    if (y === 0) divide();
    f.u32[v * 4] = f.u32[a * 4] % y;
  },
  i32_and: (f, v, a, b) => {
    f.i32[v * 4] = f.i32[a * 4] & f.i32[b * 4];
  },
  i32_or: (f, v, a, b) => {
    f.i32[v * 4] = f.i32[a * 4] | f.i32[b * 4];
  },
  i32_xor: (f, v, a, b) => {
    f.i32[v * 4] = f.i32[a * 4] ^ f.i32[b * 4];
  },
  // JavaScript takes shift counts modulo 32, as wasm does.
  i32_shl: (f, v, a, b) => {
    f.i32[v * 4] = f.i32[a * 4] << f.i32[b * 4];
  },
  i32_shr_s: (f, v, a, b) => {
    f.i32[v * 4] = f.i32[a * 4] >> f.i32[b * 4];
  },
  i32_shr_u: (f, v, a, b) => {
    f.i32[v * 4] = f.i32[a * 4] >>> f.i32[b * 4];
  },
  i32_rotl: (f, v, a, b) => {
    const x = f.i32[a * 4], n = f.i32[b * 4] & 31;
    f.i32[v * 4] = x << n | (n === 0 ? 0 : x >>> 32 - n);
  },
  i32_rotr: (f, v, a, b) => {
    const x = f.i32[a * 4], n = f.i32[b * 4] & 31;
    f.i32[v * 4] = x >>> n | (n === 0 ? 0 : x << 32 - n);
  },
  i32_wrap_i64: (f, v, a) => {
    f.i32[v * 4] = f.i32[a * 4];
  },
  i32_extend8_s: (f, v, a) => {
    f.i32[v * 4] = f.i32[a * 4] << 24 >> 24;
  },
  i32_extend16_s: (f, v, a) => {
    f.i32[v * 4] = f.i32[a * 4] << 16 >> 16;
  },
  select_i32: (f, v, a, b, c) => {
    f.i32[v * 4] = f.i32[(f.i32[c * 4] !== 0 ? a : b) * 4];
  },
};

/** Operations on i64. Bitwise ones and moves go by halves; assigning to a BigInt64Array wraps to 64 bits. */
const i64Ops: Partial<Record<OpName, Exec>> = {
  i64_const: (f, v, a, b) => {
    f.i32[v * 4] = a;
    f.i32[v * 4 + 1] = b;
  },
  i64_eqz: (f, v, a) => {
    f.i32[v * 4] = (f.i32[a * 4] | f.i32[a * 4 + 1]) === 0 ? 1 : 0;
  },
  i64_eq: (f, v, a, b) => {
    f.i32[v * 4] = f.i32[a * 4] === f.i32[b * 4] && f.i32[a * 4 + 1] === f.i32[b * 4 + 1] ? 1 : 0;
  },
  i64_ne: (f, v, a, b) => {
    f.i32[v * 4] = f.i32[a * 4] !== f.i32[b * 4] || f.i32[a * 4 + 1] !== f.i32[b * 4 + 1] ? 1 : 0;
  },
  i64_lt_s: (f, v, a, b) => {
    f.i32[v * 4] = f.i64[a * 2] < f.i64[b * 2] ? 1 : 0;
  },
  i64_lt_u: (f, v, a, b) => {
    f.i32[v * 4] = f.u64[a * 2] < f.u64[b * 2] ? 1 : 0;
  },
  i64_gt_s: (f, v, a, b) => {
    f.i32[v * 4] = f.i64[a * 2] > f.i64[b * 2] ? 1 : 0;
  },
  i64_gt_u: (f, v, a, b) => {
    f.i32[v * 4] = f.u64[a * 2] > f.u64[b * 2] ? 1 : 0;
  },
  i64_le_s: (f, v, a, b) => {
    f.i32[v * 4] = f.i64[a * 2] <= f.i64[b * 2] ? 1 : 0;
  },
  i64_le_u: (f, v, a, b) => {
    f.i32[v * 4] = f.u64[a * 2] <= f.u64[b * 2] ? 1 : 0;
  },
  i64_ge_s: (f, v, a, b) => {
    f.i32[v * 4] = f.i64[a * 2] >= f.i64[b * 2] ? 1 : 0;
  },
  i64_ge_u: (f, v, a, b) => {
    f.i32[v * 4] = f.u64[a * 2] >= f.u64[b * 2] ? 1 : 0;
  },
  i64_clz: (f, v, a) => {
    const hi = f.i32[a * 4 + 1];
    const count = hi !== 0 ? Math.clz32(hi) : 32 + Math.clz32(f.i32[a * 4]);
    f.i32[v * 4] = count;
    f.i32[v * 4 + 1] = 0;
  },
  i64_ctz: (f, v, a) => {
    const lo = f.i32[a * 4];
    const count = lo !== 0 ? trailingZeros(lo) : 32 + trailingZeros(f.i32[a * 4 + 1]);
    f.i32[v * 4] = count;
    f.i32[v * 4 + 1] = 0;
  },
  i64_popcnt: (f, v, a) => {
    const count = popcount(f.i32[a * 4]) + popcount(f.i32[a * 4 + 1]);
    f.i32[v * 4] = count;
    f.i32[v * 4 + 1] = 0;
  },
  i64_add: (f, v, a, b) => {
    const low = f.u32[a * 4] + f.u32[b * 4];
    const high = f.i32[a * 4 + 1] + f.i32[b * 4 + 1] + (low > 0xffffffff ? 1 : 0);
    f.i32[v * 4] = low;
    f.i32[v * 4 + 1] = high;
  },
  i64_sub: (f, v, a, b) => {
    const low = f.u32[a * 4] - f.u32[b * 4];
    const high = f.i32[a * 4 + 1] - f.i32[b * 4 + 1] - (low < 0 ? 1 : 0);
    f.i32[v * 4] = low;
    f.i32[v * 4 + 1] = high;
  },
  i64_mul: (f, v, a, b) => {
    f.i64[v * 2] = f.i64[a * 2] * f.i64[b * 2];
  },
  i64_mulhi_u: (f, v, a, b) => {
    f.u64[v * 2] = f.u64[a * 2] * f.u64[b * 2] >> 64n;
  },
  i64_mulhi_s: (f, v, a, b) => {
    f.i64[v * 2] = f.i64[a * 2] * f.i64[b * 2] >> 64n;
  },
  i64_div_s: (f, v, a, b) => {
    const x = f.i64[a * 2], y = f.i64[b * 2];
    if (y === 0n || (y === -1n && x === MIN_I64)) divide();
    f.i64[v * 2] = x / y;
  },
  i64_div_u: (f, v, a, b) => {
    const y = f.u64[b * 2];
    if (y === 0n) divide();
    f.u64[v * 2] = f.u64[a * 2] / y;
  },
  i64_rem_s: (f, v, a, b) => {
    const y = f.i64[b * 2];
    if (y === 0n) divide();
    f.i64[v * 2] = f.i64[a * 2] % y;
  },
  i64_rem_u: (f, v, a, b) => {
    const y = f.u64[b * 2];
    if (y === 0n) divide();
    f.u64[v * 2] = f.u64[a * 2] % y;
  },
  i64_and: (f, v, a, b) => {
    f.i32[v * 4] = f.i32[a * 4] & f.i32[b * 4];
    f.i32[v * 4 + 1] = f.i32[a * 4 + 1] & f.i32[b * 4 + 1];
  },
  i64_or: (f, v, a, b) => {
    f.i32[v * 4] = f.i32[a * 4] | f.i32[b * 4];
    f.i32[v * 4 + 1] = f.i32[a * 4 + 1] | f.i32[b * 4 + 1];
  },
  i64_xor: (f, v, a, b) => {
    f.i32[v * 4] = f.i32[a * 4] ^ f.i32[b * 4];
    f.i32[v * 4 + 1] = f.i32[a * 4 + 1] ^ f.i32[b * 4 + 1];
  },
  i64_shl: (f, v, a, b) => {
    f.u64[v * 2] = f.u64[a * 2] << (f.u64[b * 2] & 63n);
  },
  i64_shr_s: (f, v, a, b) => {
    f.i64[v * 2] = f.i64[a * 2] >> (f.i64[b * 2] & 63n);
  },
  i64_shr_u: (f, v, a, b) => {
    f.u64[v * 2] = f.u64[a * 2] >> (f.u64[b * 2] & 63n);
  },
  i64_rotl: (f, v, a, b) => {
    const x = f.u64[a * 2], n = f.u64[b * 2] & 63n;
    f.u64[v * 2] = x << n | x >> 64n - n;
  },
  i64_rotr: (f, v, a, b) => {
    const x = f.u64[a * 2], n = f.u64[b * 2] & 63n;
    f.u64[v * 2] = x >> n | x << 64n - n;
  },
  i64_extend_i32_s: (f, v, a) => {
    const x = f.i32[a * 4];
    f.i32[v * 4] = x;
    f.i32[v * 4 + 1] = x >> 31;
  },
  i64_extend_i32_u: (f, v, a) => {
    f.i32[v * 4] = f.i32[a * 4];
    f.i32[v * 4 + 1] = 0;
  },
  i64_extend8_s: (f, v, a) => {
    const x = f.i32[a * 4] << 24 >> 24;
    f.i32[v * 4] = x;
    f.i32[v * 4 + 1] = x >> 31;
  },
  i64_extend16_s: (f, v, a) => {
    const x = f.i32[a * 4] << 16 >> 16;
    f.i32[v * 4] = x;
    f.i32[v * 4 + 1] = x >> 31;
  },
  i64_extend32_s: (f, v, a) => {
    const x = f.i32[a * 4];
    f.i32[v * 4] = x;
    f.i32[v * 4 + 1] = x >> 31;
  },
  select_i64: (f, v, a, b, c) => {
    const from = f.i32[c * 4] !== 0 ? a : b;
    f.i32[v * 4] = f.i32[from * 4];
    f.i32[v * 4 + 1] = f.i32[from * 4 + 1];
  },
};

export const INT_OPS: Partial<Record<OpName, Exec>> = { ...i32Ops, ...i64Ops };
