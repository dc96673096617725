/** BMI1, BMI2 and the counts that came with them (Intel SDM volume 2). Operands are 4 or 8 bytes, TZCNT and LZCNT also 2. */
import { OP } from "../ir/ops.ts";
import { FLAG_CF, FLAG_ZF, RDX, STATE_SCRATCH } from "../machine/state.ts";
import { isZero } from "./flags.ts";
import type { Lift, Lifter } from "./lifter.ts";

const CF = 0, ZF = 3;

/** ZF and SF of the result, CF as given, OF clear; AF and PF are undefined and cleared. */
function logicFlags(l: Lifter, bytes: number, result: number, carry: () => number): void {
  l.flagsFromLogic(bytes, result);
  if (l.flagsWanted(FLAG_CF)) l.setFlag(CF, carry());
}

const op = (bytes: number, op32: number, op64: number) => (bytes === 8 ? op64 : op32);
const and = (l: Lifter, bytes: number, a: number, b: number) => l.op(op(bytes, OP.i32_and, OP.i64_and), a, b);
const xor = (l: Lifter, bytes: number, a: number, b: number) => l.op(op(bytes, OP.i32_xor, OP.i64_xor), a, b);

const andn: Lift = (l) => {
  const [to, first, second] = l.insn.operands;
  const bytes = to.bytes;
  const result = and(l, bytes, xor(l, bytes, l.read(first), l.constant(bytes, -1)), l.read(second));
  l.write(to, result);
  logicFlags(l, bytes, result, () => l.i32(0));
};

/** blsr, blsmsk, blsi: the source with itself less one, or negated. */
function lowestBit(compute: (l: Lifter, bytes: number, v: number) => number, carryIfZero: boolean): Lift {
  return (l) => {
    const [to, from] = l.insn.operands;
    const bytes = to.bytes;
    const v = l.read(from);
    const result = compute(l, bytes, v);
    l.write(to, result);
    logicFlags(l, bytes, result, () => {
      const none = isZero(l, bytes, v);
      return carryIfZero ? none : l.op(OP.i32_eqz, none);
    });
  };
}

const lessOne = (l: Lifter, bytes: number, v: number) => l.add(bytes, v, l.constant(bytes, -1));

/** Ones below bit `n` (an i32 that is not above the width). */
function onesBelow(l: Lifter, bytes: number, n: number): number {
  const width = bytes * 8;
  const count = bytes === 8 ? l.extendU(n) : n;
  const shifted = l.op(op(bytes, OP.i32_shl, OP.i64_shl), l.constant(bytes, -1), count);
  const mask = xor(l, bytes, shifted, l.constant(bytes, -1));
  return l.select(bytes, mask, l.constant(bytes, -1), l.op(OP.i32_lt_u, n, l.i32(width)));
}

function low32(l: Lifter, bytes: number, v: number): number {
  return bytes === 8 ? l.wrap(v) : v;
}

/** bextr: bits 0 to 7 of the control are the first bit, bits 8 to 15 how many. */
const bextr: Lift = (l) => {
  const [to, from, control] = l.insn.operands;
  const bytes = to.bytes, width = bytes * 8;
  const controls = low32(l, bytes, l.read(control));
  const start = l.mask32(controls, 0xff);
  const length = l.mask32(l.op(OP.i32_shr_u, controls, l.i32(8)), 0xff);
  const shifted = l.op(op(bytes, OP.i32_shr_u, OP.i64_shr_u), l.read(from), bytes === 8 ? l.extendU(start) : start);
  const inside = l.select(bytes, shifted, l.zero(bytes), l.op(OP.i32_lt_u, start, l.i32(width)));
  const result = and(l, bytes, inside, onesBelow(l, bytes, length));
  l.write(to, result);
  l.flagsFromLogic(bytes, result);
};

/** bzhi: the bits from the index on become zero; CF tells of an index that is too large. */
const bzhi: Lift = (l) => {
  const [to, from, index] = l.insn.operands;
  const bytes = to.bytes;
  const n = l.mask32(low32(l, bytes, l.read(index)), 0xff);
  const result = and(l, bytes, l.read(from), onesBelow(l, bytes, n));
  l.write(to, result);
  logicFlags(l, bytes, result, () => l.op(OP.i32_ge_u, n, l.i32(bytes * 8)));
};

/** shlx, shrx, sarx: wasm masks counts as these do. No flags. */
function shift(op32: number, op64: number): Lift {
  return (l) => {
    const [to, from, count] = l.insn.operands;
    l.write(to, l.op(op(to.bytes, op32, op64), l.read(from), l.read(count)));
  };
}

const rorx: Lift = (l) => {
  const [to, from, imm] = l.insn.operands;
  l.write(to, l.op(op(to.bytes, OP.i32_rotr, OP.i64_rotr), l.read(from), l.constant(to.bytes, imm.immLo & 0xff)));
};

/** mulx: rdx times the source; the high half is written last. */
const mulx: Lift = (l) => {
  const [high, low, from] = l.insn.operands;
  const bytes = high.bytes;
  const a = l.gpr(RDX, bytes), b = l.read(from);
  if (bytes === 8) {
    const product = l.op(OP.i64_mul, a, b), upper = l.op(OP.i64_mulhi_u, a, b);
    l.write(low, product);
    l.write(high, upper);
    return;
  }
  const product = l.op(OP.i64_mul, l.extendU(a), l.extendU(b));
  l.setGpr64(low.reg, l.and64(product, l.i64(-1, 0)));
  l.setGpr64(high.reg, l.op(OP.i64_shr_u, product, l.i64(32)));
};

/** pdep, pext: by a helper, operands in the scratch area. */
function scatter(helper: string): Lift {
  return (l) => {
    const [to, first, mask] = l.insn.operands;
    const wide = (v: number) => to.bytes === 8 ? v : l.extendU(v);
    const a = wide(l.read(first)), b = wide(l.read(mask));
    l.storeState(OP.i64_store, STATE_SCRATCH, a);
    l.storeState(OP.i64_store, STATE_SCRATCH + 8, b);
    l.helper(helper);
    l.setGpr64(to.reg, l.loadState(OP.i64_load, STATE_SCRATCH));
  };
}

/** tzcnt, lzcnt: the width where the source is zero, which CF tells. */
function count(op32: number, op64: number, leading: boolean): Lift {
  return (l) => {
    const [to, from] = l.insn.operands;
    const bytes = to.bytes;
    const v = l.read(from);
    let result: number;
    if (bytes !== 2) result = l.op(op(bytes, op32, op64), v);
    else if (leading) result = l.sub32(l.op(op32, v), l.i32(16));
    else result = l.op(op32, l.op(OP.i32_or, v, l.i32(0x10000)));
    l.write(to, result);
    l.clearFlags(~(FLAG_CF | FLAG_ZF));
    if (l.flagsWanted(FLAG_CF)) l.setFlag(CF, isZero(l, bytes, v));
    if (l.flagsWanted(FLAG_ZF)) l.setFlag(ZF, isZero(l, bytes, result));
  };
}

export const bmiLifts: Record<string, Lift> = {
  andn,
  blsr: lowestBit((l, bytes, v) => and(l, bytes, v, lessOne(l, bytes, v)), true),
  blsmsk: lowestBit((l, bytes, v) => xor(l, bytes, v, lessOne(l, bytes, v)), true),
  blsi: lowestBit((l, bytes, v) => and(l, bytes, v, l.sub(bytes, l.zero(bytes), v)), false),
  bextr,
  bzhi,
  pext: scatter("pext"),
  pdep: scatter("pdep"),
  mulx,
  shlx: shift(OP.i32_shl, OP.i64_shl),
  sarx: shift(OP.i32_shr_s, OP.i64_shr_s),
  shrx: shift(OP.i32_shr_u, OP.i64_shr_u),
  rorx,
  tzcnt: count(OP.i32_ctz, OP.i64_ctz, false),
  lzcnt: count(OP.i32_clz, OP.i64_clz, true),
};
