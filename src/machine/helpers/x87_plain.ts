/** x87 instructions on the top of the stack, without operands of their own. */
import {
  FLAG_C1,
  FLAG_IE,
  FLAG_SF,
  Float80,
  type FloatEnvironment,
  KIND_DENORMAL,
  KIND_INFINITY,
  KIND_NORMAL,
  KIND_QNAN,
  KIND_SNAN,
  KIND_UNSUPPORTED,
  KIND_ZERO,
  setDefaultNan,
} from "./float80.ts";
import { squareRoot } from "./float80_arith.ts";
import { compare, RELATION_UNORDERED } from "./float80_compare.ts";
import { roundToIntegral } from "./float80_integer.ts";
import { extract, NO_QUOTIENT, PARTIAL, remainder, scale } from "./float80_remainder.ts";
import type { HelperBody } from "./types.ts";
import { conditionsOf } from "./x87_arith.ts";
import { FSW_C0, FSW_C2, FSW_C3, stack } from "./x87_stack.ts";

const top = new Float80(), second = new Float80(), result = new Float80(), zero = new Float80();

/** An operation of one operand: r = op(a). */
type UnaryOperation = (r: Float80, a: Float80, env: FloatEnvironment) => void;
type BinaryOperation = (r: Float80, a: Float80, b: Float80, env: FloatEnvironment) => void;

/** ST(0) = op(ST(0)). */
export function unary(operation: UnaryOperation): HelperBody {
  return ({ memory }) => {
    stack.begin(memory);
    if (stack.isEmpty(0)) {
      stack.raiseUnderflow();
      setDefaultNan(result);
    } else {
      stack.read(0, top);
      operation(result, top, stack.env);
    }
    if (stack.commit()) stack.write(0, result);
    return 0;
  };
}

/** ST(to) = op(ST(0), ST(1)), followed by as many pops. */
export function binary(operation: BinaryOperation, to: 0 | 1): HelperBody {
  return ({ memory }) => {
    stack.begin(memory);
    if (stack.isEmpty(0) || stack.isEmpty(1)) {
      stack.raiseUnderflow();
      setDefaultNan(result);
    } else {
      stack.read(0, top);
      stack.read(1, second);
      operation(result, top, second, stack.env);
    }
    if (stack.commit()) {
      stack.write(to, result);
      if (to === 1) stack.pop();
    }
    return 0;
  };
}

/**
 * FPREM, FPREM1: C2 says that the reduction is not complete; else C0, C3, C1 are the quotient's bits 2, 1, 0. Operands without a
 * quotient leave C0 and C3 alone.
 */
function partialRemainder(nearest: boolean): HelperBody {
  return ({ memory }) => {
    stack.begin(memory);
    stack.clearC2();
    let quotient = NO_QUOTIENT;
    if (stack.isEmpty(0) || stack.isEmpty(1)) {
      stack.raiseUnderflow();
      setDefaultNan(result);
    } else {
      stack.read(0, top);
      stack.read(1, second);
      quotient = remainder(result, top, second, nearest, stack.env);
    }
    if (!stack.commit()) return 0;
    stack.write(0, result);
    if (quotient === PARTIAL) stack.setConditions(FSW_C2);
    else if (quotient !== NO_QUOTIENT) {
      stack.setConditions((quotient & 4 ? FSW_C0 : 0) | (quotient & 2 ? FSW_C3 : 0));
      if (quotient & 1) stack.setC1();
    }
    return 0;
  };
}

/** ST(0) is replaced by two results, `below` and `above` it. */
export function twoResults(
  operation: (below: Float80, above: Float80, a: Float80, env: FloatEnvironment) => void,
): HelperBody {
  return ({ memory }) => {
    const { env } = stack.begin(memory);
    if (stack.isEmpty(0)) stack.raiseUnderflow();
    else if (!stack.isEmpty(7)) env.flags = FLAG_IE | FLAG_SF | FLAG_C1;
    else {
      stack.read(0, top);
      operation(result, second, top, env);
      if (stack.commit()) {
        stack.write(0, result);
        stack.moveTop(-1);
        stack.write(0, second);
      }
      return 0;
    }
    if (stack.commit()) {
      setDefaultNan(result);
      stack.write(0, result);
      stack.moveTop(-1);
      stack.write(0, result);
    }
    return 0;
  };
}

/** Changes the sign bit alone, of whatever is there. */
function withSign(sign: (old: number) => number): HelperBody {
  return ({ memory }) => {
    stack.begin(memory);
    if (stack.isEmpty(0)) {
      stack.raiseUnderflow();
      setDefaultNan(top);
    } else {
      stack.read(0, top);
      top.sign = sign(top.sign);
    }
    if (stack.commit()) stack.write(0, top);
    return 0;
  };
}

const test: HelperBody = ({ memory }) => {
  stack.begin(memory);
  let relation = RELATION_UNORDERED;
  if (stack.isEmpty(0)) stack.raiseUnderflow();
  else {
    stack.read(0, top);
    relation = compare(top, zero, false, stack.env);
  }
  stack.setConditions(conditionsOf(relation));
  stack.commit();
  return 0;
};

/** Condition bits of FXAM by kind (SDM, FXAM). */
const CLASSES: Record<number, number> = {
  [KIND_UNSUPPORTED]: 0,
  [KIND_QNAN]: FSW_C0,
  [KIND_SNAN]: FSW_C0,
  [KIND_NORMAL]: FSW_C2,
  [KIND_INFINITY]: FSW_C2 | FSW_C0,
  [KIND_ZERO]: FSW_C3,
  [KIND_DENORMAL]: FSW_C3 | FSW_C2,
};
const CLASS_EMPTY = FSW_C3 | FSW_C0;

const examine: HelperBody = ({ memory }) => {
  stack.begin(memory);
  stack.read(0, top);
  stack.setConditions(stack.isEmpty(0) ? CLASS_EMPTY : CLASSES[top.kind]);
  if (top.sign) stack.setC1();
  return 0;
};

export const x87PlainHelpers: Record<string, HelperBody> = {
  x87_fchs: withSign((old) => old ^ 1),
  x87_fabs: withSign(() => 0),
  x87_ftst: test,
  x87_fxam: examine,
  x87_fsqrt: unary(squareRoot),
  x87_frndint: unary(roundToIntegral),
  x87_fscale: binary(scale, 0),
  x87_fprem: partialRemainder(false),
  x87_fprem1: partialRemainder(true),
  x87_fxtract: twoResults(extract),
};
