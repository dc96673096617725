/** PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM (Intel SDM volume 2, 4.1). */
import { RAX, RDX, STATE_GPR, STATE_SCRATCH } from "../state.ts";
import type { HelperBody, HelperCpu } from "./types.ts";

/** Places of the flags in the result; the index is in bits 0 to 7. */
const RESULT_CF = 8, RESULT_ZF = 9, RESULT_SF = 10, RESULT_OF = 11;

const EQUAL_ANY = 0, RANGES = 1, EQUAL_EACH = 2;

/** Elements of one operand, and how many of them count. */
interface Text {
  at: (i: number) => number;
  length: number;
}

type Reader = (view: DataView, offset: number) => number;

/** By the low two bits of the immediate: unsigned bytes, unsigned words, signed bytes, signed words. */
const READERS: readonly Reader[] = [
  (view, offset) => view.getUint8(offset),
  (view, offset) => view.getUint16(offset, true),
  (view, offset) => view.getInt8(offset),
  (view, offset) => view.getInt16(offset, true),
];

/** Whether element j of `b` satisfies the aggregation against `a`. Elements past the end never match by their value. */
function matches(aggregation: number, a: Text, b: Text, j: number, count: number): boolean {
  switch (aggregation) {
    case EQUAL_ANY:
      for (let i = 0; i < a.length; i++) if (j < b.length && a.at(i) === b.at(j)) return true;
      return false;
    case RANGES:
      for (let i = 0; i + 1 < a.length; i += 2) {
        if (j < b.length && a.at(i) <= b.at(j) && b.at(j) <= a.at(i + 1)) return true;
      }
      return false;
    case EQUAL_EACH:
      if (j >= a.length || j >= b.length) return j >= a.length && j >= b.length;
      return a.at(j) === b.at(j);
    default:
      // Equal ordered: `a` occurs in `b` at j, as far as the register goes.
      for (let i = 0; i < a.length && i + j < count; i++) {
        if (i + j >= b.length || a.at(i) !== b.at(i + j)) return false;
      }
      return true;
  }
}

/** Flips the result bits as bits 4 and 5 of the immediate say: not, all, not, those of valid elements. */
function polarize(imm: number, bits: number, valid: number, count: number): number {
  const polarity = imm >> 4 & 3;
  if (polarity === 1) return bits ^ (1 << count) - 1;
  return polarity === 3 ? bits ^ (1 << valid) - 1 : bits;
}

/** Compares, leaves the mask in the scratch space, returns index and flags. */
function compare(cpu: HelperCpu, imm: number, lengths: (count: number, read: Reader) => [number, number]): number {
  const { view } = cpu.memory;
  const size = imm & 1 ? 2 : 1, count = 16 / size, read = READERS[imm & 3];
  const [lengthA, lengthB] = lengths(count, read);
  const text = (offset: number, length: number): Text => ({ at: (i) => read(view, offset + i * size), length });
  const a = text(STATE_SCRATCH, lengthA), b = text(STATE_SCRATCH + 16, lengthB);
  let bits = 0;
  for (let j = 0; j < count; j++) if (matches(imm >> 2 & 3, a, b, j, count)) bits |= 1 << j;
  bits = polarize(imm, bits, lengthB, count);
  const last = imm & 0x40 ? 31 - Math.clz32(bits) : 31 - Math.clz32(bits & -bits);
  writeMask(view, bits, imm & 0x40 ? size : 0, count);
  return (bits === 0 ? count : last) | (bits !== 0 ? 1 : 0) << RESULT_CF | (lengthB < count ? 1 : 0) << RESULT_ZF |
    (lengthA < count ? 1 : 0) << RESULT_SF | (bits & 1) << RESULT_OF;
}

/** The mask as one bit an element (size 0), or as whole bytes or words of ones. */
function writeMask(view: DataView, bits: number, size: number, count: number): void {
  view.setUint32(STATE_SCRATCH, bits, true);
  for (let i = 4; i < 16; i++) view.setUint8(STATE_SCRATCH + i, 0);
  for (let i = 0; i < count && size > 0; i++) {
    const ones = bits >> i & 1 ? 0xffff : 0;
    if (size === 1) view.setUint8(STATE_SCRATCH + i, ones & 0xff);
    else view.setUint16(STATE_SCRATCH + 2 * i, ones, true);
  }
}

/** a: immediate. A string ends before its first zero. */
const pcmpistr: HelperBody = (cpu, imm) =>
  compare(cpu, imm, (count, read) => {
    const length = (offset: number) => {
      let i = 0;
      while (i < count && read(cpu.memory.view, offset + i * (16 / count)) !== 0) i++;
      return i;
    };
    return [length(STATE_SCRATCH), length(STATE_SCRATCH + 16)];
  });

/** a: immediate, b: 8 if the lengths are all of rax and rdx, else their low halves. Negative lengths count as positive. */
const pcmpestr: HelperBody = (cpu, imm, bytes) =>
  compare(cpu, imm, (count) => {
    const length = (register: number) => {
      const { view } = cpu.memory;
      const value = view.getInt32(STATE_GPR + register * 8, true);
      if (bytes !== 8) return Math.min(Math.abs(value), count);
      const wide = view.getBigInt64(STATE_GPR + register * 8, true);
      return Math.min(Math.abs(Number(wide)), count);
    };
    return [length(RAX), length(RDX)];
  });

export const stringCompareBodies: Record<string, HelperBody> = { pcmpistr, pcmpestr };
