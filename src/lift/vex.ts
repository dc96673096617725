/**
 * VEX encodings of SSE instructions (Intel SDM volume 1, 14.1): each half of a ymm register is what the SSE instruction does
 * with it, as the halves are vector registers of their own in the lifter. What VEX adds is a destination apart from the first
 * source, and zeros in the upper half of the register that a 128-bit form writes.
 */
import { OP } from "../ir/ops.ts";
import { GUEST_BIAS, STATE_SCRATCH } from "../machine/state.ts";
import { type Instruction, Operand, OPERAND_IMM, OPERAND_MEM, OPERAND_XMM } from "../x86/instruction.ts";
import type { Lift, Lifter } from "./lifter.ts";
import { UPPER_HALF, XMM_TEMPORARY } from "./registers.ts";

/** Half of a 32-byte operand as a 16-byte one; other operands are the same for both halves. */
export function half(o: Operand, upper: boolean): Operand {
  if (o.bytes !== 32) return o;
  const part = Object.assign(new Operand(), o);
  part.bytes = 16;
  if (upper && o.kind === OPERAND_MEM) part.disp = o.disp + 16 | 0;
  else if (upper) part.reg = UPPER_HALF + o.reg;
  return part;
}

/** A vector register by its number in the lifter. */
export function register(reg: number): Operand {
  const o = new Operand();
  o.kind = OPERAND_XMM;
  o.bytes = 16;
  o.reg = reg;
  return o;
}

/** True where the instruction works on 256 bits. */
export function isWide(l: Lifter): boolean {
  return l.insn.operands.some((o) => o.bytes === 32);
}

export interface VexOptions {
  /** The SSE form overwrites its first source, which stands behind the destination here. */
  threeOperands?: boolean;
  /** The lifter makes blocks: a source that is kept aside must survive them. */
  splits?: boolean;
  /** The first operand is a source. */
  readsOnly?: boolean;
  /** Bits of the immediate that each half has of its own. */
  immediateBits?: number;
}

/** An instruction by the lifter of its SSE form. */
export function vex(lift: Lift, options: VexOptions = {}): Lift {
  return (l) => {
    const { insn } = l;
    const { operands } = insn;
    const [to] = operands;
    // The upper half first: stores then fault before anything is written.
    for (const upper of isWide(l) ? [true, false] : [false]) {
      const parts = operands.map((o) => half(o, upper));
      if (upper && options.immediateBits !== undefined) shiftImmediate(parts, options.immediateBits);
      insn.operands = options.threeOperands && parts.length > 2 ? twoOperands(l, parts, options) : parts;
      lift(l);
    }
    insn.operands = operands;
    if (options.readsOnly !== true && to.kind === OPERAND_XMM && to.bytes !== 32) l.zeroUpper(to.reg);
  };
}

function shiftImmediate(parts: Operand[], bits: number): void {
  const last = Object.assign(new Operand(), parts[parts.length - 1]);
  last.immLo = last.immLo >>> bits;
  parts[parts.length - 1] = last;
}

/** Moves the first source to the destination; another source that is there is kept aside. */
function twoOperands(l: Lifter, [to, first, ...rest]: Operand[], { splits }: VexOptions): Operand[] {
  const overwritten = (o: Operand) => o.kind === OPERAND_XMM && o.reg === to.reg && first.reg !== to.reg;
  const kept = rest.map((o) => overwritten(o) ? aside(l, o, splits === true) : o);
  l.setXmm(to.reg, l.xmm(first.reg));
  return [to, ...kept];
}

function aside(l: Lifter, o: Operand, inMemory: boolean): Operand {
  if (!inMemory) {
    l.setXmm(XMM_TEMPORARY, l.xmm(o.reg));
    return register(XMM_TEMPORARY);
  }
  l.storeState(OP.v128_store, STATE_SCRATCH, l.xmm(o.reg));
  const place = new Operand();
  place.kind = OPERAND_MEM;
  place.bytes = o.bytes;
  place.disp = STATE_SCRATCH + GUEST_BIAS;
  return place;
}

/** The value of one half of a vector operand. */
export function halfValue(l: Lifter, o: Operand, upper: boolean): number {
  return l.read(half(o, upper));
}

/** Writes both halves of a ymm register; zeros above where there is no upper value (-1). */
export function writeHalves(l: Lifter, o: Operand, low: number, high: number): void {
  l.setXmm(o.reg, low);
  if (high < 0) l.zeroUpper(o.reg);
  else l.setXmm(UPPER_HALF + o.reg, high);
}

/**
 * The registers whose upper halves an instruction reads or writes other than with zeros, as a mask; see Lifter.upperHalves.
 */
export function upperHalvesUsed({ vex, operands, row }: Instruction): number {
  if (row.feature.startsWith("xsave")) return 0xffff;
  if (!vex) return 0;
  let mask = 0;
  for (const o of operands) {
    if (o.kind === OPERAND_XMM && o.bytes === 32) mask |= 1 << o.reg;
    if (o.kind === OPERAND_MEM && o.vectorIndexBytes === 32) mask |= 1 << o.vectorIndex;
  }
  return mask;
}

/** destination = compute(first source, second source), half by half; zeros above a 128-bit one. */
export function halves(compute: (l: Lifter, a: number, b: number, imm: number, upper: boolean) => number): Lift {
  return (l) => {
    const { operands } = l.insn;
    const last = operands[operands.length - 1];
    const imm = last.kind === OPERAND_IMM ? last.immLo & 0xff : 0;
    const [to, first] = operands, second = operands[2]?.kind === OPERAND_IMM ? first : operands[2] ?? first;
    const part = (upper: boolean) => compute(l, halfValue(l, first, upper), halfValue(l, second, upper), imm, upper);
    if (to.bytes === 32) return writeHalves(l, to, part(false), part(true));
    l.setXmm(to.reg, part(false));
    l.zeroUpper(to.reg);
  };
}
