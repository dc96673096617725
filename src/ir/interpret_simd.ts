/** SIMD operations of the reference interpreter, made from one function per lane. */
import { type Arithmetic, binary32, binary64, EXTREMES, ROUNDINGS, type Unary } from "./float_bits.ts";
import {
  asOperand,
  demote,
  F32,
  f32OfInteger,
  F64,
  promote,
  rounded32,
  rounded64,
  type RoundedOp,
  toIntegral32,
  toIntegral64,
} from "./float_mode.ts";
import type { Exec, Frame } from "./frame.ts";
import { SIMD_LANE_OPS } from "./interpret_simd_lanes.ts";
import type { OpName } from "./ops.ts";
import { truncateSaturating } from "./rounding.ts";

type Ops = Record<string, Exec>;

function perBit(compute: (x: number, y: number) => number): Exec {
  return (f, v, a, b) => {
    for (let i = 0; i < 4; i++) f.i32[v * 4 + i] = compute(f.i32[a * 4 + i], f.i32[b * 4 + i]);
  };
}

function copy128(f: Frame, v: number, a: number): void {
  for (let i = 0; i < 4; i++) f.i32[v * 4 + i] = f.i32[a * 4 + i];
}

const bitwise: Ops = {
  v128_not: perBit((x) => ~x),
  v128_and: perBit((x, y) => x & y),
  v128_andnot: perBit((x, y) => x & ~y),
  v128_or: perBit((x, y) => x | y),
  v128_xor: perBit((x, y) => x ^ y),
  v128_bitselect: (f, v, a, b, c) => {
    for (let i = 0; i < 4; i++) {
      const mask = f.i32[c * 4 + i];
      f.i32[v * 4 + i] = f.i32[a * 4 + i] & mask | f.i32[b * 4 + i] & ~mask;
    }
  },
  v128_any_true: (f, v, a) => {
    f.i32[v * 4] = f.i32[a * 4] | f.i32[a * 4 + 1] | f.i32[a * 4 + 2] | f.i32[a * 4 + 3] ? 1 : 0;
  },
  v128_const: (f, v, a) => f.u8.set(f.pool[a], v * 16),
  select_v128: (f, v, a, b, c) => copy128(f, v, f.i32[c * 4] !== 0 ? a : b),
  i8x16_shuffle: (f, v, a, b, c) => {
    const lanes = f.pool[c];
    for (let i = 0; i < 16; i++) {
      f.u8[v * 16 + i] = lanes[i] < 16 ? f.u8[a * 16 + lanes[i]] : f.u8[b * 16 + lanes[i] - 16];
    }
  },
  i8x16_swizzle: (f, v, a, b) => {
    for (let i = 0; i < 16; i++) {
      const lane = f.u8[b * 16 + i];
      f.u8[v * 16 + i] = lane < 16 ? f.u8[a * 16 + lane] : 0;
    }
  },
};

const COMPARISONS: Record<string, (x: number, y: number) => boolean> = {
  eq: (x, y) => x === y,
  ne: (x, y) => x !== y,
  lt: (x, y) => x < y,
  gt: (x, y) => x > y,
  le: (x, y) => x <= y,
  ge: (x, y) => x >= y,
};

/** pmin and pmax are "b < a ? b : a" and "a < b ? b : a": the operand's own bits, so that a NaN or -0 in a stays. */
const PSEUDO: Record<string, (x: number, y: number) => boolean> = {
  pmin: (x, y) => y < x,
  pmax: (x, y) => x < y,
};

const SIGN = 0x80000000 | 0;

function packedFloat(): Ops {
  const ops: Ops = {};
  for (const name of ["add", "sub", "mul", "div", "sqrt"] satisfies RoundedOp[]) {
    const compute32 = rounded32(name), compute64 = rounded64(name), twice = name === "sqrt";
    ops[`f32x4_${name}`] = (f, v, a, b) => {
      const second = twice ? a : b, mode = f.floatMode;
      for (let i = 0; i < 4; i++) f.u32[v * 4 + i] = compute32(f.u32[a * 4 + i], f.u32[second * 4 + i], mode);
    };
    ops[`f64x2_${name}`] = (f, v, a, b) => {
      const second = twice ? a : b, mode = f.floatMode;
      for (let i = 0; i < 2; i++) f.u64[v * 2 + i] = compute64(f.u64[a * 2 + i], f.u64[second * 2 + i], mode);
    };
  }
  for (const [name, compute] of Object.entries(EXTREMES) as [string, Arithmetic][]) {
    ops[`f32x4_${name}`] = (f, v, a, b) => {
      for (let i = 0; i < 4; i++) f.u32[v * 4 + i] = binary32(f.u32[a * 4 + i], f.u32[b * 4 + i], compute);
    };
    ops[`f64x2_${name}`] = (f, v, a, b) => {
      for (let i = 0; i < 2; i++) f.u64[v * 2 + i] = binary64(f.u64[a * 2 + i], f.u64[b * 2 + i], compute);
    };
  }
  for (const [name, round] of Object.entries(ROUNDINGS) as [string, Unary][]) {
    ops[`f32x4_${name}`] = (f, v, a) => {
      for (let i = 0; i < 4; i++) f.u32[v * 4 + i] = toIntegral32(f.u32[a * 4 + i], round, f.floatMode);
    };
    ops[`f64x2_${name}`] = (f, v, a) => {
      for (let i = 0; i < 2; i++) f.u64[v * 2 + i] = toIntegral64(f.u64[a * 2 + i], round, f.floatMode);
    };
  }
  for (const [name, holds] of Object.entries(COMPARISONS)) {
    ops[`f32x4_${name}`] = (f, v, a, b) => {
      const x = (at: number) => asOperand(f.f32[at], f.floatMode, F32);
      for (let i = 0; i < 4; i++) f.i32[v * 4 + i] = holds(x(a * 4 + i), x(b * 4 + i)) ? -1 : 0;
    };
    ops[`f64x2_${name}`] = (f, v, a, b) => {
      const x = (at: number) => asOperand(f.f64[at], f.floatMode, F64);
      for (let i = 0; i < 2; i++) f.i64[v * 2 + i] = holds(x(a * 2 + i), x(b * 2 + i)) ? -1n : 0n;
    };
  }
  for (const [name, takesSecond] of Object.entries(PSEUDO)) {
    ops[`f32x4_${name}`] = (f, v, a, b) => {
      const mode = f.floatMode, x = (at: number) => asOperand(f.f32[at], mode, F32);
      for (let i = 0; i < 4; i++) {
        const from = (takesSecond(x(a * 4 + i), x(b * 4 + i)) ? b : a) * 4 + i;
        // By its bits, so that a NaN keeps them.
        f.u32[v * 4 + i] = x(from) === 0 ? f.u32[from] & SIGN : f.u32[from];
      }
    };
    ops[`f64x2_${name}`] = (f, v, a, b) => {
      const mode = f.floatMode, x = (at: number) => asOperand(f.f64[at], mode, F64);
      for (let i = 0; i < 2; i++) {
        const from = (takesSecond(x(a * 2 + i), x(b * 2 + i)) ? b : a) * 2 + i;
        f.u64[v * 2 + i] = x(from) === 0 ? f.u64[from] & 0x8000000000000000n : f.u64[from];
      }
    };
  }
  return ops;
}

/** Sign changes: `words` says which of a lane's words holds the sign. */
function signChange(compute: (word: number) => number, step: number): Exec {
  return (f, v, a) => {
    for (let i = 0; i < 4; i++) {
      const word = f.i32[a * 4 + i];
      f.i32[v * 4 + i] = i % step === step - 1 ? compute(word) : word;
    }
  };
}

const INT_MIN = -0x80000000, INT_MAX = 0x7fffffff, UINT_MAX = 0xffffffff;

// Results that are written before all sources are read go through locals: v never equals a, but be plain about it.
const conversions: Ops = {
  f32x4_abs: signChange((x) => x & ~SIGN, 1),
  f32x4_neg: signChange((x) => x ^ SIGN, 1),
  f64x2_abs: signChange((x) => x & ~SIGN, 2),
  f64x2_neg: signChange((x) => x ^ SIGN, 2),
  f32x4_demote_f64x2_zero: (f, v, a) => {
    for (let i = 0; i < 2; i++) f.u32[v * 4 + i] = demote(f.u64[a * 2 + i], f.floatMode);
    f.u64[v * 2 + 1] = 0n;
  },
  f64x2_promote_low_f32x4: (f, v, a) => {
    for (let i = 0; i < 2; i++) f.u64[v * 2 + i] = promote(f.u32[a * 4 + i], f.floatMode);
  },
  i32x4_trunc_sat_f32x4_s: (f, v, a) => {
    for (let i = 0; i < 4; i++) f.i32[v * 4 + i] = truncateSaturating(f.f32[a * 4 + i], INT_MIN, INT_MAX);
  },
  i32x4_trunc_sat_f32x4_u: (f, v, a) => {
    for (let i = 0; i < 4; i++) f.u32[v * 4 + i] = truncateSaturating(f.f32[a * 4 + i], 0, UINT_MAX);
  },
  i32x4_trunc_sat_f64x2_s_zero: (f, v, a) => {
    for (let i = 0; i < 2; i++) f.i32[v * 4 + i] = truncateSaturating(f.f64[a * 2 + i], INT_MIN, INT_MAX);
    f.u64[v * 2 + 1] = 0n;
  },
  i32x4_trunc_sat_f64x2_u_zero: (f, v, a) => {
    for (let i = 0; i < 2; i++) f.u32[v * 4 + i] = truncateSaturating(f.f64[a * 2 + i], 0, UINT_MAX);
    f.u64[v * 2 + 1] = 0n;
  },
  f32x4_convert_i32x4_s: (f, v, a) => {
    for (let i = 0; i < 4; i++) f.f32[v * 4 + i] = f32OfInteger(BigInt(f.i32[a * 4 + i]), f.floatMode);
  },
  f32x4_convert_i32x4_u: (f, v, a) => {
    for (let i = 0; i < 4; i++) f.f32[v * 4 + i] = f32OfInteger(BigInt(f.u32[a * 4 + i]), f.floatMode);
  },
  f64x2_convert_low_i32x4_s: (f, v, a) => {
    for (let i = 0; i < 2; i++) f.f64[v * 2 + i] = f.i32[a * 4 + i];
  },
  f64x2_convert_low_i32x4_u: (f, v, a) => {
    for (let i = 0; i < 2; i++) f.f64[v * 2 + i] = f.u32[a * 4 + i];
  },
};

/** Splats and lane moves of floats copy bits, so they are the integer ones. */
function floatLanes(): Ops {
  const ops: Ops = {};
  for (const name of ["splat", "extract_lane", "replace_lane"]) {
    ops[`f32x4_${name}`] = SIMD_LANE_OPS[`i32x4_${name}`];
    ops[`f64x2_${name}`] = SIMD_LANE_OPS[`i64x2_${name}`];
  }
  return ops;
}

/** The relaxed operations as one host may do them: what is left open must not reach a result. */
const relaxed: Ops = {
  i8x16_relaxed_swizzle: bitwise.i8x16_swizzle,
  i32x4_relaxed_trunc_f32x4_s: conversions.i32x4_trunc_sat_f32x4_s,
  i32x4_relaxed_trunc_f64x2_s_zero: conversions.i32x4_trunc_sat_f64x2_s_zero,
};

export const SIMD_OPS: Partial<Record<OpName, Exec>> = {
  ...SIMD_LANE_OPS,
  ...bitwise,
  ...packedFloat(),
  ...conversions,
  ...relaxed,
  ...floatLanes(),
};
