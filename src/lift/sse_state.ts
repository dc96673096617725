/**
 * MXCSR, FXSAVE and FXRSTOR (Intel SDM volume 1, 10.5). MXCSR's exception flags are what the program stored: arithmetic does
 * not set them.
 */
import { OP } from "../ir/ops.ts";
import { FLOAT_MODE } from "../machine/code_mode.ts";
import {
  STATE_FCW,
  STATE_FDP,
  STATE_FIP,
  STATE_FOP,
  STATE_FSW,
  STATE_FTW,
  STATE_MXCSR,
  STATE_X87,
  STOP_FLOAT_MODE,
  STOP_PRIVILEGED,
} from "../machine/state.ts";
import type { Lift, Lifter } from "./lifter.ts";
import { clearTop } from "./mmx.ts";

/** Bits that LDMXCSR and FXRSTOR may set; others raise #GP. What FXSAVE says in MXCSR_MASK. */
const MXCSR_MASK = 0xffff;

export function setMxcsr(l: Lifter, value: number): void {
  l.op(OP.trap_if, l.op(OP.i32_and, value, l.i32(~MXCSR_MASK)), STOP_PRIVILEGED);
  l.storeState(OP.i32_store, STATE_MXCSR, value);
}

/** Ends the region if MXCSR asks for other arithmetic than its code was made for: the machine looks for the right one. */
export function leaveInOtherMode(l: Lifter): void {
  const asked = l.op(OP.i32_and, l.loadState(OP.i32_load, STATE_MXCSR), l.i32(FLOAT_MODE));
  const made = l.fn.mode & FLOAT_MODE;
  const leave = l.innerBlock(), stay = l.innerBlock();
  l.endBranch(made === 0 ? asked : l.op(OP.i32_ne, asked, l.i32(made)), leave, stay);
  l.begin(leave);
  l.endTrap(STOP_FLOAT_MODE, l.insn.nextPc);
  l.begin(stay);
}

const ldmxcsr: Lift = (l) => {
  setMxcsr(l, l.read(l.insn.operands[0]));
  leaveInOtherMode(l);
};

const stmxcsr: Lift = (l) => l.write(l.insn.operands[0], l.loadState(OP.i32_load, STATE_MXCSR));

/** Fields of the image that lie one to one in the state block: place, state, width. FTW is abridged in both. */
const FIELDS: readonly (readonly [place: number, state: number, bytes: 1 | 2 | 4])[] = [
  [0, STATE_FCW, 2],
  [2, STATE_FSW, 2],
  [4, STATE_FTW, 1],
  [6, STATE_FOP, 2],
  [8, STATE_FIP, 4],
  [16, STATE_FDP, 4],
];
const PLACE_MXCSR = 24, PLACE_MASK = 28, PLACE_ST = 32, PLACE_XMM = 160;
const LOADS = { 1: OP.i32_load8_u, 2: OP.i32_load16_u, 4: OP.i32_load };
const STORES = { 1: OP.i32_store8, 2: OP.i32_store16, 4: OP.i32_store };

/** State offset of ST(i): the image is in stack order, the state block by physical register. */
function physicalRegister(l: Lifter, i: number): number {
  const top = l.op(OP.i32_shr_u, l.loadState(OP.i32_load, STATE_FSW), l.i32(11));
  return l.shl32(l.op(OP.i32_and, l.add32(top, l.i32(i)), l.i32(7)), 4);
}

/** The xmm registers into an image; from the far end, so that a fault leaves nothing written. */
export function storeXmm(l: Lifter, image: number): void {
  for (let i = 15; i >= 0; i--) l.op(OP.v128_store, image, l.xmm(i), PLACE_XMM + 16 * i);
}

/** What the x87 has in an image. */
export function storeX87(l: Lifter, image: number): void {
  const significandOnly = l.i64(0xffff, 0);
  for (let i = 0; i < 8; i++) {
    const register = physicalRegister(l, i);
    const exponent = l.op(OP.i64_and, l.op(OP.i64_load, register, STATE_X87 + 8), significandOnly);
    l.op(OP.i64_store, image, l.op(OP.i64_load, register, STATE_X87), PLACE_ST + 16 * i);
    l.op(OP.i64_store, image, exponent, PLACE_ST + 16 * i + 8);
  }
  l.op(OP.i64_store, image, l.i64(0), 0);
  l.op(OP.i64_store, image, l.i64(0), 8);
  l.op(OP.i64_store, image, l.i64(0), 16);
  for (const [place, state, bytes] of FIELDS) l.op(STORES[bytes], image, l.loadState(OP.i32_load, state), place);
}

export function storeMxcsr(l: Lifter, image: number): void {
  l.op(OP.i32_store, image, l.loadState(OP.i32_load, STATE_MXCSR), PLACE_MXCSR);
  l.op(OP.i32_store, image, l.i32(MXCSR_MASK), PLACE_MASK);
}

const fxsave: Lift = (l) => {
  const image = l.linear(l.insn.operands[0]);
  storeXmm(l, image);
  storeX87(l, image);
  storeMxcsr(l, image);
};

export function loadMxcsr(l: Lifter, image: number): void {
  setMxcsr(l, l.op(OP.i32_load, image, PLACE_MXCSR));
}

export function loadXmm(l: Lifter, image: number): void {
  for (let i = 0; i < 16; i++) l.setXmm(i, l.op(OP.v128_load, image, PLACE_XMM + 16 * i));
}

export function loadX87(l: Lifter, image: number): void {
  for (const [place, state, bytes] of FIELDS) l.storeState(OP.i32_store, state, l.op(LOADS[bytes], image, place));
  for (let i = 0; i < 8; i++) {
    const value = l.op(OP.v128_load, image, PLACE_ST + 16 * i);
    l.op(OP.v128_store, physicalRegister(l, i), value, STATE_X87);
  }
}

const fxrstor: Lift = (l) => {
  const image = l.linear(l.insn.operands[0]);
  loadMxcsr(l, image);
  loadXmm(l, image);
  loadX87(l, image);
  leaveInOtherMode(l);
};

/** All registers empty, TOP 0; the contents stay. */
const emms: Lift = (l) => {
  clearTop(l);
  l.storeState(OP.i32_store, STATE_FTW, l.i32(0));
};

export const sseStateLifts: Record<string, Lift> = {
  ldmxcsr,
  stmxcsr,
  fxsave,
  fxsave64: fxsave,
  fxrstor,
  fxrstor64: fxrstor,
  emms,
};
