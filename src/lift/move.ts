/** Moves, extensions, exchanges, addresses, conditional moves. None of them changes flags. */
import { OP } from "../ir/ops.ts";
import { VAR_FSBASE, VAR_GSBASE } from "../ir/variables.ts";
import { GUEST_BIAS, RAX, RBX, RDX } from "../machine/state.ts";
import { type Operand, OPERAND_GPR, OPERAND_IMM, OPERAND_MEM, OPERAND_SEG, SEGMENT_NONE } from "../x86/instruction.ts";
import type { Lift, Lifter } from "./lifter.ts";

/** Selectors that Linux gives user code, by OPERAND_SEG number: ES CS SS DS FS GS. */
const SELECTORS = [0, 0x33, 0x2b, 0, 0, 0];
const SEG_FS = 4, SEG_GS = 5;

const mov: Lift = (l) => {
  const [dst, src] = l.insn.operands;
  if (src.kind === OPERAND_SEG) return moveFromSegment(l, dst, src.reg);
  if (dst.kind === OPERAND_SEG) return loadSegment(l, dst.reg);
  if (dst.kind === OPERAND_GPR && src.kind === OPERAND_GPR && dst.bytes === 4) {
    // A register known to be zero-extended is moved as it is.
    const whole = l.gpr64(src.reg);
    if (l.fn.op[whole] === OP.i64_extend_i32_u) return l.setGpr64(dst.reg, whole);
  }
  if (dst.kind === OPERAND_GPR && src.kind === OPERAND_IMM && dst.bytes >= 4) {
    return l.setGpr64(dst.reg, l.i64(src.immLo, dst.bytes === 8 ? src.immHi : 0));
  }
  l.write(dst, l.readLow(src, dst.bytes));
};

/** To a register the selector is zero-extended at the operand size; to memory always 16 bits. */
function moveFromSegment(l: Lifter, dst: Operand, segment: number): void {
  l.write(dst, l.constant(dst.bytes, SELECTORS[segment]));
}

/** User code can load null and its own selectors only. For FS and GS that sets the base to zero; elsewhere it has no effect. */
function loadSegment(l: Lifter, segment: number): void {
  if (segment === SEG_FS) l.setVar(VAR_FSBASE, l.i32(0));
  else if (segment === SEG_GS) l.setVar(VAR_GSBASE, l.i32(0));
}

const movzx: Lift = (l) => {
  const [dst, src] = l.insn.operands;
  const v = l.read(src);
  l.write(dst, dst.bytes === 8 ? l.extendU(v) : v);
};

/** Sign-extending loads, by bytes of the source, to i32 and to i64. */
const LOAD_SIGNED_32: Record<number, number> = { 1: OP.i32_load8_s, 2: OP.i32_load16_s, 4: OP.i32_load };
const LOAD_SIGNED_64: Record<number, number> = { 1: OP.i64_load8_s, 2: OP.i64_load16_s, 4: OP.i64_load32_s };
const EXTEND_64: Record<number, number> = { 1: OP.i64_extend8_s, 2: OP.i64_extend16_s, 4: OP.i64_extend32_s };

/** movsx and movsxd. */
const movsx: Lift = (l) => {
  const [dst, src] = l.insn.operands;
  const wide = dst.bytes === 8;
  if (src.kind === OPERAND_MEM) {
    return l.write(dst, l.op((wide ? LOAD_SIGNED_64 : LOAD_SIGNED_32)[src.bytes], l.linear(src), 0));
  }
  if (wide && src.kind === OPERAND_GPR) return l.setGpr64(dst.reg, signExtend64(l, l.gpr64(src.reg), src.bytes));
  const v = l.signExtend32(src.bytes, l.readLow(src, src.bytes));
  l.write(dst, wide ? l.extendS(v) : v);
};

/** Low `bytes` of a 64-bit value, sign-extended. */
function signExtend64(l: Lifter, v: number, bytes: number): number {
  if (bytes === 4 && l.fn.op[v] === OP.i64_extend_i32_u) return l.extendS(l.fn.a[v]);
  return l.op(EXTEND_64[bytes], v);
}

const lea: Lift = (l) => {
  const [dst, src] = l.insn.operands;
  l.write(dst, dst.bytes === 8 ? l.effectiveAddress(src) : l.effectiveAddress32(src));
};

const xchg: Lift = (l) => {
  const [dst, src] = l.insn.operands;
  const place = l.place(dst);
  const a = l.readLowPlace(dst, place);
  const b = l.readLow(src, src.bytes);
  l.writePlace(dst, place, b);
  l.write(src, a);
};

function swapBytes(l: Lifter, bytes: number, v: number): number {
  if (bytes === 2) return l.op(OP.i32_or, l.op(OP.i32_shr_u, l.narrow(2, v), l.i32(8)), l.shl32(v, 8));
  if (bytes === 4) {
    const odd = l.mask32(l.op(OP.i32_rotl, v, l.i32(8)), 0x00ff00ff);
    const even = l.mask32(l.op(OP.i32_rotr, v, l.i32(8)), ~0x00ff00ff);
    return l.op(OP.i32_or, odd, even);
  }
  const pairs = swapLanes(l, v, 8, 0x00ff00ff);
  return l.op(OP.i64_rotl, swapLanes(l, pairs, 16, 0x0000ffff), l.i64(32));
}

/** Swaps neighbouring lanes of `bits` in an i64; `mask` has every second lane set. */
function swapLanes(l: Lifter, v: number, bits: number, mask: number): number {
  const k = l.i64(bits), m = l.i64(mask, mask);
  const up = l.op(OP.i64_shl, l.op(OP.i64_and, v, m), k);
  return l.op(OP.i64_or, up, l.op(OP.i64_and, l.op(OP.i64_shr_u, v, k), m));
}

const bswap: Lift = (l) => {
  const [dst] = l.insn.operands;
  // The result for 16 bits is undefined; CPUs give zero.
  l.write(dst, dst.bytes === 2 ? l.i32(0) : swapBytes(l, dst.bytes, l.read(dst)));
};

const movbe: Lift = (l) => {
  const [dst, src] = l.insn.operands;
  l.write(dst, swapBytes(l, dst.bytes, l.read(src)));
};

/** The source is read and a 32-bit destination zero-extended whether or not the condition holds. */
const cmovcc: Lift = (l) => {
  const [dst, src] = l.insn.operands;
  const moved = l.readLow(src, dst.bytes);
  const kept = l.readLow(dst, dst.bytes);
  l.write(dst, l.select(dst.bytes, moved, kept, l.condition(l.insn.row.condition)));
};

const setcc: Lift = (l) => l.write(l.insn.operands[0], l.condition(l.insn.row.condition));

/** cbw, cwde, cdqe: the accumulator's lower half fills it. */
const extendAccumulator: Lift = (l) => {
  const bytes = l.insn.operandBytes;
  if (bytes === 8) return l.setGpr64(RAX, signExtend64(l, l.gpr64(RAX), 4));
  l.setGpr(RAX, bytes, l.signExtend32(bytes / 2, l.gprLow(RAX, bytes / 2)));
};

/** cwd, cdq, cqo: rdx gets the sign of rax. IDIV recognises what this makes. */
const signToData: Lift = (l) => {
  const bytes = l.insn.operandBytes;
  if (bytes === 8) return l.setGpr64(RDX, l.op(OP.i64_shr_s, l.gpr64(RAX), l.i64(63)));
  const v = l.signExtend32(bytes, l.gprLow(RAX, bytes));
  l.setGpr(RDX, bytes, l.op(OP.i32_shr_s, v, l.i32(31)));
};

/** al = [rbx + al] */
const xlat: Lift = (l) => {
  let address = l.add32(l.wrap(l.gpr64(RBX)), l.gpr(RAX, 1));
  if (l.insn.segment !== SEGMENT_NONE) address = l.add32(l.segmentBase(l.insn.segment), address);
  l.setGpr(RAX, 1, l.load(1, l.add32(address, l.i32(-GUEST_BIAS))));
};

export const moveLifts: Record<string, Lift> = {
  mov,
  movzx,
  movsx,
  movsxd: movsx,
  lea,
  xchg,
  bswap,
  movbe,
  cmovcc,
  setcc,
  cbw: extendAccumulator,
  cwde: extendAccumulator,
  cdqe: extendAccumulator,
  cwd: signToData,
  cdq: signToData,
  cqo: signToData,
  xlat,
};
