/** VEX instructions whose source and destination differ in length: conversions and extensions. */
import { OP } from "../ir/ops.ts";
import type { Lift, Lifter } from "./lifter.ts";
import { WIDENINGS } from "./sse4.ts";
import { doublesToIntegers, sseConvertLifts } from "./sse_convert.ts";
import { byMxcsr, ROUND_F64X2, rounded } from "./sse_rounding.ts";
import { shuffleLanes, vector } from "./vector.ts";
import { halfValue, isWide, vex, writeHalves } from "./vex.ts";

/** The 128-bit form by an SSE lifter, the 256-bit form by its own. */
function byLength(name: string, wide: Lift): Lift {
  const narrow = vex(sseConvertLifts[name]);
  return (l) => isWide(l) ? wide(l) : narrow(l);
}

/** Twice as wide lanes, from the lower and from the upper half of a 128-bit source. */
function widen(op: number): Lift {
  return (l) => {
    const [to, from] = l.insn.operands;
    const v = vector(l, from);
    writeHalves(l, to, l.op(op, v), l.op(op, shuffleLanes(l, v, v, 8, 1, 1)));
  };
}

/** Half as wide lanes of both halves, side by side in an xmm register. */
function narrow(l: Lifter, convert: (v: number) => number): void {
  const [to, from] = l.insn.operands;
  const low = convert(halfValue(l, from, false)), high = convert(halfValue(l, from, true));
  l.setXmm(to.reg, shuffleLanes(l, low, high, 8, 0, 2));
  l.zeroUpper(to.reg);
}

const cvtpd2ps: Lift = (l) => narrow(l, (v) => l.op(OP.f32x4_demote_f64x2_zero, v));
const cvttpd2dq: Lift = (l) => narrow(l, (v) => doublesToIntegers(l, v));
const cvtpd2dq: Lift = (l) =>
  byMxcsr(l, (mode) => narrow(l, (v) => doublesToIntegers(l, rounded(l, ROUND_F64X2, v, mode))));

/** pmovsx, pmovzx: the upper half of the result comes from further up in the source. */
function extend(steps: readonly number[]): Lift {
  // Bytes of the source that make one half of the result.
  const part = 16 >> steps.length;
  const lanes = Array.from({ length: 16 / part }, (_, i) => (i + 1) % (16 / part));
  return (l) => {
    const [to, from] = l.insn.operands;
    const v = vector(l, from);
    const widened = (x: number) => steps.reduce((y, op) => l.op(op, y), x);
    const low = widened(v);
    if (to.bytes === 16) {
      l.setXmm(to.reg, low);
      return l.zeroUpper(to.reg);
    }
    writeHalves(l, to, low, widened(shuffleLanes(l, v, v, part, ...lanes)));
  };
}

export const avxConvertLifts: Record<string, Lift> = {
  ...Object.fromEntries(Object.entries(WIDENINGS).map(([name, steps]) => [`v${name}`, extend(steps)])),
  vcvtps2pd: byLength("cvtps2pd", widen(OP.f64x2_promote_low_f32x4)),
  vcvtdq2pd: byLength("cvtdq2pd", widen(OP.f64x2_convert_low_i32x4_s)),
  vcvtpd2ps: byLength("cvtpd2ps", cvtpd2ps),
  vcvttpd2dq: byLength("cvttpd2dq", cvttpd2dq),
  vcvtpd2dq: byLength("cvtpd2dq", cvtpd2dq),
};
