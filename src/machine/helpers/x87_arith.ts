/** x87 arithmetic and comparison: operands from the stack or memory formats, to the stack. */
import {
  X87_ARITHMETIC,
  X87_DESTINATION_SHIFT,
  X87_F32,
  X87_F64,
  X87_POP_SHIFT,
  X87_SOURCE_MASK,
  X87_ST,
  X87_TO_FLAGS,
} from "../../ir/x87_operands.ts";
import type { GuestMemory } from "../guest_memory.ts";
import { STATE_SCRATCH } from "../state.ts";
import { Float80, setDefaultNan } from "./float80.ts";
import { add, type BinaryOperation, divide, multiply, subtract } from "./float80_arith.ts";
import { compare, RELATION_UNORDERED } from "./float80_compare.ts";
import { fromFloat32, fromFloat64 } from "./float80_convert.ts";
import { fromInt32 } from "./float80_integer.ts";
import type { HelperBody } from "./types.ts";
import { FSW_C0, FSW_C2, FSW_C3, stack } from "./x87_stack.ts";

const destination = new Float80(), source = new Float80(), result = new Float80();

/** source = what the arguments of a helper name. */
function readSource(memory: GuestMemory, a: number, b: number): void {
  switch (a & X87_SOURCE_MASK) {
    case X87_ST:
      return stack.read(b, source);
    case X87_F32:
      return fromFloat32(source, b);
    case X87_F64: {
      const at = STATE_SCRATCH >> 2;
      return fromFloat64(source, memory.i32[at + 1] >>> 0, memory.i32[at] >>> 0);
    }
    default:
      return fromInt32(source, b);
  }
}

function isSourceEmpty(a: number, b: number): boolean {
  return (a & X87_SOURCE_MASK) === X87_ST && stack.isEmpty(b);
}

function popMany(count: number): void {
  for (; count > 0; count--) stack.pop();
}

/** dst = dst op src, or src op dst when reversed. */
function arithmetic(operation: BinaryOperation, reversed: boolean): HelperBody {
  return ({ memory }, a, b) => {
    stack.begin(memory);
    const to = a >> X87_DESTINATION_SHIFT & 7;
    if (stack.isEmpty(to) || isSourceEmpty(a, b)) {
      stack.raiseUnderflow();
      setDefaultNan(result);
    } else {
      stack.read(to, destination);
      readSource(memory, a, b);
      if (reversed) operation(result, source, destination, stack.env);
      else operation(result, destination, source, stack.env);
    }
    if (stack.commit()) {
      stack.write(to, result);
      popMany(a >> X87_POP_SHIFT & 3);
    }
    return 0;
  };
}

const OPERATIONS: Record<(typeof X87_ARITHMETIC)[number], HelperBody> = {
  fadd: arithmetic(add, false),
  fmul: arithmetic(multiply, false),
  fsub: arithmetic(subtract, false),
  fsubr: arithmetic(subtract, true),
  fdiv: arithmetic(divide, false),
  fdivr: arithmetic(divide, true),
};

/** Condition bits of a relation, whose bits 2, 1 and 0 stand for C3, C2 and C0. */
export function conditionsOf(relation: number): number {
  return (relation & 4 ? FSW_C3 : 0) | (relation & 2 ? FSW_C2 : 0) | (relation & 1 ? FSW_C0 : 0);
}

/** Compares ST(0) with the source. Returns the relation: ZF PF CF in bits 2, 1, 0. */
function comparison(quiet: boolean): HelperBody {
  return ({ memory }, a, b) => {
    // FCOMI and its kin leave C1 alone unless the stack faults.
    if (a & X87_TO_FLAGS) stack.resume(memory);
    else stack.begin(memory);
    let relation = RELATION_UNORDERED;
    if (stack.isEmpty(0) || isSourceEmpty(a, b)) stack.begin(memory).raiseUnderflow();
    else {
      stack.read(0, destination);
      readSource(memory, a, b);
      relation = compare(destination, source, quiet, stack.env);
    }
    // Unlike a result, the relation is there even if an exception traps.
    if ((a & X87_TO_FLAGS) === 0) stack.setConditions(conditionsOf(relation));
    if (stack.commit()) popMany(a >> X87_POP_SHIFT & 3);
    return relation;
  };
}

export const x87ArithmeticHelpers: Record<string, HelperBody> = {
  ...Object.fromEntries(X87_ARITHMETIC.map((name) => [`x87_${name}`, OPERATIONS[name]])),
  x87_fcom: comparison(false),
  x87_fucom: comparison(true),
};
