/**
 * XSAVE and its kin (Intel SDM volume 1, chapter 13). The components are x87, SSE and AVX; all count as in use and as modified,
 * which the manual allows. The compacted form has AVX where the standard form has it, so the two differ in the header only.
 */
import { OP } from "../ir/ops.ts";
import { RAX, STATE_FCW, STATE_MXCSR, STATE_X87, STOP_PRIVILEGED } from "../machine/state.ts";
import {
  MXCSR_INITIAL,
  XSAVE_AVX,
  XSAVE_COMPACT_BV,
  XSAVE_COMPONENTS,
  XSAVE_HEADER_END,
  XSAVE_SSE,
  XSAVE_STATE_BV,
  XSAVE_X87,
  XSAVE_YMM,
} from "../machine/xsave.ts";
import type { Lift, Lifter } from "./lifter.ts";
import { UPPER_HALF } from "./registers.ts";
import { leaveInOtherMode, loadMxcsr, loadX87, loadXmm, storeMxcsr, storeX87, storeXmm } from "./sse_state.ts";
import { zero } from "./vector.ts";

/** The requested components: EDX:EAX, of which only the lowest bits name any. */
function requested(l: Lifter): number {
  return l.op(OP.i32_and, l.wrap(l.gpr64(RAX)), l.i32(XSAVE_COMPONENTS));
}

function area(l: Lifter): number {
  return l.linear(l.insn.operands[0]);
}

/** Lets `lift` add operations that run where a bit of the mask is set in `bits()`, which is computed in a block of its own. */
function where(l: Lifter, bits: () => number, mask: number, lift: () => void, otherwise: () => void = () => {}): void {
  const set = l.innerBlock(), clear = l.innerBlock(), join = l.innerBlock();
  l.endBranch(l.op(OP.i32_and, bits(), l.i32(mask)), set, clear);
  l.begin(set);
  lift();
  l.endJump(join);
  l.begin(clear);
  otherwise();
  l.endJump(join);
  l.begin(join);
}

function storeUpperHalves(l: Lifter): void {
  const image = area(l);
  for (let i = 15; i >= 0; i--) l.op(OP.v128_store, image, l.xmm(UPPER_HALF + i), XSAVE_YMM + 16 * i);
}

/** The header: XSTATE_BV keeps what was not asked for, but in the compacted form. */
function storeHeader(l: Lifter, compact: boolean): void {
  const image = area(l), wanted = requested(l);
  if (compact) {
    l.op(OP.i64_store, image, l.extendU(wanted), XSAVE_STATE_BV);
    l.op(OP.i64_store, image, l.or64(l.extendU(wanted), l.i64(0, 0x80000000 | 0)), XSAVE_COMPACT_BV);
    return;
  }
  const kept = l.and64(l.op(OP.i64_load, image, XSAVE_STATE_BV), l.i64(~XSAVE_COMPONENTS, -1));
  const others = l.and64(l.op(OP.i64_load, image, XSAVE_STATE_BV), l.extendU(l.op(OP.i32_xor, wanted, l.i32(7))));
  l.op(OP.i64_store, image, l.or64(l.or64(kept, others), l.extendU(wanted)), XSAVE_STATE_BV);
}

function save(compact: boolean): Lift {
  return (l) => {
    where(l, () => requested(l), XSAVE_AVX, () => storeUpperHalves(l));
    storeHeader(l, compact);
    where(l, () => requested(l), XSAVE_SSE, () => storeXmm(l, area(l)));
    where(l, () => requested(l), XSAVE_SSE | XSAVE_AVX, () => storeMxcsr(l, area(l)));
    where(l, () => requested(l), XSAVE_X87, () => storeX87(l, area(l)));
  };
}

/** #GP for a header that no XSAVE has written. */
function checkHeader(l: Lifter): void {
  const image = area(l);
  const bad = (v: number) => l.op(OP.trap_if, l.op(OP.i64_ne, v, l.i64(0)), STOP_PRIVILEGED);
  const compact = l.op(OP.i64_load, image, XSAVE_COMPACT_BV);
  bad(l.and64(l.op(OP.i64_load, image, XSAVE_STATE_BV), l.i64(~XSAVE_COMPONENTS, -1)));
  bad(l.and64(compact, l.i64(~XSAVE_COMPONENTS, 0x7fffffff)));
  for (let at = XSAVE_COMPACT_BV + 8; at < XSAVE_HEADER_END; at += 8) bad(l.op(OP.i64_load, image, at));
}

function resetX87(l: Lifter): void {
  l.helper("x87_init");
  for (let i = 0; i < 8; i++) l.storeState(OP.v128_store, STATE_X87 + 16 * i, zero(l));
  l.storeState(OP.i32_store, STATE_FCW, l.i32(0x37f));
}

const xrstor: Lift = (l) => {
  checkHeader(l);
  /** Components that are loaded; those asked for and not saved take their initial values. */
  const saved = () => l.op(OP.i32_load, area(l), XSAVE_STATE_BV);
  where(l, () => requested(l), XSAVE_SSE | XSAVE_AVX, () => {
    // The compacted form keeps MXCSR with the SSE component.
    where(
      l,
      () => {
        const standard = l.op(OP.i64_ge_s, l.op(OP.i64_load, area(l), XSAVE_COMPACT_BV), l.i64(0));
        return l.op(OP.i32_or, l.op(OP.i32_and, saved(), l.i32(XSAVE_SSE)), standard);
      },
      -1,
      () => loadMxcsr(l, area(l)),
      () => l.storeState(OP.i32_store, STATE_MXCSR, l.i32(MXCSR_INITIAL)),
    );
  });
  component(l, XSAVE_SSE, saved, () => loadXmm(l, area(l)), () => {
    for (let i = 0; i < 16; i++) l.setXmm(i, zero(l));
  });
  component(l, XSAVE_AVX, saved, () => {
    const image = area(l);
    for (let i = 0; i < 16; i++) l.setXmm(UPPER_HALF + i, l.op(OP.v128_load, image, XSAVE_YMM + 16 * i));
  }, () => {
    for (let i = 0; i < 16; i++) l.setXmm(UPPER_HALF + i, zero(l));
  });
  component(l, XSAVE_X87, saved, () => loadX87(l, area(l)), () => resetX87(l));
  leaveInOtherMode(l);
};

function component(l: Lifter, bit: number, saved: () => number, load: () => void, reset: () => void): void {
  where(l, () => requested(l), bit, () => where(l, saved, bit, load, reset));
}

export const xsaveLifts: Record<string, Lift> = {
  xsave: save(false),
  xsave64: save(false),
  xsaveopt: save(false),
  xsaveopt64: save(false),
  xsavec: save(true),
  xsavec64: save(true),
  xrstor,
  xrstor64: xrstor,
};
