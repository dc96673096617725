/**
 * The x87. Its registers live in the state block and what computes is helpers (machine/helpers/x87.ts): here memory is
 * touched, where faults happen, and control words are moved.
 *
 * An unmasked exception waits: the next waiting instruction stops with STOP_FLOAT. The pointers to the last instruction and
 * operand (FIP, FDP, FOP) are not kept: they are zero, or what FLDENV and its kin have loaded.
 */
import { OP } from "../ir/ops.ts";
import {
  X87_ARITHMETIC,
  X87_CONSTANTS,
  X87_DECIMAL,
  X87_DESTINATION_SHIFT,
  X87_F32,
  X87_F64,
  X87_F80,
  X87_I16,
  X87_I32,
  X87_I64,
  X87_PLAIN,
  X87_POP_ONE,
  X87_POP_SHIFT,
  X87_ST,
  X87_TO_FLAGS,
  X87_TRUNCATE,
} from "../ir/x87_operands.ts";
import { STATE_SCRATCH } from "../machine/state.ts";
import { type Operand, OPERAND_ST } from "../x86/instruction.ts";
import type { Lift, Lifter } from "./lifter.ts";
import { waiting, x87EnvironmentLifts } from "./x87_environment.ts";

const CF = 0, PF = 1, AF = 2, ZF = 3, SF = 4, OF = 5;

/** What a helper is told of a source, as its arguments a (without extras) and b. */
interface Source {
  format: number;
  value: number;
}

/** Puts a floating-point operand where helpers look. */
function floatSource(l: Lifter, o: Operand): Source {
  if (o.kind === OPERAND_ST) return { format: X87_ST, value: l.i32(o.reg) };
  const at = l.linear(o);
  switch (o.bytes) {
    case 4:
      return { format: X87_F32, value: l.load(4, at) };
    case 8:
      return scratchSource(l, X87_F64, l.load(8, at));
    default:
      return wideSource(l, X87_F80, at);
  }
}

function integerSource(l: Lifter, o: Operand): Source {
  const at = l.linear(o);
  if (o.bytes === 8) return scratchSource(l, X87_I64, l.load(8, at));
  return { format: X87_I32, value: o.bytes === 2 ? l.op(OP.i32_load16_s, at, 0) : l.load(4, at) };
}

function scratchSource(l: Lifter, format: number, value: number): Source {
  l.storeState(OP.i64_store, STATE_SCRATCH, value);
  return { format, value: l.i32(0) };
}

/** Ten bytes. */
function wideSource(l: Lifter, format: number, at: number): Source {
  const low = l.load(8, at), high = l.op(OP.i32_load16_u, at, 8);
  l.storeState(OP.i32_store, STATE_SCRATCH + 8, high);
  return scratchSource(l, format, low);
}

function load(source: (l: Lifter, o: Operand) => Source): Lift {
  return (l) => {
    const { format, value } = source(l, l.insn.operands[0]);
    l.helper("x87_load", l.i32(format), value);
  };
}

const FLOAT_FORMATS: Record<number, number> = { 4: X87_F32, 8: X87_F64, 10: X87_F80 };
const INTEGER_FORMATS: Record<number, number> = { 2: X87_I16, 4: X87_I32, 8: X87_I64 };

/** Stores ST(0); `pops` afterwards, so that a store that faults leaves the stack as it was. */
function storeMemory(l: Lifter, o: Operand, format: number, pops: boolean): void {
  const done = l.helper("x87_store", l.i32(format), l.i32(0));
  // An unmasked exception forbids the store: it then goes to the scratch area.
  const at = l.op(OP.select_i32, l.linear(o), l.i32(STATE_SCRATCH), done);
  const low = l.loadState(o.bytes >= 8 ? OP.i64_load : OP.i32_load, STATE_SCRATCH);
  if (o.bytes === 10) l.op(OP.i32_store16, at, l.loadState(OP.i32_load, STATE_SCRATCH + 8), 8);
  l.store(Math.min(o.bytes, 8), at, low);
  if (pops) l.helper("x87_pop", done, l.i32(0));
}

function storeFloat(pops: boolean): Lift {
  return (l) => {
    const [o] = l.insn.operands;
    if (l.insn.row.text === "fstpnce") l.helper("x87_store_st_quietly", l.i32(o.reg), l.i32(0));
    else if (o.kind === OPERAND_ST) l.helper("x87_store_st", l.i32(o.reg | (pops ? X87_POP_ONE : 0)), l.i32(0));
    else storeMemory(l, o, FLOAT_FORMATS[o.bytes], pops);
  };
}

function storeInteger(pops: boolean, truncate = 0): Lift {
  return (l) => {
    const [o] = l.insn.operands;
    storeMemory(l, o, INTEGER_FORMATS[o.bytes] | truncate, pops);
  };
}

/** ST(0) op memory, or one register op another. */
function arithmetic(name: string, pops: number, memorySource = floatSource): Lift {
  return (l) => {
    const { operands } = l.insn;
    const to = operands.length === 2 ? operands[0].reg : 0;
    const { format, value } = memorySource(l, operands[operands.length - 1]);
    l.helper(`x87_${name}`, l.i32(format | to << X87_DESTINATION_SHIFT | pops << X87_POP_SHIFT), value);
  };
}

/** Compares ST(0) with the last operand, or ST(1) where none is named. */
function compare(name: "fcom" | "fucom", pops: number, memorySource = floatSource): Lift {
  return (l) => {
    const { operands } = l.insn;
    const { format, value } = operands.length === 0
      ? { format: X87_ST, value: l.i32(1) }
      : memorySource(l, operands[operands.length - 1]);
    l.helper(`x87_${name}`, l.i32(format | pops << X87_POP_SHIFT), value);
  };
}

/** Compares registers into ZF PF CF; OF SF AF are cleared (SDM, FCOMI). */
function compareToFlags(name: "fcom" | "fucom", pops: number): Lift {
  return (l) => {
    const relation = l.helper(
      `x87_${name}`,
      l.i32(X87_ST | pops << X87_POP_SHIFT | X87_TO_FLAGS),
      l.i32(l.insn.operands[1].reg),
    );
    const bit = (n: number) => l.mask32(l.op(OP.i32_shr_u, relation, l.i32(n)), 1);
    l.setFlag(CF, l.mask32(relation, 1));
    l.setFlag(PF, bit(1));
    l.setFlag(ZF, bit(2));
    for (const flag of [AF, SF, OF]) l.setFlag(flag, l.i32(0));
  };
}

/** FCMOVcc by condition code of jcc. */
function moveIf(condition: number): Lift {
  return (l) => void l.helper("x87_move_if", l.i32(l.insn.operands[1].reg), l.condition(condition));
}

function plain(name: string): Lift {
  return (l) => void l.helper(`x87_${name}`);
}

function register(helper: string, b = 0): Lift {
  return (l) => void l.helper(helper, l.i32(l.insn.operands[0].reg), l.i32(b));
}

const nothing: Lift = () => {};

const waitingLifts: Record<string, Lift> = {
  fld: load(floatSource),
  fild: load(integerSource),
  fbld: load((l, o) => wideSource(l, X87_DECIMAL, l.linear(o))),
  fst: storeFloat(false),
  fstp: storeFloat(true),
  fist: storeInteger(false),
  fistp: storeInteger(true),
  fisttp: storeInteger(true, X87_TRUNCATE),
  fbstp: (l) => storeMemory(l, l.insn.operands[0], X87_DECIMAL, true),
  fxch: register("x87_exchange"),
  ffree: register("x87_free"),
  ffreep: register("x87_free", 1),
  fincstp: (l) => void l.helper("x87_rotate", l.i32(1), l.i32(0)),
  fdecstp: (l) => void l.helper("x87_rotate", l.i32(-1), l.i32(0)),
  fnop: nothing,
  fwait: nothing,

  fcom: compare("fcom", 0),
  fcomp: compare("fcom", 1),
  fcompp: compare("fcom", 2),
  ficom: compare("fcom", 0, integerSource),
  ficomp: compare("fcom", 1, integerSource),
  fucom: compare("fucom", 0),
  fucomp: compare("fucom", 1),
  fucompp: compare("fucom", 2),
  fcomi: compareToFlags("fcom", 0),
  fcomip: compareToFlags("fcom", 1),
  fucomi: compareToFlags("fucom", 0),
  fucomip: compareToFlags("fucom", 1),

  fcmovb: moveIf(2),
  fcmovnb: moveIf(3),
  fcmove: moveIf(4),
  fcmovne: moveIf(5),
  fcmovbe: moveIf(6),
  fcmovnbe: moveIf(7),
  fcmovu: moveIf(10),
  fcmovnu: moveIf(11),

  ...Object.fromEntries(X87_ARITHMETIC.flatMap((name) => [
    [name, arithmetic(name, 0)],
    [`${name}p`, arithmetic(name, 1)],
    [`fi${name.slice(1)}`, arithmetic(name, 0, integerSource)],
  ])),
  ...Object.fromEntries(X87_PLAIN.map((name) => [name, plain(name)])),
  ...Object.fromEntries(X87_CONSTANTS.map((name, i): [string, Lift] => [
    name,
    (l) => void l.helper("x87_constant", l.i32(i), l.i32(0)),
  ])),
};

export const x87Lifts: Record<string, Lift> = {
  ...Object.fromEntries(Object.entries(waitingLifts).map(([name, lift]) => [name, waiting(lift)])),
  ...x87EnvironmentLifts,
};
