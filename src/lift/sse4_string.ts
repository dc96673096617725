/**
 * PCMPESTRI and its kin (Intel SDM volume 2, 4.1): a helper compares, the operands go through STATE_SCRATCH. The helper returns
 * the index in bits 0 to 7 and the flags above; a mask it leaves where the first operand was.
 */
import { OP } from "../ir/ops.ts";
import { STATE_SCRATCH } from "../machine/state.ts";
import type { Lift, Lifter } from "./lifter.ts";
import { vector } from "./vector.ts";

/** Bits of the result: as in machine/helpers/string_compare.ts. */
const RESULT_CF = 8, RESULT_ZF = 9, RESULT_SF = 10, RESULT_OF = 11;

function compare(l: Lifter, helper: string): number {
  const [first, second, imm] = l.insn.operands;
  const b = vector(l, second);
  l.storeState(OP.v128_store, STATE_SCRATCH, l.read(first));
  l.storeState(OP.v128_store, STATE_SCRATCH + 16, b);
  const result = l.helper(helper, l.i32(imm.immLo & 0xff), l.i32(l.insn.operandBytes));
  const bit = (n: number) => l.op(OP.i32_and, l.op(OP.i32_shr_u, result, l.i32(n)), l.i32(1));
  l.setFlag(0, bit(RESULT_CF));
  l.setFlag(3, bit(RESULT_ZF));
  l.setFlag(4, bit(RESULT_SF));
  l.setFlag(5, bit(RESULT_OF));
  l.setFlag(1, l.i32(0));
  l.setFlag(2, l.i32(0));
  return result;
}

function toIndex(helper: string): Lift {
  return (l) => l.setGpr(1, 4, l.mask32(compare(l, helper), 0xff));
}

function toMask(helper: string): Lift {
  return (l) => {
    compare(l, helper);
    l.setXmm(0, l.loadState(OP.v128_load, STATE_SCRATCH));
  };
}

export const sse4StringLifts: Record<string, Lift> = {
  pcmpestri: toIndex("pcmpestr"),
  pcmpestrm: toMask("pcmpestr"),
  pcmpistri: toIndex("pcmpistr"),
  pcmpistrm: toMask("pcmpistr"),
};
