/**
 * PCMPESTRI and its kin (Intel SDM volume 2, 4.1): a bit for each element of the second operand that matches, from which index,
 * mask and flags follow. Each is a value of its own, so that what nobody reads costs nothing.
 */
import { OP } from "../ir/ops.ts";
import { RAX, RCX, RDX } from "../machine/state.ts";
import type { Lift, Lifter } from "./lifter.ts";
import { constant32, shuffle, splat32, vector, zero } from "./vector.ts";

const CF = 0, PF = 1, AF = 2, ZF = 3, SF = 4, OF = 5;

const EQUAL_ANY = 0, RANGES = 1, EQUAL_EACH = 2;

/** Elements of one size, and what compares them. */
interface Elements {
  /** Elements of a register. */
  readonly count: number;
  /** A bit for each. */
  readonly all: number;
  /** Their sign bits, in 32 bits. */
  readonly signs: number;
  readonly eq: number;
  readonly bitmask: number;
  readonly equalAny: number;
  readonly ranges: number;
  readonly equalOrdered: number;
}

const BYTES: Elements = {
  count: 16,
  all: 0xffff,
  signs: 0x80808080 | 0,
  eq: OP.i8x16_eq,
  bitmask: OP.i8x16_bitmask,
  equalAny: OP.i8x16_equal_any,
  ranges: OP.i8x16_ranges,
  equalOrdered: OP.i8x16_equal_ordered,
};
const WORDS: Elements = {
  count: 8,
  all: 0xff,
  signs: 0x80008000 | 0,
  eq: OP.i16x8_eq,
  bitmask: OP.i16x8_bitmask,
  equalAny: OP.i16x8_equal_any,
  ranges: OP.i16x8_ranges,
  equalOrdered: OP.i16x8_equal_ordered,
};

/** What bits 0 to 3 of the immediate say. */
interface Format extends Elements {
  readonly isSigned: boolean;
  readonly aggregation: number;
}

function formatOf(imm: number): Format {
  return { ...(imm & 1 ? WORDS : BYTES), isSigned: (imm & 2) !== 0, aggregation: imm >> 2 & 3 };
}

/** A string in a register. */
interface Text {
  readonly value: number;
  /** Elements before its end, at most all. */
  length(): number;
  /** A bit for each of these. */
  valid(): number;
  /** 1 if it ends before the register does. */
  readonly ends: number;
  /** A bit for each zero, of which the first is its end; -1 if its length is given. */
  readonly zeros: number;
}

/** A string that ends before its first zero. */
function implicitText(l: Lifter, { count, all, eq, bitmask }: Format, value: number): Text {
  const zeros = l.op(bitmask, l.op(eq, value, zero(l)));
  return {
    value,
    length: () => l.op(OP.i32_ctz, l.op(OP.i32_or, zeros, l.i32(1 << count))),
    valid: () => l.mask32(l.op(OP.i32_and, l.op(OP.i32_sub, zeros, l.i32(1)), l.op(OP.i32_xor, zeros, l.i32(-1))), all),
    ends: l.op(OP.i32_ne, zeros, l.i32(0)),
    zeros,
  };
}

/** A string whose length is in a register, of 4 or 8 bytes; negative ones count as positive. */
function explicitText(l: Lifter, { count }: Format, value: number, register: number, bytes: number): Text {
  const length = lengthIn(l, l.gpr(register, bytes), bytes, count);
  const known = l.isConst32(length) ? l.fn.a[length] : -1;
  return {
    value,
    length: () => length,
    valid: () => known >= 0 ? l.i32((1 << known) - 1) : l.op(OP.i32_sub, l.op(OP.i32_shl, l.i32(1), length), l.i32(1)),
    ends: known >= 0 ? l.i32(known < count ? 1 : 0) : l.op(OP.i32_ne, length, l.i32(count)),
    zeros: -1,
  };
}

/** A register's magnitude, at most `count`. The lowest number's is above all others, so it is compared as unsigned. */
function lengthIn(l: Lifter, v: number, bytes: number, count: number): number {
  const { fn } = l;
  if (l.isConst32(v) || l.isConst64(v)) {
    const low = fn.a[v], isSmall = bytes === 4 || fn.b[v] === low >> 31;
    return l.i32(isSmall ? Math.min(Math.abs(low), count) : count);
  }
  const sign = l.binary(OP.i32_shr_s, OP.i64_shr_s, bytes, v, l.constant(bytes, 8 * bytes - 1));
  const magnitude = l.sub(bytes, l.binary(OP.i32_xor, OP.i64_xor, bytes, v, sign), sign);
  const isSmall = l.binary(OP.i32_lt_u, OP.i64_lt_u, bytes, magnitude, l.constant(bytes, count));
  return l.op(OP.select_i32, bytes === 8 ? l.wrap(magnitude) : magnitude, l.i32(count), isSmall);
}

/** Those of `bits` that are in `mask`. */
function within(l: Lifter, bits: number, mask: number, all: number): number {
  return l.isConst32(mask) && l.fn.a[mask] === all ? bits : l.op(OP.i32_and, bits, mask);
}

/**
 * A bit for each element of b that satisfies the aggregation. Elements past the ends, which for b `validB` tells, never match by
 * their value.
 */
function matching(l: Lifter, format: Format, a: Text, b: Text, validB: number): number {
  const { all } = format;
  switch (format.aggregation) {
    case EQUAL_ANY:
      return within(l, l.op(format.equalAny, a.value, b.value, a.length()), validB, all);
    case RANGES: {
      const signed = (v: number) => format.isSigned ? v : l.op(OP.v128_xor, v, splat32(l, format.signs));
      const pairs = l.mask32(a.length(), ~1);
      return within(l, l.op(format.ranges, signed(a.value), signed(b.value), pairs), validB, all);
    }
    case EQUAL_EACH: {
      if (a.zeros >= 0 && a.value === b.value) return l.i32(all); // to find the end
      const equal = l.op(format.bitmask, l.op(format.eq, a.value, b.value)), validA = a.valid();
      const pastBoth = l.op(OP.i32_xor, l.op(OP.i32_or, validA, validB), l.i32(all));
      return l.op(OP.i32_or, within(l, within(l, equal, validA, all), validB, all), pastBoth);
    }
    default: {
      const invalid = l.op(OP.i32_xor, validB, l.i32(all));
      return l.op(format.equalOrdered, a.value, b.value, l.op(OP.i32_or, a.length(), l.shl32(invalid, 8)));
    }
  }
}

/** Bits 2 to 6 of the immediate (EQUAL_EACH, negated, lowest index): where strings differ first, which strcmp asks for. */
const ITS_BITS = 0x7c, FIRST_DIFFERENCE = 0x18;

/**
 * Where strings that end at their first zeros differ, as far as it goes for the first such place: neither what is behind it
 * matters, nor behind the first zero of both. If only one has that, they differ there; if both have, not any more.
 */
function firstDifference(l: Lifter, { all, bitmask, eq }: Format, a: Text, b: Text): number {
  const different = l.op(OP.i32_xor, l.op(bitmask, l.op(eq, a.value, b.value)), l.i32(all));
  const zeros = l.op(OP.i32_or, a.zeros, b.zeros);
  return l.op(OP.i32_and, different, l.op(OP.i32_xor, zeros, l.op(OP.i32_sub, zeros, l.i32(1))));
}

/** Flips the result bits as bits 4 and 5 of the immediate say: not, all, not, those of valid elements. */
function polarized(l: Lifter, imm: number, bits: number, valid: number, all: number): number {
  const polarity = imm >> 4 & 3;
  if (polarity === 1) return l.op(OP.i32_xor, bits, l.i32(all));
  return polarity === 3 ? l.op(OP.i32_xor, bits, valid) : bits;
}

/** The operands' texts. */
function textsOf(l: Lifter, isExplicit: boolean, format: Format): [a: Text, b: Text] {
  const [first, second] = l.insn.operands;
  const b = vector(l, second), a = l.read(first), bytes = l.insn.operandBytes;
  if (!isExplicit) return [implicitText(l, format, a), implicitText(l, format, b)];
  return [explicitText(l, format, a, RAX, bytes), explicitText(l, format, b, RDX, bytes)];
}

/** The result bits. */
function resultOf(l: Lifter, format: Format, a: Text, b: Text): number {
  const validB = b.valid();
  return polarized(l, l.insn.operands[2].immLo, matching(l, format, a, b, validB), validB, format.all);
}

function setFlags(l: Lifter, bits: number, a: Text, b: Text): void {
  l.setFlag(CF, l.op(OP.i32_ne, bits, l.i32(0)));
  l.setFlag(ZF, b.ends);
  l.setFlag(SF, a.ends);
  l.setFlag(OF, l.op(OP.i32_and, bits, l.i32(1)));
  l.setFlag(AF, l.i32(0));
  l.setFlag(PF, l.i32(0));
}

/** ECX: the number of the lowest or highest (bit 6) of the result bits, or of elements if there is none. */
function toIndex(isExplicit: boolean): Lift {
  return (l) => {
    const imm = l.insn.operands[2].immLo, format = formatOf(imm), { count } = format;
    const [a, b] = textsOf(l, isExplicit, format), isFirstDifference = (imm & ITS_BITS) === FIRST_DIFFERENCE;
    const bits = isFirstDifference && !isExplicit ? firstDifference(l, format, a, b) : resultOf(l, format, a, b);
    setFlags(l, bits, a, b);
    const highest = () => l.op(OP.i32_xor, l.op(OP.i32_clz, bits), l.i32(31));
    const index = imm & 0x40
      ? l.op(OP.select_i32, highest(), l.i32(count), bits)
      : l.op(OP.i32_ctz, l.op(OP.i32_or, bits, l.i32(1 << count)));
    l.setGpr(RCX, 4, index);
  };
}

/** XMM0: the result bits, or (bit 6) whole elements of ones for them. */
function toMask(isExplicit: boolean): Lift {
  return (l) => {
    const imm = l.insn.operands[2].immLo, format = formatOf(imm);
    const [a, b] = textsOf(l, isExplicit, format), bits = resultOf(l, format, a, b);
    setFlags(l, bits, a, b);
    if (!(imm & 0x40)) return l.setXmm(0, l.op(OP.i32x4_replace_lane, zero(l), bits, 0));
    const own = ownBits(l, format.count), splat = l.op(OP.i16x8_splat, bits);
    // Lane 8 and those above look at the second byte.
    const halves = format.count === 16 ? shuffle(l, splat, splat, LOW_THEN_HIGH) : splat;
    l.setXmm(0, l.op(format.eq, l.op(OP.v128_and, halves, own), own));
  };
}

const LOW_THEN_HIGH = Array.from({ length: 16 }, (_, i) => i >> 3);

/** In each lane the bit of its number, modulo 8. */
function ownBits(l: Lifter, count: number): number {
  if (count === 16) return constant32(l, 0x08040201, 0x80402010 | 0, 0x08040201, 0x80402010 | 0);
  return constant32(l, 0x00020001, 0x00080004, 0x00200010, 0x00800040);
}

export const sse4StringLifts: Record<string, Lift> = {
  pcmpestri: toIndex(true),
  pcmpestrm: toMask(true),
  pcmpistri: toIndex(false),
  pcmpistrm: toMask(false),
};
