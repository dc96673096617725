/** FMA3 and F16C (Intel SDM volume 1, 14.4 and 14.5). */
import { OP } from "../ir/ops.ts";
import type { Operand } from "../x86/instruction.ts";
import { OPERAND_MEM } from "../x86/instruction.ts";
import type { Lift, Lifter } from "./lifter.ts";
import { constant32, scalar, setLow, shuffleLanes, vector, zero } from "./vector.ts";
import { half, halfValue, halves, isWide, writeHalves } from "./vex.ts";

const SIGN = 0x80000000 | 0;

/** Operations on lanes of 4 and of 8 bytes. */
const PACKED = {
  4: { fma: OP.f32x4_fma, neg: OP.f32x4_neg, splat: OP.f32x4_splat, extract: OP.f32x4_extract_lane },
  8: { fma: OP.f64x2_fma, neg: OP.f64x2_neg, splat: OP.f64x2_splat, extract: OP.f64x2_extract_lane },
};
type Size = 4 | 8;

/** By the digits of the mnemonic: which of destination, second and third operand are multiplied, and which is added. */
const ORDERS: Record<string, (x: number, y: number, z: number) => [a: number, b: number, c: number]> = {
  "132": (x, y, z) => [x, z, y],
  "213": (x, y, z) => [y, x, z],
  "231": (x, y, z) => [y, z, x],
};

/** Changes the signs of product and sum before they meet: exact. */
type Signs = (l: Lifter, size: Size, a: number, c: number) => [a: number, c: number];

const negated = (l: Lifter, size: Size, v: number) => l.op(PACKED[size].neg, v);

/** Changes the sign of every other lane, from lane `first` on. */
function alternating(first: 0 | 1): Signs {
  return (l, size, a, c) => {
    const word = (i: number) => (size === 4 ? i % 2 === first : i === 1 + 2 * first) ? SIGN : 0;
    return [a, l.op(OP.v128_xor, c, constant32(l, word(0), word(1), word(2), word(3)))];
  };
}

const KINDS: Record<string, Signs> = {
  fmadd: (_l, _size, a, c) => [a, c],
  fmsub: (l, size, a, c) => [a, negated(l, size, c)],
  fnmadd: (l, size, a, c) => [negated(l, size, a), c],
  fnmsub: (l, size, a, c) => [negated(l, size, a), negated(l, size, c)],
  // Even lanes subtract, odd lanes add; and the other way round.
  fmaddsub: alternating(0),
  fmsubadd: alternating(1),
};

function compute(l: Lifter, size: Size, signs: Signs, operands: [number, number, number]): number {
  const [a, c] = signs(l, size, operands[0], operands[2]);
  return l.op(PACKED[size].fma, a, operands[1], c);
}

function packed(size: Size, signs: Signs, order: string): Lift {
  return (l) => {
    const [to] = l.insn.operands;
    // The destination is a source, too.
    const lift = halves((l, y, z, _imm, upper) =>
      compute(l, size, signs, ORDERS[order](halfValue(l, to, upper), y, z))
    );
    lift(l);
  };
}

/** The low lanes go in as splats and come out as a scalar, so that chains of scalar arithmetic stay scalars. */
function scalarForm(size: Size, signs: Signs, order: string): Lift {
  const { splat, extract } = PACKED[size];
  return (l) => {
    const [to, second, third] = l.insn.operands;
    const [x, y, z] = [to, second, third].map((o) => l.op(splat, scalar(l, o, size)));
    setLow(l, to, size, l.op(extract, compute(l, size, signs, ORDERS[order](x, y, z)), 0));
    l.zeroUpper(to.reg);
  };
}

function allForms(): Record<string, Lift> {
  const lifts: Record<string, Lift> = {};
  for (const [name, signs] of Object.entries(KINDS)) {
    for (const order of Object.keys(ORDERS)) {
      lifts[`v${name}${order}ps`] = packed(4, signs, order);
      lifts[`v${name}${order}pd`] = packed(8, signs, order);
      lifts[`v${name}${order}ss`] = scalarForm(4, signs, order);
      lifts[`v${name}${order}sd`] = scalarForm(8, signs, order);
    }
  }
  return lifts;
}

/** Four halves (16-bit floats) in the low 64 bits to four singles. */
function fromHalves(l: Lifter, v: number): number {
  let result = zero(l);
  for (let lane = 0; lane < 4; lane++) {
    const single = l.helper("f16_to_f32", l.op(OP.i16x8_extract_lane_u, v, lane));
    result = l.op(OP.i32x4_replace_lane, result, single, lane);
  }
  return result;
}

/** Four singles to four halves in the low 64 bits, zeros above. */
function toHalves(l: Lifter, v: number, rounding: number): number {
  let result = zero(l);
  for (let lane = 0; lane < 4; lane++) {
    const bits = l.helper("f32_to_f16", l.op(OP.i32x4_extract_lane, v, lane), l.i32(rounding));
    result = l.op(OP.i16x8_replace_lane, result, bits, lane);
  }
  return result;
}

const vcvtph2ps: Lift = (l) => {
  const [to, from] = l.insn.operands;
  const v = vector(l, from);
  const low = fromHalves(l, v);
  if (to.bytes === 32) return writeHalves(l, to, low, fromHalves(l, shuffleLanes(l, v, v, 8, 1, 1)));
  l.setXmm(to.reg, low);
  l.zeroUpper(to.reg);
};

const vcvtps2ph: Lift = (l) => {
  const [to, from, imm] = l.insn.operands;
  const low = toHalves(l, l.read(half(from, false)), imm.immLo & 7);
  const both = isWide(l) ? shuffleLanes(l, low, toHalves(l, l.read(half(from, true)), imm.immLo & 7), 8, 0, 2) : low;
  if (to.kind === OPERAND_MEM) return storeHalves(l, to, both);
  l.setXmm(to.reg, both);
  l.zeroUpper(to.reg);
};

function storeHalves(l: Lifter, to: Operand, v: number): void {
  l.store(to.bytes, l.linear(to), to.bytes === 16 ? v : l.op(OP.i64x2_extract_lane, v, 0));
}

export const fmaLifts: Record<string, Lift> = { ...allForms(), vcvtph2ps, vcvtps2ph };
