/** x87 loads, stores, register moves and constants. */
import {
  X87_DECIMAL,
  X87_F32,
  X87_F64,
  X87_F80,
  X87_I32,
  X87_I64,
  X87_POP_ONE,
  X87_SOURCE_MASK,
  X87_ST,
  X87_TRUNCATE,
} from "../../ir/x87_operands.ts";
import type { GuestMemory } from "../guest_memory.ts";
import { STATE_SCRATCH } from "../state.ts";
import {
  FLAG_DE,
  FLAG_IE,
  Float80,
  KIND_DENORMAL,
  KIND_SNAN,
  QUIET_BIT,
  ROUND_NEAREST,
  ROUND_UP,
  ROUND_ZERO,
  setDefaultNan,
} from "./float80.ts";
import { fromFloat32, fromFloat64, narrow, toFloat32, toFloat64 } from "./float80_convert.ts";
import { decimal, fromDecimal, fromInt32, fromInt64, integer, toDecimal, toInteger } from "./float80_integer.ts";
import type { HelperBody } from "./types.ts";
import { stack } from "./x87_stack.ts";

const value = new Float80(), other = new Float80();
const LOW = STATE_SCRATCH >> 2, HIGH = LOW + 1;

/** Pushes the source (FLD, FILD, FBLD). */
const load: HelperBody = ({ memory }, a, b) => {
  stack.begin(memory);
  const source = a & X87_SOURCE_MASK;
  if (source === X87_ST && stack.isEmpty(b)) {
    stack.raiseUnderflow();
    setDefaultNan(value);
  } else readOperand(memory, source, b);
  if (source === X87_F32 || source === X87_F64) raiseConversion();
  stack.push(value);
  return 0;
};

function readOperand(memory: GuestMemory, source: number, b: number): void {
  const words = memory.i32;
  switch (source) {
    case X87_ST:
      return stack.read(b, value);
    case X87_F32:
      return fromFloat32(value, b);
    case X87_F64:
      return fromFloat64(value, words[HIGH] >>> 0, words[LOW] >>> 0);
    case X87_F80:
      return value.unpack(words, LOW);
    case X87_I64:
      return fromInt64(value, words[HIGH], words[LOW]);
    case X87_DECIMAL:
      return fromDecimal(
        value,
        memory.view.getBigUint64(STATE_SCRATCH, true),
        memory.view.getUint16(STATE_SCRATCH + 8, true),
      );
    default:
      return fromInt32(value, b);
  }
}

/** What widening raises, which for the wider formats is nothing. */
function raiseConversion(): void {
  if (value.kind === KIND_DENORMAL) stack.env.raise(FLAG_DE);
  if (value.kind !== KIND_SNAN) return;
  stack.env.raise(FLAG_IE);
  value.hi = (value.hi | QUIET_BIT) >>> 0;
}

/**
 * Leaves ST(0) in the format of a in the scratch area. Returns 1 if it is to be stored and popped, 0 if an unmasked exception
 * forbids. Popping is a step of its own, because the store between may fault.
 */
const store: HelperBody = ({ memory }, a) => {
  const { env } = stack.begin(memory);
  const format = a & X87_SOURCE_MASK;
  const empty = stack.isEmpty(0);
  if (empty) setDefaultNan(value);
  else stack.read(0, value);
  value.classify();
  switch (format) {
    case X87_F32:
      toFloat32(value, env);
      break;
    case X87_F64:
      toFloat64(value, env);
      break;
    case X87_F80:
      break;
    case X87_DECIMAL:
      toDecimal(value, env);
      break;
    default:
      toInteger(
        value,
        format === X87_I64 ? 64 : format === X87_I32 ? 32 : 16,
        a & X87_TRUNCATE ? ROUND_ZERO : env.rounding,
        env,
      );
  }
  if (empty) stack.raiseUnderflow();
  writeScratch(memory, format);
  // An unmasked overflow or underflow has no result in memory either; an unmasked inexact one does.
  return stack.commit() && stack.canStore() ? 1 : 0;
};

function writeScratch({ i32: words, view }: GuestMemory, format: number): void {
  switch (format) {
    case X87_F32:
      words[LOW] = narrow.lo;
      return;
    case X87_F64:
      words[LOW] = narrow.lo;
      words[HIGH] = narrow.hi;
      return;
    case X87_F80:
      return value.pack(words, LOW);
    case X87_DECIMAL:
      view.setBigUint64(STATE_SCRATCH, decimal.low, true);
      words[HIGH + 1] = decimal.high;
      return;
    default:
      words[LOW] = integer.lo;
      words[HIGH] = integer.hi;
  }
}

/** Pops if a is not 0: the second half of a store. */
const pop: HelperBody = ({ memory }, a) => {
  // C1 says how the store rounded: it stays.
  if (a !== 0) stack.resume(memory).pop();
  return 0;
};

/** FSTPNCE: as FSTP ST(a), but an empty ST(0) is just popped. */
const storeRegisterQuietly: HelperBody = ({ memory }, a) => {
  stack.begin(memory);
  if (!stack.isEmpty(0)) {
    stack.read(0, value);
    stack.write(a, value);
  }
  stack.pop();
  return 0;
};

/** ST(a & 7) = ST(0), and perhaps a pop (FST, FSTP). */
const storeRegister: HelperBody = ({ memory }, a) => {
  stack.begin(memory);
  if (stack.isEmpty(0)) {
    stack.raiseUnderflow();
    setDefaultNan(value);
  } else stack.read(0, value);
  if (stack.commit()) {
    stack.write(a & 7, value);
    if (a & X87_POP_ONE) stack.pop();
  }
  return 0;
};

/** Exchanges ST(0) and ST(a); empty ones become the default NaN. */
const exchange: HelperBody = ({ memory }, a) => {
  stack.begin(memory);
  readOrUnderflow(0, value);
  readOrUnderflow(a, other);
  if (stack.commit()) {
    stack.write(0, other);
    stack.write(a, value);
  }
  return 0;
};

function readOrUnderflow(i: number, x: Float80): void {
  if (stack.isEmpty(i)) {
    stack.raiseUnderflow();
    setDefaultNan(x);
  } else stack.read(i, x);
}

/** ST(0) = ST(a) if b is not 0 (FCMOVcc). Empty registers count whatever the condition; C1 stays otherwise. */
const moveIf: HelperBody = ({ memory }, a, b) => {
  stack.resume(memory);
  if (stack.isEmpty(0) || stack.isEmpty(a)) {
    stack.begin(memory).raiseUnderflow();
    setDefaultNan(value);
    if (stack.commit()) stack.write(0, value);
  } else if (b !== 0) {
    stack.read(a, value);
    stack.write(0, value);
  }
  return 0;
};

/** A constant rounded down, and whether rounding to nearest rounds it up: exponent, hi, lo. */
const CONSTANTS: readonly (readonly [exponent: number, hi: number, lo: number, exact: boolean, nearestUp: boolean])[] =
  [
    [0x3fff, 0x80000000, 0x00000000, true, false], // 1
    [0x4000, 0xd49a784b, 0xcd1b8afe, false, false], // log2(10)
    [0x3fff, 0xb8aa3b29, 0x5c17f0bb, false, true], // log2(e)
    [0x4000, 0xc90fdaa2, 0x2168c234, false, true], // pi
    [0x3ffd, 0x9a209a84, 0xfbcff798, false, true], // log10(2)
    [0x3ffe, 0xb17217f7, 0xd1cf79ab, false, true], // ln(2)
    [0x0000, 0x00000000, 0x00000000, true, false], // 0
  ];

/** Pushes constant a, rounded as the control word says; that raises nothing (SDM, FLD1). */
const constant: HelperBody = ({ memory }, a) => {
  const { env } = stack.begin(memory);
  const [exponent, hi, lo, exact, nearestUp] = CONSTANTS[a];
  const { rounding } = env;
  const up = !exact && (rounding === ROUND_UP || (rounding === ROUND_NEAREST && nearestUp));
  // No constant ends in ones: adding one carries nowhere.
  value.set(0, exponent, hi, up ? lo + 1 : lo);
  stack.push(value);
  return 0;
};

export const x87MoveHelpers: Record<string, HelperBody> = {
  x87_load: load,
  x87_store: store,
  x87_pop: pop,
  x87_store_st: storeRegister,
  x87_store_st_quietly: storeRegisterQuietly,
  x87_exchange: exchange,
  x87_move_if: moveIf,
  x87_constant: constant,
};
