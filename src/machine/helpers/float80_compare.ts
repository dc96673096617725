import {
  FLAG_DE,
  FLAG_IE,
  type Float80,
  type FloatEnvironment,
  KIND_DENORMAL,
  KIND_QNAN,
  KIND_ZERO,
  scaleOf,
} from "./float80.ts";

/** Relations, as the condition bits C3 (bit 2), C2 (bit 1) and C0 (bit 0) code them: the order of ZF, PF, CF too. */
export const RELATION_GREATER = 0, RELATION_LESS = 1, RELATION_EQUAL = 4, RELATION_UNORDERED = 7;

/** How a stands to b. A quiet comparison accepts quiet NaNs. */
export function compare(a: Float80, b: Float80, quiet: boolean, env: FloatEnvironment): number {
  if (a.kind >= KIND_QNAN || b.kind >= KIND_QNAN) {
    if (!quiet || a.kind > KIND_QNAN || b.kind > KIND_QNAN) env.raise(FLAG_IE);
    return RELATION_UNORDERED;
  }
  if (a.kind === KIND_DENORMAL || b.kind === KIND_DENORMAL) env.raise(FLAG_DE);
  if (a.kind === KIND_ZERO && b.kind === KIND_ZERO) return RELATION_EQUAL;
  if (a.sign !== b.sign) return a.sign ? RELATION_LESS : RELATION_GREATER;
  const order = compareMagnitudes(a, b);
  if (order === 0) return RELATION_EQUAL;
  return (order < 0) === (a.sign === 0) ? RELATION_LESS : RELATION_GREATER;
}

/** Negative, zero or positive as |a| is less than, equal to or greater than |b|. */
function compareMagnitudes(a: Float80, b: Float80): number {
  // A pseudo-denormal has the scale of the smallest normal numbers, so scales decide only between normalised numbers.
  const scales = scaleOf(a) - scaleOf(b);
  if (scales !== 0) return scales;
  return a.hi - b.hi || a.lo - b.lo;
}
