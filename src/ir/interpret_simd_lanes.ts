/**
 * Integer lanes of the reference interpreter's SIMD: every i8x16, i16x8, i32x4 and i64x2 operation, made from a function on
 * numbers per lane (on BigInts for 64-bit lanes). Results wrap when they are stored into the typed array of the lane.
 */
import type { Exec, Frame } from "./frame.ts";

type Ops = Record<string, Exec>;

/** One lane shape of 8, 16 or 32 bits. */
interface Shape {
  name: string;
  bits: number;
  lanes: number;
  signed: (f: Frame) => Int8Array | Int16Array | Int32Array;
  unsigned: (f: Frame) => Uint8Array | Uint16Array | Uint32Array;
}

const SHAPES: readonly Shape[] = [
  { name: "i8x16", bits: 8, lanes: 16, signed: (f) => f.i8, unsigned: (f) => f.u8 },
  { name: "i16x8", bits: 16, lanes: 8, signed: (f) => f.i16, unsigned: (f) => f.u16 },
  { name: "i32x4", bits: 32, lanes: 4, signed: (f) => f.i32, unsigned: (f) => f.u32 },
];

type Binary = (x: number, y: number, shape: Shape) => number;

function clamp(x: number, min: number, max: number): number {
  return x < min ? min : x > max ? max : x;
}

const clampSigned = (x: number, bits: number) => clamp(x, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1);
const clampUnsigned = (x: number, bits: number) => clamp(x, 0, 2 ** bits - 1);

const SIGNED: Record<string, Binary> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => Math.imul(x, y),
  eq: (x, y) => x === y ? -1 : 0,
  ne: (x, y) => x !== y ? -1 : 0,
  lt_s: (x, y) => x < y ? -1 : 0,
  gt_s: (x, y) => x > y ? -1 : 0,
  le_s: (x, y) => x <= y ? -1 : 0,
  ge_s: (x, y) => x >= y ? -1 : 0,
  min_s: (x, y) => Math.min(x, y),
  max_s: (x, y) => Math.max(x, y),
  add_sat_s: (x, y, { bits }) => clampSigned(x + y, bits),
  sub_sat_s: (x, y, { bits }) => clampSigned(x - y, bits),
  q15mulr_sat_s: (x, y) => clampSigned(x * y + 0x4000 >> 15, 16),
};

const UNSIGNED: Record<string, Binary> = {
  lt_u: (x, y) => x < y ? -1 : 0,
  gt_u: (x, y) => x > y ? -1 : 0,
  le_u: (x, y) => x <= y ? -1 : 0,
  ge_u: (x, y) => x >= y ? -1 : 0,
  min_u: (x, y) => Math.min(x, y),
  max_u: (x, y) => Math.max(x, y),
  add_sat_u: (x, y, { bits }) => clampUnsigned(x + y, bits),
  sub_sat_u: (x, y, { bits }) => clampUnsigned(x - y, bits),
  avgr_u: (x, y) => x + y + 1 >>> 1,
};

function popcount8(x: number): number {
  let count = 0;
  for (; x !== 0; x &= x - 1) count++;
  return count;
}

const UNARY: Record<string, (x: number) => number> = {
  abs: Math.abs,
  neg: (x) => -x,
  popcnt: (x) => popcount8(x & 0xff),
};

function lanewise(shape: Shape): Ops {
  const { name, bits, lanes, signed, unsigned } = shape;
  const ops: Ops = {};
  for (const [suffix, compute] of Object.entries(SIGNED)) {
    ops[`${name}_${suffix}`] = (f, v, a, b) => {
      const s = signed(f);
      for (let i = 0; i < lanes; i++) s[v * lanes + i] = compute(s[a * lanes + i], s[b * lanes + i], shape);
    };
  }
  for (const [suffix, compute] of Object.entries(UNSIGNED)) {
    ops[`${name}_${suffix}`] = (f, v, a, b) => {
      const u = unsigned(f);
      for (let i = 0; i < lanes; i++) u[v * lanes + i] = compute(u[a * lanes + i], u[b * lanes + i], shape);
    };
  }
  for (const [suffix, compute] of Object.entries(UNARY)) {
    ops[`${name}_${suffix}`] = (f, v, a) => {
      const s = signed(f);
      for (let i = 0; i < lanes; i++) s[v * lanes + i] = compute(s[a * lanes + i]);
    };
  }
  // Shift counts are taken modulo the lane width.
  ops[`${name}_shl`] = (f, v, a, b) => {
    const s = signed(f), n = f.i32[b * 4] & bits - 1;
    for (let i = 0; i < lanes; i++) s[v * lanes + i] = s[a * lanes + i] << n;
  };
  ops[`${name}_shr_s`] = (f, v, a, b) => {
    const s = signed(f), n = f.i32[b * 4] & bits - 1;
    for (let i = 0; i < lanes; i++) s[v * lanes + i] = s[a * lanes + i] >> n;
  };
  ops[`${name}_shr_u`] = (f, v, a, b) => {
    const u = unsigned(f), n = f.i32[b * 4] & bits - 1;
    for (let i = 0; i < lanes; i++) u[v * lanes + i] = u[a * lanes + i] >>> n;
  };
  ops[`${name}_splat`] = (f, v, a) => {
    signed(f).fill(f.i32[a * 4], v * lanes, v * lanes + lanes);
  };
  const extractSigned: Exec = (f, v, a, b) => {
    f.i32[v * 4] = signed(f)[a * lanes + b];
  };
  ops[`${name}_extract_lane`] = ops[`${name}_extract_lane_s`] = extractSigned;
  ops[`${name}_extract_lane_u`] = (f, v, a, b) => {
    f.i32[v * 4] = unsigned(f)[a * lanes + b];
  };
  ops[`${name}_replace_lane`] = (f, v, a, b, c) => {
    for (let i = 0; i < 4; i++) f.i32[v * 4 + i] = f.i32[a * 4 + i];
    signed(f)[v * lanes + c] = f.i32[b * 4];
  };
  ops[`${name}_all_true`] = (f, v, a) => {
    f.i32[v * 4] = signed(f).subarray(a * lanes, a * lanes + lanes).every((x) => x !== 0) ? 1 : 0;
  };
  ops[`${name}_bitmask`] = (f, v, a) => {
    const s = signed(f);
    let mask = 0;
    for (let i = 0; i < lanes; i++) if (s[a * lanes + i] < 0) mask |= 1 << i;
    f.i32[v * 4] = mask;
  };
  return ops;
}

/** Operations between a shape and the one with half as many, twice as wide lanes (of 16 or 32 bits). */
function between(narrow: Shape, wide: Shape): Ops {
  const ops: Ops = {};
  const n = wide.lanes;
  for (const sign of ["s", "u"] as const) {
    const clampTo = sign === "s" ? clampSigned : clampUnsigned;
    const lanesOf = sign === "s" ? narrow.signed : narrow.unsigned;
    ops[`${narrow.name}_narrow_${wide.name}_${sign}`] = (f, v, a, b) => {
      const from = wide.signed(f), to = narrow.signed(f);
      for (let i = 0; i < n; i++) {
        to[v * 2 * n + i] = clampTo(from[a * n + i], narrow.bits);
        to[v * 2 * n + n + i] = clampTo(from[b * n + i], narrow.bits);
      }
    };
    ops[`${wide.name}_extadd_pairwise_${narrow.name}_${sign}`] = (f, v, a) => {
      const from = lanesOf(f), to = wide.signed(f);
      for (let i = 0; i < n; i++) to[v * n + i] = from[(a * n + i) * 2] + from[(a * n + i) * 2 + 1];
    };
    for (const half of ["low", "high"] as const) {
      const skip = half === "high" ? n : 0;
      ops[`${wide.name}_extend_${half}_${narrow.name}_${sign}`] = (f, v, a) => {
        const from = lanesOf(f), to = wide.signed(f);
        for (let i = 0; i < n; i++) to[v * n + i] = from[a * 2 * n + skip + i];
      };
      ops[`${wide.name}_extmul_${half}_${narrow.name}_${sign}`] = (f, v, a, b) => {
        const from = lanesOf(f), to = wide.signed(f);
        for (let i = 0; i < n; i++) to[v * n + i] = from[a * 2 * n + skip + i] * from[b * 2 * n + skip + i];
      };
    }
  }
  return ops;
}

const SIGNED_64: Record<string, (x: bigint, y: bigint) => bigint> = {
  add: (x, y) => x + y,
  sub: (x, y) => x - y,
  mul: (x, y) => x * y,
  eq: (x, y) => x === y ? -1n : 0n,
  ne: (x, y) => x !== y ? -1n : 0n,
  lt_s: (x, y) => x < y ? -1n : 0n,
  gt_s: (x, y) => x > y ? -1n : 0n,
  le_s: (x, y) => x <= y ? -1n : 0n,
  ge_s: (x, y) => x >= y ? -1n : 0n,
};

function lanes64(): Ops {
  const ops: Ops = {
    i64x2_abs: (f, v, a) => {
      for (let i = 0; i < 2; i++) f.i64[v * 2 + i] = f.i64[a * 2 + i] < 0n ? -f.i64[a * 2 + i] : f.i64[a * 2 + i];
    },
    i64x2_neg: (f, v, a) => {
      for (let i = 0; i < 2; i++) f.i64[v * 2 + i] = -f.i64[a * 2 + i];
    },
    i64x2_shl: (f, v, a, b) => {
      for (let i = 0; i < 2; i++) f.i64[v * 2 + i] = f.i64[a * 2 + i] << BigInt(f.i32[b * 4] & 63);
    },
    i64x2_shr_s: (f, v, a, b) => {
      for (let i = 0; i < 2; i++) f.i64[v * 2 + i] = f.i64[a * 2 + i] >> BigInt(f.i32[b * 4] & 63);
    },
    i64x2_shr_u: (f, v, a, b) => {
      for (let i = 0; i < 2; i++) f.u64[v * 2 + i] = f.u64[a * 2 + i] >> BigInt(f.i32[b * 4] & 63);
    },
    i64x2_splat: (f, v, a) => {
      f.i64.fill(f.i64[a * 2], v * 2, v * 2 + 2);
    },
    i64x2_extract_lane: (f, v, a, b) => {
      f.i64[v * 2] = f.i64[a * 2 + b];
    },
    i64x2_replace_lane: (f, v, a, b, c) => {
      for (let i = 0; i < 2; i++) f.i64[v * 2 + i] = f.i64[i === c ? b * 2 : a * 2 + i];
    },
    i64x2_all_true: (f, v, a) => {
      f.i32[v * 4] = f.i64[a * 2] !== 0n && f.i64[a * 2 + 1] !== 0n ? 1 : 0;
    },
    i64x2_bitmask: (f, v, a) => {
      f.i32[v * 4] = f.i32[a * 4 + 1] >>> 31 | f.i32[a * 4 + 3] >>> 31 << 1;
    },
    i32x4_dot_i16x8_s: (f, v, a, b) => {
      const { i16 } = f;
      for (let i = 0; i < 4; i++) {
        const x = a * 8 + i * 2, y = b * 8 + i * 2;
        f.i32[v * 4 + i] = i16[x] * i16[y] + i16[x + 1] * i16[y + 1];
      }
    },
  };
  for (const [suffix, compute] of Object.entries(SIGNED_64)) {
    ops[`i64x2_${suffix}`] = (f, v, a, b) => {
      for (let i = 0; i < 2; i++) f.i64[v * 2 + i] = compute(f.i64[a * 2 + i], f.i64[b * 2 + i]);
    };
  }
  for (const sign of ["s", "u"] as const) {
    for (const half of ["low", "high"] as const) {
      const skip = half === "high" ? 2 : 0;
      const read = (f: Frame, i: number) => BigInt(sign === "s" ? f.i32[i] : f.u32[i]);
      ops[`i64x2_extend_${half}_i32x4_${sign}`] = (f, v, a) => {
        for (let i = 0; i < 2; i++) f.i64[v * 2 + i] = read(f, a * 4 + skip + i);
      };
      ops[`i64x2_extmul_${half}_i32x4_${sign}`] = (f, v, a, b) => {
        for (let i = 0; i < 2; i++) f.i64[v * 2 + i] = read(f, a * 4 + skip + i) * read(f, b * 4 + skip + i);
      };
    }
  }
  return ops;
}

/** Integer lane operations by name; more than the IR has, which does no harm. */
export const SIMD_LANE_OPS: Ops = {
  ...SHAPES.map(lanewise).reduce((all, ops) => ({ ...all, ...ops })),
  ...between(SHAPES[0], SHAPES[1]),
  ...between(SHAPES[1], SHAPES[2]),
  ...lanes64(),
};
