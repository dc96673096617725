/** x87 control words, and the environment and state images of FNSTENV and FNSAVE (Intel SDM volume 1, 8.1.10 and 8.1.11). */
import { OP } from "../ir/ops.ts";
import { STATE_FCW, STATE_FDP, STATE_FIP, STATE_FOP, STATE_FSW, STATE_X87, STOP_FLOAT } from "../machine/state.ts";
import { OPERAND_GPR } from "../x86/instruction.ts";
import type { Lift, Lifter } from "./lifter.ts";

const FSW_ES = 0x80;
/** All exceptions masked. */
const FCW_MASKS = 0x3f;
/** Bytes of the environment in the 32-bit format, which 64-bit code uses too; the registers follow it, ten bytes each. */
const ENVIRONMENT_BYTES = 28;
/** Bits of the last opcode that are kept. */
const FOP_MASK = 0x7ff;
/** The upper halves of words that hold 16 bits read as ones. */
const UPPER = -0x10000;

/** Reports an exception that waits. Every instruction does so but those whose name has an n (SDM volume 1, 8.6). */
export function waiting(lift: Lift): Lift {
  return (l) => {
    l.op(OP.trap_if, l.op(OP.i32_and, l.loadState(OP.i32_load, STATE_FSW), l.i32(FSW_ES)), STOP_FLOAT);
    lift(l);
  };
}

const control = (l: Lifter) => l.loadState(OP.i32_load, STATE_FCW);
const status = (l: Lifter) => l.loadState(OP.i32_load, STATE_FSW);

const fnstcw: Lift = (l) => l.write(l.insn.operands[0], control(l));

const fnstsw: Lift = (l) => {
  const [to] = l.insn.operands;
  if (to.kind === OPERAND_GPR) l.setGpr(to.reg, 2, status(l));
  else l.write(to, status(l));
};

const fldcw: Lift = (l) => void l.helper("x87_load_control", l.read(l.insn.operands[0]), l.i32(0));

/** Linear address of ST(i). */
function registerAt(l: Lifter, i: number): number {
  // TOP is in bits 11 to 13 and a register has 16 bytes.
  const top = l.op(OP.i32_shr_u, status(l), l.i32(7));
  return l.add32(l.mask32(l.add32(top, l.i32(i * 16)), 0x70), l.i32(STATE_X87));
}

function storeEnvironment(l: Lifter, at: number): void {
  const fields = [
    l.op(OP.i32_or, control(l), l.i32(UPPER)),
    l.op(OP.i32_or, status(l), l.i32(UPPER)),
    l.op(OP.i32_or, l.helper("x87_tag_word"), l.i32(UPPER)),
    l.loadState(OP.i32_load, STATE_FIP),
    l.shl32(l.loadState(OP.i32_load, STATE_FOP), 16),
    l.loadState(OP.i32_load, STATE_FDP),
    l.i32(UPPER),
  ];
  fields.forEach((value, i) => l.op(OP.i32_store, at, value, i * 4));
}

const fnstenv: Lift = (l) => {
  storeEnvironment(l, l.linear(l.insn.operands[0]));
  l.helper("x87_load_control", l.op(OP.i32_or, control(l), l.i32(FCW_MASKS)), l.i32(0));
};

/** Reads an environment; what it returns writes it to the state. */
function loadEnvironment(l: Lifter, at: number): () => void {
  const word = (offset: number) => l.op(OP.i32_load16_u, at, offset);
  const words = l.op(OP.i32_or, word(0), l.shl32(word(4), 16)), tags = word(8);
  const [fip, fdp] = [12, 20].map((offset) => l.op(OP.i32_load, at, offset));
  const fop = l.mask32(word(18), FOP_MASK);
  return () => {
    l.storeState(OP.i32_store, STATE_FIP, fip);
    l.storeState(OP.i32_store, STATE_FOP, fop);
    l.storeState(OP.i32_store, STATE_FDP, fdp);
    l.helper("x87_load_environment", words, tags);
  };
}

const fldenv: Lift = (l) => loadEnvironment(l, l.linear(l.insn.operands[0]))();

const fninit: Lift = (l) => {
  for (const pointer of [STATE_FIP, STATE_FOP, STATE_FDP]) l.storeState(OP.i32_store, pointer, l.i32(0));
  l.helper("x87_init");
};

const fnsave: Lift = (l) => {
  const at = l.linear(l.insn.operands[0]);
  storeEnvironment(l, at);
  for (let i = 0; i < 8; i++) {
    const from = registerAt(l, i), to = ENVIRONMENT_BYTES + i * 10;
    l.op(OP.i64_store, at, l.op(OP.i64_load, from, 0), to);
    l.op(OP.i32_store16, at, l.op(OP.i32_load, from, 8), to + 8);
  }
  fninit(l);
};

const frstor: Lift = (l) => {
  const at = l.linear(l.insn.operands[0]);
  // All of the image is read before the state changes: a fault leaves it as it was.
  const setEnvironment = loadEnvironment(l, at);
  const registers = Array.from({ length: 8 }, (_, i) => {
    const from = ENVIRONMENT_BYTES + i * 10;
    return [l.op(OP.i64_load, at, from), l.op(OP.i32_load16_u, at, from + 8)];
  });
  setEnvironment();
  registers.forEach(([significand, top], i) => {
    const to = registerAt(l, i);
    l.op(OP.i64_store, to, significand, 0);
    l.op(OP.i32_store, to, top, 8);
  });
};

export const x87EnvironmentLifts: Record<string, Lift> = {
  fninit,
  fnclex: (l) => void l.helper("x87_clear"),
  fnstcw,
  fnstsw,
  fldcw: waiting(fldcw),
  fnstenv,
  fldenv: waiting(fldenv),
  fnsave,
  frstor: waiting(frstor),
};
