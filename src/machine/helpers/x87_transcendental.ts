/** The transcendental x87 instructions. */
import type { GuestMemory } from "../guest_memory.ts";
import { EXPONENT_BIAS, Float80, type FloatEnvironment, HIDDEN_BIT, KIND_INFINITY } from "./float80.ts";
import {
  angleOf,
  cosineOf,
  exponential,
  isOutOfRange,
  logarithm,
  logarithmOfSum,
  sineOf,
  tangentOf,
} from "./float80_transcendental.ts";
import type { HelperBody } from "./types.ts";
import { binary, twoResults, unary } from "./x87_plain.ts";
import { stack } from "./x87_stack.ts";

const angle = new Float80();

/** Sets C2 and does nothing else if ST(0) is too large to be reduced. `pushes`: a register above it must be empty. */
function circular(compute: HelperBody, pushes: 0 | 1): HelperBody {
  return (cpu, a, b) => (startsReduction(cpu.memory, pushes) ? compute(cpu, a, b) : 0);
}

function startsReduction(memory: GuestMemory, pushes: 0 | 1): boolean {
  stack.begin(memory);
  stack.clearC2();
  if (stack.isEmpty(0) || (pushes === 1 && !stack.isEmpty(7))) return true;
  stack.read(0, angle);
  if (!isOutOfRange(angle)) return true;
  stack.setC2();
  return false;
}

/** FPTAN leaves 1 above the tangent; what has none goes to both places. */
function tangentAndOne(below: Float80, above: Float80, x: Float80, env: FloatEnvironment): void {
  const isFinite = x.kind < KIND_INFINITY;
  tangentOf(below, x, env);
  if (isFinite) above.set(0, EXPONENT_BIAS, HIDDEN_BIT, 0);
  else above.copy(below);
}

function sineAndCosine(below: Float80, above: Float80, x: Float80, env: FloatEnvironment): void {
  sineOf(below, x, env);
  cosineOf(above, x, env);
}

export const x87TranscendentalHelpers: Record<string, HelperBody> = {
  x87_f2xm1: unary(exponential),
  x87_fyl2x: binary(logarithm, 1),
  x87_fyl2xp1: binary(logarithmOfSum, 1),
  x87_fpatan: binary(angleOf, 1),
  x87_fsin: circular(unary(sineOf), 0),
  x87_fcos: circular(unary(cosineOf), 0),
  x87_fsincos: circular(twoResults(sineAndCosine), 1),
  x87_fptan: circular(twoResults(tangentAndOne), 1),
};
