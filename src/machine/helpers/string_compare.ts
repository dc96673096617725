/** PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM (Intel SDM volume 2, 4.1). */
import { RAX, RDX, STATE_GPR, STATE_SCRATCH } from "../state.ts";
import type { GuestMemory } from "../guest_memory.ts";
import type { HelperBody } from "./types.ts";

/** Places of the flags in the result; the index is in bits 0 to 7. */
const RESULT_CF = 8, RESULT_ZF = 9, RESULT_SF = 10, RESULT_OF = 11;

const EQUAL_ANY = 0, RANGES = 1, EQUAL_EACH = 2;

/** Elements of the operands; one instruction runs at a time. */
const first = new Int32Array(16), second = new Int32Array(16);

/** Reads a register's elements as the low two bits of the immediate say: unsigned bytes or words, signed bytes or words. */
function readElements({ view, u8 }: GuestMemory, offset: number, imm: number, into: Int32Array): void {
  if (imm & 1) {
    const shift = imm & 2 ? 0 : 16;
    for (let i = 0; i < 8; i++) into[i] = view.getInt16(offset + 2 * i, true) << shift >>> shift;
  } else {
    for (let i = 0; i < 16; i++) into[i] = imm & 2 ? u8[offset + i] << 24 >> 24 : u8[offset + i];
  }
}

/** Whether element j of `second` satisfies the aggregation. Elements past the ends never match by their value. */
function matches(aggregation: number, lengthA: number, lengthB: number, j: number, count: number): boolean {
  switch (aggregation) {
    case EQUAL_ANY:
      if (j < lengthB) { for (let i = 0, b = second[j]; i < lengthA; i++) if (first[i] === b) return true; }
      return false;
    case RANGES:
      if (j < lengthB) {
        for (let i = 0, b = second[j]; i + 1 < lengthA; i += 2) if (first[i] <= b && b <= first[i + 1]) return true;
      }
      return false;
    case EQUAL_EACH:
      if (j >= lengthA || j >= lengthB) return j >= lengthA && j >= lengthB;
      return first[j] === second[j];
    default:
      // Equal ordered: the first occurs in the second at j, as far as the register goes.
      for (let i = 0; i < lengthA && i + j < count; i++) {
        if (i + j >= lengthB || first[i] !== second[i + j]) return false;
      }
      return true;
  }
}

/** 1 for bytes of the set, while it is looked at. */
const members = new Uint8Array(256);

/** Equal any, for bytes: the elements of `second` that are in the set `first`. What strcspn and its like ask for. */
function anyBytes(lengthA: number, lengthB: number): number {
  for (let i = 0; i < lengthA; i++) members[first[i] & 0xff] = 1;
  let bits = 0;
  for (let j = 0; j < lengthB; j++) bits |= members[second[j] & 0xff] << j;
  for (let i = 0; i < lengthA; i++) members[first[i] & 0xff] = 0;
  return bits;
}

/** A bit for each element of `second` that satisfies the aggregation. */
function matching(aggregation: number, lengthA: number, lengthB: number, count: number): number {
  if (aggregation === EQUAL_ANY && count === 16) return anyBytes(lengthA, lengthB);
  let bits = 0;
  for (let j = 0; j < count; j++) if (matches(aggregation, lengthA, lengthB, j, count)) bits |= 1 << j;
  return bits;
}

/** Flips the result bits as bits 4 and 5 of the immediate say: not, all, not, those of valid elements. */
function polarize(imm: number, bits: number, valid: number, count: number): number {
  const polarity = imm >> 4 & 3;
  if (polarity === 1) return bits ^ (1 << count) - 1;
  return polarity === 3 ? bits ^ (1 << valid) - 1 : bits;
}

/** Compares what readElements() has read, leaves the mask in the scratch space, returns index and flags. */
function compare(view: DataView, imm: number, lengthA: number, lengthB: number, count: number): number {
  const bits = polarize(imm, matching(imm >> 2 & 3, lengthA, lengthB, count), lengthB, count);
  const last = imm & 0x40 ? 31 - Math.clz32(bits) : 31 - Math.clz32(bits & -bits);
  writeMask(view, bits, imm & 0x40 ? 16 / count : 0, count);
  return (bits === 0 ? count : last) | (bits !== 0 ? 1 : 0) << RESULT_CF | (lengthB < count ? 1 : 0) << RESULT_ZF |
    (lengthA < count ? 1 : 0) << RESULT_SF | (bits & 1) << RESULT_OF;
}

/** The mask as one bit an element (size 0), or as whole bytes or words of ones. */
function writeMask(view: DataView, bits: number, size: number, count: number): void {
  view.setUint32(STATE_SCRATCH, bits, true);
  for (let i = 4; i < 16; i += 4) view.setUint32(STATE_SCRATCH + i, 0, true);
  for (let i = 0; i < count && size > 0; i++) {
    const ones = bits >> i & 1 ? 0xffff : 0;
    if (size === 1) view.setUint8(STATE_SCRATCH + i, ones & 0xff);
    else view.setUint16(STATE_SCRATCH + 2 * i, ones, true);
  }
}

/** Elements before the first zero. */
function lengthOf(elements: Int32Array, count: number): number {
  for (let i = 0; i < count; i++) if (elements[i] === 0) return i;
  return count;
}

/** a: immediate. A string ends before its first zero. */
const pcmpistr: HelperBody = (cpu, imm) => {
  const { view } = cpu.memory, count = imm & 1 ? 8 : 16;
  readElements(cpu.memory, STATE_SCRATCH, imm, first);
  readElements(cpu.memory, STATE_SCRATCH + 16, imm, second);
  return compare(view, imm, lengthOf(first, count), lengthOf(second, count), count);
};

/** A register as a number of elements: its magnitude, at most `count`. */
function lengthIn(view: DataView, register: number, isWide: boolean, count: number): number {
  const low = view.getInt32(STATE_GPR + register * 8, true);
  if (!isWide) return Math.min(Math.abs(low), count);
  const high = view.getInt32(STATE_GPR + register * 8 + 4, true);
  return high === low >> 31 ? Math.min(Math.abs(low), count) : count;
}

/** a: immediate, b: 8 if the lengths are all of rax and rdx, else their low halves. Negative lengths count as positive. */
const pcmpestr: HelperBody = (cpu, imm, bytes) => {
  const { view } = cpu.memory, count = imm & 1 ? 8 : 16;
  readElements(cpu.memory, STATE_SCRATCH, imm, first);
  readElements(cpu.memory, STATE_SCRATCH + 16, imm, second);
  return compare(view, imm, lengthIn(view, RAX, bytes === 8, count), lengthIn(view, RDX, bytes === 8, count), count);
};

export const stringCompareBodies: Record<string, HelperBody> = { pcmpistr, pcmpestr };
