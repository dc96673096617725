/** Scalar float operations of the reference interpreter, on the bits in the slots. */
import { STOP_DIVIDE } from "../machine/state.ts";
import { type Arithmetic, binary32, binary64, EXTREMES, ROUNDINGS, type Unary } from "./float_bits.ts";
import {
  asOperand,
  demote,
  F32,
  f32OfInteger,
  F64,
  f64OfInteger,
  promote,
  rounded32,
  rounded64,
  type RoundedOp,
  toIntegral32,
  toIntegral64,
} from "./float_mode.ts";
import { type Exec, OperationTrap } from "./frame.ts";
import type { OpName } from "./ops.ts";
import { truncateSaturating, truncateSaturating64 } from "./rounding.ts";

type Ops = Partial<Record<OpName, Exec>>;

const copy32: Exec = (f, v, a) => {
  f.i32[v * 4] = f.i32[a * 4];
};

const copy64: Exec = (f, v, a) => {
  f.i32[v * 4] = f.i32[a * 4];
  f.i32[v * 4 + 1] = f.i32[a * 4 + 1];
};

function compare32(holds: (x: number, y: number) => boolean): Exec {
  return (f, v, a, b) => {
    const mode = f.floatMode;
    f.i32[v * 4] = holds(asOperand(f.f32[a * 4], mode, F32), asOperand(f.f32[b * 4], mode, F32)) ? 1 : 0;
  };
}

function compare64(holds: (x: number, y: number) => boolean): Exec {
  return (f, v, a, b) => {
    const mode = f.floatMode;
    f.i32[v * 4] = holds(asOperand(f.f64[a * 2], mode, F64), asOperand(f.f64[b * 2], mode, F64)) ? 1 : 0;
  };
}

const COMPARISONS: Record<string, (x: number, y: number) => boolean> = {
  eq: (x, y) => x === y,
  ne: (x, y) => x !== y,
  lt: (x, y) => x < y,
  gt: (x, y) => x > y,
  le: (x, y) => x <= y,
  ge: (x, y) => x >= y,
};

const BOUNDS_32: Record<string, readonly [number, number]> = { s: [-0x80000000, 0x7fffffff], u: [0, 0xffffffff] };
const BOUNDS_64: Record<string, readonly [bigint, bigint]> = {
  s: [-0x8000000000000000n, 0x7fffffffffffffffn],
  u: [0n, 0xffffffffffffffffn],
};

/** Float value of a slot, whatever its width. */
const number: Record<string, (f: Parameters<Exec>[0], a: number) => number> = {
  f32: (f, a) => f.f32[a * 4],
  f64: (f, a) => f.f64[a * 2],
};

/** i32.trunc_f64_s and its siblings; the plain ones trap where trunc_sat clamps. */
function truncations(): Ops {
  const ops: Record<string, Exec> = {};
  for (const from of ["f32", "f64"]) {
    for (const sign of ["s", "u"]) {
      const [min, max] = BOUNDS_32[sign], [min64, max64] = BOUNDS_64[sign], read = number[from];
      ops[`i32_trunc_sat_${from}_${sign}`] = (f, v, a) => {
        f.i32[v * 4] = truncateSaturating(read(f, a), min, max);
      };
      ops[`i64_trunc_sat_${from}_${sign}`] = (f, v, a) => {
        f.i64[v * 2] = truncateSaturating64(read(f, a), min64, max64);
      };
      ops[`i32_trunc_${from}_${sign}`] = (f, v, a) => {
        const x = Math.trunc(read(f, a));
        if (!(x >= min && x <= max)) throw new OperationTrap(STOP_DIVIDE);
        f.i32[v * 4] = x;
      };
      ops[`i64_trunc_${from}_${sign}`] = (f, v, a) => {
        const x = Math.trunc(read(f, a));
        // The largest f64 below the bound is integral, so comparing with bound + 1 is exact.
        if (!(x >= Number(min64) && x < Number(max64 + 1n))) throw new OperationTrap(STOP_DIVIDE);
        f.i64[v * 2] = BigInt(x);
      };
    }
  }
  return ops;
}

function generated(): Ops {
  const ops: Record<string, Exec> = {};
  for (const [name, holds] of Object.entries(COMPARISONS)) {
    ops[`f32_${name}`] = compare32(holds);
    ops[`f64_${name}`] = compare64(holds);
  }
  for (const name of ["add", "sub", "mul", "div", "sqrt"] satisfies RoundedOp[]) {
    const compute32 = rounded32(name), compute64 = rounded64(name), twice = name === "sqrt";
    ops[`f32_${name}`] = (f, v, a, b) => {
      f.u32[v * 4] = compute32(f.u32[a * 4], f.u32[(twice ? a : b) * 4], f.floatMode);
    };
    ops[`f64_${name}`] = (f, v, a, b) => {
      f.u64[v * 2] = compute64(f.u64[a * 2], f.u64[(twice ? a : b) * 2], f.floatMode);
    };
  }
  for (const [name, compute] of Object.entries(EXTREMES) as [string, Arithmetic][]) {
    ops[`f32_${name}`] = (f, v, a, b) => {
      f.u32[v * 4] = binary32(f.u32[a * 4], f.u32[b * 4], compute);
    };
    ops[`f64_${name}`] = (f, v, a, b) => {
      f.u64[v * 2] = binary64(f.u64[a * 2], f.u64[b * 2], compute);
    };
  }
  for (const [name, round] of Object.entries(ROUNDINGS) as [string, Unary][]) {
    ops[`f32_${name}`] = (f, v, a) => {
      f.u32[v * 4] = toIntegral32(f.u32[a * 4], round, f.floatMode);
    };
    ops[`f64_${name}`] = (f, v, a) => {
      f.u64[v * 2] = toIntegral64(f.u64[a * 2], round, f.floatMode);
    };
  }
  return ops;
}

const SIGN_32 = 0x80000000 | 0;

/** Sign operations work on the bits, NaN or not (wasm specification, 4.3.3). */
const signOps: Ops = {
  f32_abs: (f, v, a) => {
    f.i32[v * 4] = f.i32[a * 4] & ~SIGN_32;
  },
  f32_neg: (f, v, a) => {
    f.i32[v * 4] = f.i32[a * 4] ^ SIGN_32;
  },
  f32_copysign: (f, v, a, b) => {
    f.i32[v * 4] = f.i32[a * 4] & ~SIGN_32 | f.i32[b * 4] & SIGN_32;
  },
  f64_abs: (f, v, a) => {
    f.i32[v * 4] = f.i32[a * 4];
    f.i32[v * 4 + 1] = f.i32[a * 4 + 1] & ~SIGN_32;
  },
  f64_neg: (f, v, a) => {
    f.i32[v * 4] = f.i32[a * 4];
    f.i32[v * 4 + 1] = f.i32[a * 4 + 1] ^ SIGN_32;
  },
  f64_copysign: (f, v, a, b) => {
    f.i32[v * 4] = f.i32[a * 4];
    f.i32[v * 4 + 1] = f.i32[a * 4 + 1] & ~SIGN_32 | f.i32[b * 4 + 1] & SIGN_32;
  },
};

const conversions: Ops = {
  f32_convert_i32_s: (f, v, a) => {
    f.f32[v * 4] = f32OfInteger(BigInt(f.i32[a * 4]), f.floatMode);
  },
  f32_convert_i32_u: (f, v, a) => {
    f.f32[v * 4] = f32OfInteger(BigInt(f.u32[a * 4]), f.floatMode);
  },
  f32_convert_i64_s: (f, v, a) => {
    f.f32[v * 4] = f32OfInteger(f.i64[a * 2], f.floatMode);
  },
  f32_convert_i64_u: (f, v, a) => {
    f.f32[v * 4] = f32OfInteger(f.u64[a * 2], f.floatMode);
  },
  f64_convert_i32_s: (f, v, a) => {
    f.f64[v * 2] = f.i32[a * 4];
  },
  f64_convert_i32_u: (f, v, a) => {
    f.f64[v * 2] = f.u32[a * 4];
  },
  f64_convert_i64_s: (f, v, a) => {
    f.f64[v * 2] = f64OfInteger(f.i64[a * 2], f.floatMode);
  },
  f64_convert_i64_u: (f, v, a) => {
    f.f64[v * 2] = f64OfInteger(f.u64[a * 2], f.floatMode);
  },
  f32_demote_f64: (f, v, a) => {
    f.u32[v * 4] = demote(f.u64[a * 2], f.floatMode);
  },
  f64_promote_f32: (f, v, a) => {
    f.u64[v * 2] = promote(f.u32[a * 4], f.floatMode);
  },
  i32_reinterpret_f32: copy32,
  f32_reinterpret_i32: copy32,
  i64_reinterpret_f64: copy64,
  f64_reinterpret_i64: copy64,
  select_f32: (f, v, a, b, c) => copy32(f, v, f.i32[c * 4] !== 0 ? a : b, 0, 0),
  select_f64: (f, v, a, b, c) => copy64(f, v, f.i32[c * 4] !== 0 ? a : b, 0, 0),
};

export const FLOAT_OPS: Ops = { ...generated(), ...truncations(), ...signOps, ...conversions };
