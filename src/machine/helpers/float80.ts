/**
 * The x87's 80-bit extended numbers, as 32-bit halves. A significand is hi:lo with the integer bit at bit 63 (bit 31 of hi);
 * exponents are biased by 16383, as stored (Intel SDM volume 1, sections 4.2.2 and 8.2).
 */
import { Words } from "./float80_words.ts";

/** What a number is. Numbers that need no special care come first, NaNs last. */
export const KIND_NORMAL = 0;
export const KIND_ZERO = 1;
/** Denormals, pseudo-denormals, and what was a denormal in a narrower format. */
export const KIND_DENORMAL = 2;
export const KIND_INFINITY = 3;
export const KIND_QNAN = 4;
export const KIND_SNAN = 5;
/** Unnormals, pseudo-infinities and pseudo-NaNs, which the 80387 and later refuse (SDM volume 1, 8.2.2). */
export const KIND_UNSUPPORTED = 6;

export const EXPONENT_MAX = 0x7fff;
export const EXPONENT_BIAS = 0x3fff;
export const HIDDEN_BIT = 0x80000000;
export const QUIET_BIT = 0x40000000;

/** An unpacked number; `kind` is set where an operand is read and means nothing in results. */
export class Float80 extends Words {
  kind: number = KIND_ZERO;
  /** 0 or 1. */
  sign = 0;
  exponent = 0;

  set(sign: number, exponent: number, hi: number, lo: number): void {
    this.sign = sign;
    this.exponent = exponent;
    this.hi = hi;
    this.lo = lo;
  }

  /** Sets sign, exponent, and a significand. */
  setWords(sign: number, exponent: number, significand: Words): void {
    this.sign = sign;
    this.exponent = exponent;
    this.take(significand);
  }

  copy(x: Float80): void {
    this.kind = x.kind;
    this.setWords(x.sign, x.exponent, x);
  }

  /** Takes the number stored at an index of an array: 64 bits of significand, then sign and exponent in 16. */
  unpack(from: Int32Array, at: number): void {
    const w = this.words;
    w[1] = from[at];
    w[2] = from[at + 1];
    const top = from[at + 2];
    this.sign = top >>> 15 & 1;
    this.exponent = top & EXPONENT_MAX;
    this.classify();
  }

  /** The opposite of unpack(). */
  pack(to: Int32Array, at: number): void {
    const w = this.words;
    to[at] = w[1];
    to[at + 1] = w[2];
    to[at + 2] = this.sign << 15 | this.exponent;
  }

  /** Sets `kind` by the other fields. */
  classify(): void {
    const { exponent, words: w } = this;
    if ((w[2] & HIDDEN_BIT) === 0) {
      this.kind = exponent !== 0 ? KIND_UNSUPPORTED : (w[1] | w[2]) === 0 ? KIND_ZERO : KIND_DENORMAL;
    } else if (exponent === 0) this.kind = KIND_DENORMAL;
    else if (exponent !== EXPONENT_MAX) this.kind = KIND_NORMAL;
    else if ((w[1] | w[2] << 1) === 0) this.kind = KIND_INFINITY;
    else this.kind = w[2] & QUIET_BIT ? KIND_QNAN : KIND_SNAN;
  }
}

/** Exceptions and condition bits, where FSW has them; the control word's masks are in the places of the first six. */
export const FLAG_IE = 1, FLAG_DE = 2, FLAG_ZE = 4, FLAG_OE = 8, FLAG_UE = 16, FLAG_PE = 32;
/** Stack fault. */
export const FLAG_SF = 64;
/** C1: the result was rounded away from zero; with SF, the stack overflowed. */
export const FLAG_C1 = 0x200;

/** Rounding control, bits 10 and 11 of the control word. */
export const ROUND_NEAREST = 0, ROUND_DOWN = 1, ROUND_UP = 2, ROUND_ZERO = 3;

/** The control word an operation works under and the exceptions it raises. */
export class FloatEnvironment {
  control = 0x37f;
  flags = 0;

  get rounding(): number {
    return this.control >> 10 & 3;
  }

  /** Bits of significand that arithmetic keeps: precision control (SDM volume 1, 8.1.5.2). */
  get precision(): number {
    const field = this.control >> 8 & 3;
    return field === 0 ? 24 : field === 2 ? 53 : 64;
  }

  /** True if the program wants a trap instead of the default response. */
  isUnmasked(flag: number): boolean {
    return (this.control & flag) === 0;
  }

  raise(flags: number): void {
    this.flags |= flags;
  }
}

/** The default NaN ("real indefinite"). */
export function setDefaultNan(r: Float80): void {
  r.set(1, EXPONENT_MAX, HIDDEN_BIT + QUIET_BIT, 0);
}

export function setInvalid(r: Float80, env: FloatEnvironment): void {
  env.raise(FLAG_IE);
  setDefaultNan(r);
}

export function setZero(r: Float80, sign: number): void {
  r.set(sign, 0, 0, 0);
}

export function setInfinity(r: Float80, sign: number): void {
  r.set(sign, EXPONENT_MAX, HIDDEN_BIT, 0);
}

/** Quiets a NaN operand into the result. */
export function setQuiet(r: Float80, x: Float80): void {
  r.set(x.sign, EXPONENT_MAX, (x.hi | QUIET_BIT) >>> 0, x.lo);
}

/** Result of an operation on one operand that is a NaN or unsupported. */
export function propagateNan(r: Float80, x: Float80, env: FloatEnvironment): void {
  if (x.kind === KIND_UNSUPPORTED) return setInvalid(r, env);
  if (x.kind === KIND_SNAN) env.raise(FLAG_IE);
  setQuiet(r, x);
}

/**
 * Result of an operation on two operands of which at least one is a NaN or unsupported (SDM volume 1, table 4-7): a quiet NaN wins over a
 * signalling one, of two alike the one with the larger significand, of equal ones the positive one.
 */
export function propagateNans(r: Float80, a: Float80, b: Float80, env: FloatEnvironment): void {
  if (a.kind === KIND_UNSUPPORTED || b.kind === KIND_UNSUPPORTED) return setInvalid(r, env);
  if (a.kind === KIND_SNAN || b.kind === KIND_SNAN) env.raise(FLAG_IE);
  setQuiet(r, winningNan(a, b));
}

function winningNan(a: Float80, b: Float80): Float80 {
  if (b.kind < KIND_QNAN) return a;
  if (a.kind < KIND_QNAN) return b;
  if (a.kind !== b.kind) return a.kind === KIND_QNAN ? a : b;
  if (a.hi !== b.hi) return a.hi > b.hi ? a : b;
  if (a.lo !== b.lo) return a.lo > b.lo ? a : b;
  return a.sign === 0 ? a : b;
}

/** The exponent that a finite number's significand is scaled by: denormals have that of the smallest normal. */
export function scaleOf(x: Float80): number {
  return x.exponent === 0 ? 1 : x.exponent;
}
