/**
 * Flags of UCOMISS and its kin (Intel SDM, UCOMISD): ZF PF CF are 111 unordered, 000 greater, 001 less, 100 equal; OF SF AF
 * are clear. As conditions they are float comparisons that are false, or negated ones that are true, when unordered.
 */
import { OP } from "../ir/ops.ts";
import type { Builder } from "./builder.ts";
import type { FlagSource } from "./flags.ts";

function compare(q: Builder, s: FlagSource, op32: number, op64: number, a = s.a, b = s.b): number {
  return q.op(s.bytes === 4 ? op32 : op64, a, b);
}

const greater = (q: Builder, s: FlagSource) => compare(q, s, OP.f32_gt, OP.f64_gt);
const greaterOrEqual = (q: Builder, s: FlagSource) => compare(q, s, OP.f32_ge, OP.f64_ge);
const not = (q: Builder, v: number) => q.op(OP.i32_eqz, v);

/** Neither equal nor unordered. */
function lessOrGreater(q: Builder, s: FlagSource): number {
  return q.op(OP.i32_or, compare(q, s, OP.f32_lt, OP.f64_lt), greater(q, s));
}

function unordered(q: Builder, s: FlagSource): number {
  const nan = (v: number) => compare(q, s, OP.f32_ne, OP.f64_ne, v, v);
  return s.a === s.b ? nan(s.a) : q.op(OP.i32_or, nan(s.a), nan(s.b));
}

/** Flag number `flag` (0 CF, 1 PF, 2 AF, 3 ZF, 4 SF, 5 OF), i32 0/1. */
export function floatFlag(q: Builder, s: FlagSource, flag: number): number {
  switch (flag) {
    case 0:
      return not(q, greaterOrEqual(q, s));
    case 1:
      return unordered(q, s);
    case 3:
      return not(q, lessOrGreater(q, s));
    default:
      return q.i32(0);
  }
}

/** A condition code (0..15). */
export function floatCondition(q: Builder, s: FlagSource, code: number): number {
  switch (code) {
    case 2: // b
      return not(q, greaterOrEqual(q, s));
    case 3: // ae
      return greaterOrEqual(q, s);
    case 4: // e
    case 14: // le: SF and OF are equal
      return not(q, lessOrGreater(q, s));
    case 5: // ne
    case 15: // g
      return lessOrGreater(q, s);
    case 6: // be
      return not(q, greater(q, s));
    case 7: // a
      return greater(q, s);
    case 10: // p
      return unordered(q, s);
    case 11: // np
      return not(q, unordered(q, s));
    default:
      // o, s and l never hold, no, ns and ge always.
      return q.i32(code & 1);
  }
}
