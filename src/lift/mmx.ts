/**
 * MMX: the SSE lifters on the low 64 bits. Most operate lane by lane and do not care what is above; those that move lanes
 * between halves or narrow them have a form of their own here.
 */
import { OP } from "../ir/ops.ts";
import { STATE_FSW, STATE_FTW } from "../machine/state.ts";
import { OPERAND_MM } from "../x86/instruction.ts";
import type { Lift, Lifter } from "./lifter.ts";
import {
  binary,
  binaryImm,
  integer32,
  shuffle,
  shuffleLanes,
  splat32,
  unaryImm,
  vector,
  writeVector,
  zero,
} from "./vector.ts";

const TOP_MASK = 0x3800;

/** TOP = 0: mm0 is R0 then. */
export function clearTop(l: Lifter): void {
  const fsw = l.loadState(OP.i32_load, STATE_FSW);
  l.storeState(OP.i32_store, STATE_FSW, l.op(OP.i32_and, fsw, l.i32(~TOP_MASK)));
}

/** Every MMX instruction but EMMS makes all registers valid and TOP zero (Intel SDM volume 1, 9.5.1). */
function enterMmx(l: Lifter): void {
  clearTop(l);
  l.storeState(OP.i32_store, STATE_FTW, l.i32(0xff));
}

/** Lets lifters take mm registers: those of `forms` by their own lifter. */
export function withMmx(lifts: Record<string, Lift>, forms: Record<string, Lift> = {}): Record<string, Lift> {
  const all = new Set([...Object.keys(lifts), ...Object.keys(forms)]);
  return Object.fromEntries([...all].map((name) => [name, choose(lifts[name], forms[name] ?? lifts[name])]));
}

function choose(lift: Lift | undefined, mmx: Lift): Lift {
  return (l) => {
    if (!l.insn.operands.some((o) => o.kind === OPERAND_MM)) return lift!(l);
    mmx(l);
    enterMmx(l);
  };
}

/** Both operands in one register: a below b. */
function joined(l: Lifter, a: number, b: number): number {
  return shuffleLanes(l, a, b, 8, 0, 2);
}

function pack(op: number): Lift {
  return binary((l, a, b) => {
    const both = joined(l, a, b);
    return l.op(op, both, both);
  });
}

/** Interleaves the upper halves of 64 bits. */
function unpackHigh(size: number): Lift {
  const half = 4 / size, lanes = 16 / size;
  const picked = Array.from({ length: lanes }, (_, i) => half + ((i >> 1) % half) + (i & 1) * lanes);
  return binary((l, a, b) => shuffleLanes(l, a, b, size, ...picked));
}

function horizontal(size: number, op: number): Lift {
  const half = 8 / size;
  const even = Array.from({ length: 16 / size }, (_, i) => 2 * (i % half));
  return binary((l, a, b) => {
    const both = joined(l, a, b);
    const odd = shuffleLanes(l, both, both, size, ...even.map((i) => i + 1));
    return l.op(op, shuffleLanes(l, both, both, size, ...even), odd);
  });
}

const pinsrw: Lift = (l) => {
  const [to, from, imm] = l.insn.operands;
  writeVector(l, to, l.op(OP.i16x8_replace_lane, vector(l, to), integer32(l, from), imm.immLo & 3));
};

const pextrw: Lift = (l) => {
  const [to, from, imm] = l.insn.operands;
  l.setGpr(to.reg, 4, l.op(OP.i16x8_extract_lane_u, vector(l, from), imm.immLo & 3));
};

/** Packed integer instructions whose mm form is not the low half of the xmm form. */
export const mmxForms: Record<string, Lift> = {
  packsswb: pack(OP.i8x16_narrow_i16x8_s),
  packuswb: pack(OP.i8x16_narrow_i16x8_u),
  packssdw: pack(OP.i16x8_narrow_i32x4_s),
  punpckhbw: unpackHigh(1),
  punpckhwd: unpackHigh(2),
  punpckhdq: unpackHigh(4),
  phaddw: horizontal(2, OP.i16x8_add),
  phaddd: horizontal(4, OP.i32x4_add),
  phaddsw: horizontal(2, OP.i16x8_add_sat_s),
  phsubw: horizontal(2, OP.i16x8_sub),
  phsubd: horizontal(4, OP.i32x4_sub),
  phsubsw: horizontal(2, OP.i16x8_sub_sat_s),
  pshufb: binary((l, a, b) => l.op(OP.i8x16_relaxed_swizzle, a, l.op(OP.v128_and, b, splat32(l, 0x87878787 | 0)))),
  palignr: binaryImm((l, a, b, n) =>
    shuffle(l, joined(l, b, a), zero(l), Array.from({ length: 16 }, (_, i) => Math.min(i + n, 16)))
  ),
  pshufw: unaryImm((l, b, imm) => shuffleLanes(l, b, b, 2, imm & 3, imm >> 2 & 3, imm >> 4 & 3, imm >> 6, 4, 5, 6, 7)),
  pinsrw,
  pextrw,
};
