/** What AVX and AVX2 do across lanes: broadcasts, permutations, blends by a register, shifts by lane, tests. */
import { OP } from "../ir/ops.ts";
import { OPERAND_MEM } from "../x86/instruction.ts";
import type { Lift, Lifter } from "./lifter.ts";
import { sse4Lifts } from "./sse4.ts";
import { sseIntLifts } from "./sse_int.ts";
import { shuffleLanes, splat32, vector, writeVector, zero } from "./vector.ts";
import { halfValue, halves, isWide, vex, writeHalves } from "./vex.ts";

/** Copies the low lane of `size` bytes everywhere. */
function broadcast(size: number): Lift {
  const loads: Record<number, number> = {
    1: OP.v128_load8_splat,
    2: OP.v128_load16_splat,
    4: OP.v128_load32_splat,
    8: OP.v128_load64_splat,
  };
  return (l) => {
    const [to, from] = l.insn.operands;
    const lanes = () => shuffleLanes(l, l.read(from), l.read(from), size, ...new Array(16 / size).fill(0));
    const v = from.kind === OPERAND_MEM ? l.op(loads[size], l.linear(from), 0) : lanes();
    writeHalves(l, to, v, to.bytes === 32 ? v : -1);
  };
}

const broadcast128: Lift = (l) => {
  const [to, from] = l.insn.operands;
  const v = vector(l, from);
  writeHalves(l, to, v, v);
};

const insert128: Lift = (l) => {
  const [to, first, from, imm] = l.insn.operands;
  const v = vector(l, from);
  const upper = (imm.immLo & 1) === 1;
  writeHalves(l, to, upper ? halfValue(l, first, false) : v, upper ? v : halfValue(l, first, true));
};

const extract128: Lift = (l) => {
  const [to, from, imm] = l.insn.operands;
  writeVector(l, to, halfValue(l, from, (imm.immLo & 1) === 1));
  if (to.kind !== OPERAND_MEM) l.zeroUpper(to.reg);
};

/** Each half of the result is a half of one of the sources, or zero. */
const permute128: Lift = (l) => {
  const [to, first, second, imm] = l.insn.operands;
  const pick = (control: number) =>
    control & 8 ? zero(l) : halfValue(l, control & 2 ? second : first, (control & 1) === 1);
  writeHalves(l, to, pick(imm.immLo), pick(imm.immLo >> 4));
};

/** vpermq, vpermpd: two bits a quadword. */
const permuteQuadwords: Lift = (l) => {
  const [to, from, imm] = l.insn.operands;
  const low = halfValue(l, from, false), high = halfValue(l, from, true);
  const pick = (control: number) => shuffleLanes(l, low, high, 8, control & 3, control >> 2 & 3);
  writeHalves(l, to, pick(imm.immLo), pick(imm.immLo >> 4));
};

/** Byte numbers of 32-bit lanes whose numbers are below 64. */
function laneBytes(l: Lifter, lanes: number): number {
  return l.op(OP.i32x4_add, l.op(OP.i32x4_mul, lanes, splat32(l, 0x04040404)), splat32(l, 0x03020100));
}

/** vpermd, vpermps: any doubleword of both halves. The swizzle gives zero for what is not in its half. */
const permuteDoublewords: Lift = (l) => {
  const [to, control, from] = l.insn.operands;
  const low = halfValue(l, from, false), high = halfValue(l, from, true);
  const pick = (upper: boolean) => {
    const lanes = l.op(OP.v128_and, halfValue(l, control, upper), splat32(l, 7));
    const bytes = laneBytes(l, lanes);
    const above = l.op(OP.i8x16_sub, bytes, splat32(l, 0x10101010));
    return l.op(OP.v128_or, l.op(OP.i8x16_swizzle, low, bytes), l.op(OP.i8x16_swizzle, high, above));
  };
  const [newLow, newHigh] = [pick(false), pick(true)];
  writeHalves(l, to, newLow, newHigh);
};

/** vpermilps by a register: two bits a lane. */
function permuteSingles(l: Lifter, a: number, control: number): number {
  const lanes = l.op(OP.v128_and, control, splat32(l, 3));
  return l.op(OP.i8x16_relaxed_swizzle, a, laneBytes(l, lanes));
}

/** vpermilpd by a register: bit 1 of each lane. */
function permuteDoubles(l: Lifter, a: number, control: number): number {
  const second = l.op(OP.i64x2_shr_s, l.op(OP.i64x2_shl, control, l.i32(62)), l.i32(63));
  return l.op(OP.v128_bitselect, shuffleLanes(l, a, a, 8, 1, 1), shuffleLanes(l, a, a, 8, 0, 0), second);
}

/** By a register, or by an immediate. */
function permuteInLane(byRegister: Lift, byImmediate: Lift): Lift {
  return (l) => l.insn.row.encoding.includes("0F3A") ? byImmediate(l) : byRegister(l);
}

/** Lanes of the second source where the fourth operand has its sign set. */
function blendByRegister(lessThan: number): Lift {
  return (l) => {
    const [to, first, second, mask] = l.insn.operands;
    const part = (upper: boolean) => {
      const chosen = l.op(lessThan, halfValue(l, mask, upper), zero(l));
      return l.op(OP.v128_bitselect, halfValue(l, second, upper), halfValue(l, first, upper), chosen);
    };
    writeHalves(l, to, part(false), to.bytes === 32 ? part(true) : -1);
  };
}

/** Shifts each lane by the lane of the second source: counts of the width and above give zero, or the sign. */
function shiftLanes(op: number, wide: boolean, arithmetic: boolean): Lift {
  const width = wide ? 64 : 32;
  return halves((l, a, counts) => {
    let result = a;
    for (let lane = 0; lane < (wide ? 2 : 4); lane++) {
      const count = l.op(wide ? OP.i64x2_extract_lane : OP.i32x4_extract_lane, counts, lane);
      const v = l.op(wide ? OP.i64x2_extract_lane : OP.i32x4_extract_lane, a, lane);
      const fits = l.op(wide ? OP.i64_lt_u : OP.i32_lt_u, count, wide ? l.i64(width) : l.i32(width));
      let shifted: number;
      if (arithmetic) shifted = l.op(op, v, l.select(4, count, l.i32(width - 1), fits));
      else shifted = l.select(wide ? 8 : 4, l.op(op, v, count), wide ? l.i64(0) : l.i32(0), fits);
      result = l.op(wide ? OP.i64x2_replace_lane : OP.i32x4_replace_lane, result, shifted, lane);
    }
    return result;
  });
}

/** Sign bits of both halves, one after the other. */
function signMask(op: number, bits: number): Lift {
  return (l) => {
    const [to, from] = l.insn.operands;
    let mask = l.op(op, halfValue(l, from, false));
    if (from.bytes === 32) mask = l.op(OP.i32_or, mask, l.shl32(l.op(op, halfValue(l, from, true)), bits));
    l.setGpr(to.reg, 4, mask);
  };
}

/** vptest, vtestps, vtestpd: ZF of both sources, CF of the second without the first, in the bits of `mask`. */
function test(mask: ((l: Lifter) => number) | null): Lift {
  return (l) => {
    const [left, right] = l.insn.operands;
    const pairs = (isWide(l) ? [false, true] : [false]).map((upper) =>
      [halfValue(l, right, upper), halfValue(l, left, upper)] as const
    );
    const none = (op: number) => {
      let bits = pairs.map(([b, a]) => l.op(op, b, a)).reduce((x, y) => l.op(OP.v128_or, x, y));
      if (mask !== null) bits = l.op(OP.v128_and, bits, mask(l));
      return l.op(OP.i32_eqz, l.op(OP.v128_any_true, bits));
    };
    const set = (flag: number, op: number) => l.setFlag(flag, l.flagsWanted(1 << flag) ? none(op) : l.i32(0));
    set(0, OP.v128_andnot);
    set(3, OP.v128_and);
    for (const flag of [1, 2, 4, 5]) l.setFlag(flag, l.i32(0));
  };
}

const SIGN = 0x80000000 | 0;
const signs32 = (l: Lifter) => splat32(l, SIGN);
const signs64 = (l: Lifter) => l.v128(new Uint8Array(Int32Array.of(0, SIGN, 0, SIGN).buffer));

const zeroUppers: Lift = (l) => {
  for (let r = 0; r < 16; r++) l.zeroUpper(r);
};

const zeroAll: Lift = (l) => {
  for (let r = 0; r < 16; r++) l.setXmm(r, zero(l));
  zeroUppers(l);
};

const permutePairs = halves((l, a, _b, imm, upper) => {
  const control = upper ? imm >> 2 : imm;
  return shuffleLanes(l, a, a, 8, control & 1, control >> 1 & 1);
});

export const avxPermuteLifts: Record<string, Lift> = {
  vbroadcastss: broadcast(4),
  vbroadcastsd: broadcast(8),
  vpbroadcastb: broadcast(1),
  vpbroadcastw: broadcast(2),
  vpbroadcastd: broadcast(4),
  vpbroadcastq: broadcast(8),
  vbroadcastf128: broadcast128,
  vbroadcasti128: broadcast128,
  vinsertf128: insert128,
  vinserti128: insert128,
  vextractf128: extract128,
  vextracti128: extract128,
  vperm2f128: permute128,
  vperm2i128: permute128,
  vpermq: permuteQuadwords,
  vpermpd: permuteQuadwords,
  vpermd: permuteDoublewords,
  vpermps: permuteDoublewords,
  vpermilps: permuteInLane(halves(permuteSingles), vex(sseIntLifts.pshufd)),
  vpermilpd: permuteInLane(halves(permuteDoubles), permutePairs),
  vblendvps: blendByRegister(OP.i32x4_lt_s),
  vblendvpd: blendByRegister(OP.i64x2_lt_s),
  vpblendvb: blendByRegister(OP.i8x16_lt_s),
  vpblendd: vex(sse4Lifts.blendps, { threeOperands: true, immediateBits: 4 }),
  vpsllvd: shiftLanes(OP.i32_shl, false, false),
  vpsllvq: shiftLanes(OP.i64_shl, true, false),
  vpsrlvd: shiftLanes(OP.i32_shr_u, false, false),
  vpsrlvq: shiftLanes(OP.i64_shr_u, true, false),
  vpsravd: shiftLanes(OP.i32_shr_s, false, true),
  vmovmskps: signMask(OP.i32x4_bitmask, 4),
  vmovmskpd: signMask(OP.i64x2_bitmask, 2),
  vpmovmskb: signMask(OP.i8x16_bitmask, 16),
  vptest: test(null),
  vtestps: test(signs32),
  vtestpd: test(signs64),
  vzeroupper: zeroUppers,
  vzeroall: zeroAll,
  vpcmpestrm: maskToXmm0("pcmpestrm"),
  vpcmpistrm: maskToXmm0("pcmpistrm"),
};

/** The result goes to xmm0, which is no operand. */
function maskToXmm0(name: string): Lift {
  return (l) => {
    sse4Lifts[name](l);
    l.zeroUpper(0);
  };
}
