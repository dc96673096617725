/** x87 control: initialisation, environment, TOP and tags. */
import { STATE_X87 } from "../state.ts";
import { Float80, KIND_NORMAL, KIND_ZERO } from "./float80.ts";
import type { HelperBody } from "./types.ts";
import { stack } from "./x87_stack.ts";

const register = new Float80();

const FCW_INITIAL = 0x37f;
/** Bits of the control word that can be set, and the one that always is. */
const FCW_BITS = 0x1f3f, FCW_ALWAYS = 0x40;

/** FNINIT. The registers keep their bits. */
const initialize: HelperBody = ({ memory }) => {
  stack.begin(memory).load(FCW_INITIAL, 0, 0);
  return 0;
};

/** FNCLEX: exceptions, stack fault, summary and busy bits. */
const clear: HelperBody = ({ memory }) => {
  stack.resume(memory);
  stack.load(stack.control, stack.status & ~0x80ff, stack.tags);
  return 0;
};

/** FLDCW: unmasking an exception that has been raised makes it wait. */
const loadControl: HelperBody = ({ memory }, a) => {
  stack.resume(memory);
  stack.load(a & FCW_BITS | FCW_ALWAYS, stack.status, stack.tags);
  return 0;
};

/** FINCSTP, FDECSTP: a is 1 or -1. */
const rotate: HelperBody = ({ memory }, a) => {
  stack.begin(memory).moveTop(a);
  return 0;
};

/** FFREE; with b = 1 FFREEP, which pops too. */
const free: HelperBody = ({ memory }, a, b) => {
  stack.begin(memory).setEmpty(a);
  if (b === 1) stack.pop();
  return 0;
};

/** The tag word as FNSTENV shows it (SDM volume 1, 8.1.7): two bits a register: 0 valid, 1 zero, 2 special, 3 empty. */
const tagWord: HelperBody = ({ memory }) => {
  const tags = stack.resume(memory).tags, words = memory.i32;
  let word = 0;
  for (let physical = 0; physical < 8; physical++) {
    register.unpack(words, STATE_X87 + physical * 16 >> 2);
    const { kind } = register;
    const tag = (tags >> physical & 1) === 0 ? 3 : kind === KIND_NORMAL ? 0 : kind === KIND_ZERO ? 1 : 2;
    word |= tag << physical * 2;
  }
  return word;
};

/** FLDENV: a = control word, status word above it; b = tag word, of which only "empty" counts. */
const loadEnvironment: HelperBody = ({ memory }, a, b) => {
  let tags = 0;
  for (let physical = 0; physical < 8; physical++) if ((b >> physical * 2 & 3) !== 3) tags |= 1 << physical;
  stack.resume(memory).load(a & FCW_BITS | FCW_ALWAYS, a >>> 16, tags);
  return 0;
};

export const x87ControlHelpers: Record<string, HelperBody> = {
  x87_init: initialize,
  x87_clear: clear,
  x87_load_control: loadControl,
  x87_rotate: rotate,
  x87_free: free,
  x87_tag_word: tagWord,
  x87_load_environment: loadEnvironment,
};
