/** mul imul div idiv. */
import { OP } from "../ir/ops.ts";
import { FLAG_CF, FLAG_OF, FLAGS_ARITH, RAX, RDX, STATE_SCRATCH, STOP_DIVIDE } from "../machine/state.ts";
import type { Operand } from "../x86/instruction.ts";
import type { Lift, Lifter } from "./lifter.ts";

const CF = 0, OF = 5;
const CF_OF = FLAG_CF | FLAG_OF;

/** CF = OF = the upper half counts; the other flags are undefined. */
function multiplyFlags(l: Lifter, overflow: () => number): void {
  l.clearFlags(FLAGS_ARITH & ~CF_OF);
  if (!l.flagsWanted(CF_OF)) return;
  const v = overflow();
  l.setFlag(CF, v);
  l.setFlag(OF, v);
}

// ---- multiplication ----------------------------------------------------------------------------------------------------

/** Extends an operand of up to four bytes within i32 by the signedness of the instruction. */
function extend(l: Lifter, signed: boolean, bytes: number, v: number): number {
  return signed ? l.signExtend32(bytes, v) : l.narrow(bytes, v);
}

/** Product of up to two bytes, exact in an i32: ax, or dx:ax. */
function multiplyNarrow(l: Lifter, signed: boolean, src: Operand): void {
  const bytes = src.bytes;
  const a = extend(l, signed, bytes, l.gprLow(RAX, bytes));
  const b = extend(l, signed, bytes, l.readLow(src, bytes));
  const product = l.op(OP.i32_mul, a, b);
  l.setGpr(RAX, 2, product);
  if (bytes === 2) l.setGpr(RDX, 2, l.op(OP.i32_shr_u, product, l.i32(16)));
  multiplyFlags(l, () => l.op(OP.i32_ne, product, extend(l, signed, bytes, product)));
}

function multiply32(l: Lifter, signed: boolean, src: Operand): void {
  const wide = (v: number) => signed ? l.extendS(v) : l.extendU(v);
  const product = l.op(OP.i64_mul, wide(l.gpr(RAX, 4)), wide(l.read(src)));
  l.setGpr(RAX, 4, l.wrap(product));
  l.setGpr64(RDX, l.op(OP.i64_shr_u, product, l.i64(32)));
  multiplyFlags(l, () => l.op(OP.i64_ne, product, wide(l.wrap(product))));
}

function multiply64(l: Lifter, signed: boolean, src: Operand): void {
  const a = l.gpr64(RAX), b = l.read(src);
  const low = l.op(OP.i64_mul, a, b);
  const high = l.op(signed ? OP.i64_mulhi_s : OP.i64_mulhi_u, a, b);
  l.setGpr64(RAX, low);
  l.setGpr64(RDX, high);
  multiplyFlags(l, () => l.op(OP.i64_ne, high, signed ? l.op(OP.i64_shr_s, low, l.i64(63)) : l.i64(0)));
}

/** The form with one operand: the accumulator's double width gets the product. */
function multiply(signed: boolean): Lift {
  return (l) => {
    const [src] = l.insn.operands;
    if (src.bytes === 8) multiply64(l, signed, src);
    else if (src.bytes === 4) multiply32(l, signed, src);
    else multiplyNarrow(l, signed, src);
  };
}

const imulOne = multiply(true);

/** imul r, r/m and imul r, r/m, imm: the product is cut to the width, CF and OF say whether that lost something. */
const imul: Lift = (l) => {
  const operands = l.insn.operands;
  if (operands.length === 1) return imulOne(l);
  const dst = operands[0];
  const bytes = dst.bytes;
  const a = l.readLow(operands[operands.length - 2], bytes);
  const b = l.readLow(operands[operands.length - 1], bytes);
  if (bytes === 8) {
    const low = l.op(OP.i64_mul, a, b);
    l.setGpr64(dst.reg, low);
    return multiplyFlags(l, () => l.op(OP.i64_ne, l.op(OP.i64_mulhi_s, a, b), l.op(OP.i64_shr_s, low, l.i64(63))));
  }
  const low = l.op(OP.i32_mul, a, b);
  l.setGpr(dst.reg, bytes, low);
  multiplyFlags(l, () => {
    if (bytes === 4) {
      const product = l.op(OP.i64_mul, l.extendS(a), l.extendS(b));
      return l.op(OP.i64_ne, product, l.op(OP.i64_extend32_s, product));
    }
    const product = l.op(OP.i32_mul, l.signExtend32(2, a), l.signExtend32(2, b));
    return l.op(OP.i32_ne, product, l.signExtend32(2, product));
  });
};

// ---- division ----------------------------------------------------------------------------------------------------------
//
// wasm's division traps on a divisor of zero and, signed, on the one quotient that does not fit its type: both are #DE, so
// they need no check of their own. The remainder is dividend - quotient * divisor: cheaper than dividing twice.

/** The pair's upper half holds nothing that counts: zero for div, the sign of the lower half (cdq, cqo) for idiv. */
function upperHalfIsExtension(l: Lifter, signed: boolean, bytes: number): boolean {
  const { fn } = l;
  const high = l.gpr64(RDX);
  if (!signed) return bytes === 8 ? l.isZero64(high) : l.isZero32(l.wrap(high));
  if (bytes === 8) {
    return fn.op[high] === OP.i64_shr_s && fn.a[high] === l.gpr64(RAX) && isConstant(l, fn.b[high], 63);
  }
  const high32 = l.wrap(high);
  return fn.op[high32] === OP.i32_shr_s && fn.a[high32] === l.gpr(RAX, 4) && isConstant(l, fn.b[high32], 31);
}

function isConstant(l: Lifter, v: number, value: number): boolean {
  return (l.isConst32(v) || l.isConst64(v)) && l.fn.a[v] === value;
}

function remainder(l: Lifter, bytes: number, dividend: number, quotient: number, divisor: number): number {
  const back = l.binary(OP.i32_mul, OP.i64_mul, bytes, quotient, divisor);
  return l.binary(OP.i32_sub, OP.i64_sub, bytes, dividend, back);
}

/** Up to two bytes: the dividend fits an i32. */
function divideNarrow(l: Lifter, signed: boolean, src: Operand): void {
  const bytes = src.bytes;
  const divisor = extend(l, signed, bytes, l.readLow(src, bytes));
  const dividend = bytes === 1
    ? extend(l, signed, 2, l.gprLow(RAX, 2))
    : l.op(OP.i32_or, l.shl32(l.gprLow(RDX, 2), 16), l.gpr(RAX, 2));
  const quotient = l.op(signed ? OP.i32_div_s : OP.i32_div_u, dividend, divisor);
  l.op(OP.trap_if, l.op(OP.i32_ne, quotient, extend(l, signed, bytes, quotient)), STOP_DIVIDE);
  const rest = remainder(l, 4, dividend, quotient, divisor);
  if (bytes === 2) {
    l.setGpr(RAX, 2, quotient);
    l.setGpr(RDX, 2, rest);
  } else {
    l.setGpr(RAX, 2, l.op(OP.i32_or, l.mask32(quotient, 0xff), l.shl32(rest, 8)));
  }
}

function divide32(l: Lifter, signed: boolean, src: Operand): void {
  const low = l.gpr(RAX, 4);
  const divisor = l.read(src);
  if (upperHalfIsExtension(l, signed, 4)) {
    const quotient = l.op(signed ? OP.i32_div_s : OP.i32_div_u, low, divisor);
    l.setGpr(RAX, 4, quotient);
    return l.setGpr(RDX, 4, remainder(l, 4, low, quotient, divisor));
  }
  const dividend = l.op(OP.i64_or, l.op(OP.i64_shl, l.gpr64(RDX), l.i64(32)), l.extendU(low));
  const quotient = signed
    ? l.op(OP.i64_div_s, dividend, l.extendS(divisor))
    : l.op(OP.i64_div_u, dividend, l.extendU(divisor));
  const quotient32 = l.wrap(quotient);
  l.op(
    OP.trap_if,
    l.op(OP.i64_ne, quotient, signed ? l.extendS(quotient32) : l.extendU(quotient32)),
    STOP_DIVIDE,
  );
  l.setGpr(RAX, 4, quotient32);
  // The remainder fits 32 bits, so its low half can be computed from low halves.
  l.setGpr(RDX, 4, remainder(l, 4, low, quotient32, divisor));
}

/** rax by the divisor, where rdx is only its extension. */
function divide64By64(l: Lifter, signed: boolean, src: Operand): void {
  const dividend = l.gpr64(RAX), divisor = l.read(src);
  const quotient = l.op(signed ? OP.i64_div_s : OP.i64_div_u, dividend, divisor);
  l.setGpr64(RAX, quotient);
  l.setGpr64(RDX, remainder(l, 8, dividend, quotient, divisor));
}

/** rdx:rax by the divisor, in a helper: next to never taken. */
function divide128By64(l: Lifter, signed: boolean, src: Operand): void {
  l.storeState(OP.i64_store, STATE_SCRATCH, l.gpr64(RAX));
  l.storeState(OP.i64_store, STATE_SCRATCH + 8, l.gpr64(RDX));
  l.storeState(OP.i64_store, STATE_SCRATCH + 16, l.read(src));
  l.op(OP.trap_if, l.helper(signed ? "sdiv128" : "udiv128"), STOP_DIVIDE);
  l.setGpr64(RAX, l.loadState(OP.i64_load, STATE_SCRATCH));
  l.setGpr64(RDX, l.loadState(OP.i64_load, STATE_SCRATCH + 8));
}

function divide64(l: Lifter, signed: boolean, src: Operand): void {
  if (upperHalfIsExtension(l, signed, 8)) return divide64By64(l, signed, src);
  const high = l.gpr64(RDX);
  const isExtension = signed
    ? l.op(OP.i64_eq, high, l.op(OP.i64_shr_s, l.gpr64(RAX), l.i64(63)))
    : l.op(OP.i64_eqz, high);
  const fast = l.innerBlock(), slow = l.innerBlock(), join = l.innerBlock();
  l.endBranch(isExtension, fast, slow);
  l.beginAfter(fast);
  divide64By64(l, signed, src);
  l.endJump(join);
  l.begin(slow);
  divide128By64(l, signed, src);
  l.endJump(join);
  l.begin(join);
}

function divide(signed: boolean): Lift {
  return (l) => {
    const [src] = l.insn.operands;
    // All flags are undefined afterwards.
    l.clearFlags(FLAGS_ARITH);
    if (src.bytes === 8) divide64(l, signed, src);
    else if (src.bytes === 4) divide32(l, signed, src);
    else divideNarrow(l, signed, src);
  };
}

export const mulDivLifts: Record<string, Lift> = { mul: multiply(false), imul, div: divide(false), idiv: divide(true) };
