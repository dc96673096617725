/**
 * Operations that are a function of every code module, as wasm has no instruction for them: AES's substitutions, carry-less
 * products, string comparisons (string_match.ts). And whether the host's fused products are.
 */
import { OP } from "../ir/ops.ts";
import { Code } from "./code.ts";
import { W_F64_CONST, W_GLOBAL_SET } from "./opcodes.ts";
import { BYTES, equalAnyBody, equalOrderedBody, rangesBody, WORDS } from "./string_match.ts";

const I32 = 0x7f, I64 = 0x7e, V128 = 0x7b;

export interface FunctionOp {
  readonly op: number;
  readonly name: string;
  readonly params: readonly number[];
  readonly result: number;
  body(): Uint8Array;
}

const SIMD = {
  shuffle: 0x0d,
  splat64: 0x12,
  extract64: 0x1d,
  replace64: 0x1e,
  extractF64: 0x21,
  and: 0x4e,
  or: 0x50,
  xor: 0x51,
  shr_u8: 0x6d,
  shr_u64: 0xcd,
  relaxed_swizzle: 0x100,
};

function doubles(value: number): Uint8Array {
  return new Uint8Array(Float64Array.of(value, value).buffer);
}

/**
 * () -> nothing, run when a module starts: tells global 0 whether the host's relaxed a * b + c rounds once. It rounds once or
 * twice, but always the same on one host: (1 + 2^-30)^2 - 1 shows which.
 */
export function probeFusedBody(): Uint8Array {
  const b = new Code(), one = doubles(1 + 2 ** -30);
  b.v128(one).v128(one).v128(doubles(-1)).simd(RELAXED_MADD[OP.f64x2_fma]).simd(SIMD.extractF64).op(0);
  b.op(W_F64_CONST).out.raw(doubles(2 ** -29).subarray(0, 8));
  return b.op(OP.f64_ne).indexed(W_GLOBAL_SET, 0).body();
}

/** SIMD opcodes of the relaxed a * b + c, by operation. Regions that have any leave for the interpreter unless it rounds once. */
export const RELAXED_MADD: Readonly<Record<number, number>> = { [OP.f32x4_fma]: 0x105, [OP.f64x2_fma]: 0x107 };

/** Sixteen bytes from two quadwords. */
function quadwords(low: bigint, high: bigint): Uint8Array {
  return new Uint8Array(BigUint64Array.of(low, high).buffer);
}

/**
 * Tables for AES's substitution by lookups of nibbles: an inverse in GF(2^8) as a few in GF(2^4), between two changes of basis,
 * each the sum of what the lower and the upper nibble give (Mike Hamburg, "Accelerating AES with Vector Permute Instructions",
 * CHES 2009). An entry with bit 7 set is infinity: as an index it gives zero.
 */
const INVERSE = quadwords(0x0e05060f0d080180n, 0x040703090a0b0c02n);
const INVERSE_TIMES_A = quadwords(0x01040a060f0b0780n, 0x030d0e0c02050809n);
interface Bases {
  readonly into: readonly [low: Uint8Array, high: Uint8Array];
  readonly outOf: readonly [low: Uint8Array, high: Uint8Array];
}
const FORWARD: Bases = {
  into: [quadwords(0xc2b2e8985a2a7000n, 0xcabae09052227808n), quadwords(0x4c01307d317c4d00n, 0xcd80b1fcb0fdcc81n)],
  outOf: [quadwords(0xd0d26d176fbdc700n, 0x15aabf7ac502a878n), quadwords(0xcfe474a55fbb6a00n, 0x8e1e90d1412b35fan)],
};
const BACK: Bases = {
  into: [quadwords(0x0f505b040b545f00n, 0x154a411e114e451an), quadwords(0x86e383e660056500n, 0x12771772f491f194n)],
  outOf: [quadwords(0x1387ea537ef94000n, 0xc7aa6db9d4943e2dn), quadwords(0x12d7560f93441d00n, 0xca4b8159d8c58e9cn)],
};

/** (x) -> x with each byte substituted. The affine map's constant is added on the outer side. */
function substitutionBody({ into, outOf }: Bases, back: boolean): FunctionOp["body"] {
  return () => {
    const X = 0, I = 1, K = 2, J = 3, AK = 4, IO = 5;
    const b = new Code();
    const constant = () => b.v128(new Uint8Array(16).fill(0x63)).simd(SIMD.xor);
    const nibbles = (high: number, low: number) => {
      b.get(X).i32(4).simd(SIMD.shr_u8).set(high);
      b.get(X).v128(new Uint8Array(16).fill(15)).simd(SIMD.and).set(low);
    };
    /** Indices are 0 to 15, or have bit 7 set: all hosts agree on those. */
    const look = (table: Uint8Array, index: number) => b.v128(table).get(index).simd(SIMD.relaxed_swizzle);
    if (back) {
      b.get(X);
      constant().set(X);
    }
    nibbles(I, K);
    look(into[0], K);
    look(into[1], I).simd(SIMD.xor).set(X);
    nibbles(I, K);
    look(INVERSE_TIMES_A, K).set(AK);
    b.get(K).get(I).simd(SIMD.xor).set(J);
    look(INVERSE, I).get(AK).simd(SIMD.xor).set(IO);
    look(INVERSE, J).get(AK).simd(SIMD.xor).set(AK);
    look(INVERSE, IO).get(J).simd(SIMD.xor).set(IO);
    look(INVERSE, AK).get(I).simd(SIMD.xor).set(J);
    look(outOf[0], IO);
    look(outOf[1], J).simd(SIMD.xor);
    if (!back) constant();
    return b.body([5, V128]);
  };
}

/**
 * The low 64 bits of the carry-less product of two locals: integer products of every fourth bit, whose carries fall into the
 * holes (Thomas Pornin, BearSSL, "ctmul64"). `parts` are eight locals to work with.
 */
function carrylessLow(b: Code, operands: readonly [number, number], parts: number): void {
  const masks = [0x11111111, 0x22222222, 0x44444444, 0x88888888];
  const part = (operand: number, n: number) => parts + operand * 4 + n;
  for (const operand of [0, 1]) {
    masks.forEach((mask, n) => b.get(operands[operand]).i64(mask, mask).op(OP.i64_and).set(part(operand, n)));
  }
  for (let z = 0; z < 4; z++) {
    for (let x = 0; x < 4; x++) {
      b.get(part(0, x)).get(part(1, (z - x) & 3)).op(OP.i64_mul);
      if (x > 0) b.op(OP.i64_xor);
    }
    b.i64(masks[z], masks[z]).op(OP.i64_and);
    if (z > 0) b.op(OP.i64_or);
  }
}

/** A nibble's bits in reverse order, as the lower and as the upper half of a byte. */
const REVERSED = Array.from({ length: 16 }, (_, n) => (n & 1) << 3 | (n & 2) << 1 | (n & 4) >> 1 | (n & 8) >> 3);
const REVERSED_LOW = Uint8Array.from(REVERSED), REVERSED_HIGH = Uint8Array.from(REVERSED, (n) => n << 4);
/** The bytes of each quadword in reverse order. */
const BYTES_REVERSED = Uint8Array.from({ length: 16 }, (_, i) => (i & 8) | 7 - (i & 7));

/** Reverses the bits of each quadword of a vector local; the result stays on the stack. */
function reverse(b: Code, local: number): void {
  b.v128(REVERSED_HIGH).get(local).v128(new Uint8Array(16).fill(15)).simd(SIMD.and).simd(SIMD.relaxed_swizzle);
  b.v128(REVERSED_LOW).get(local).i32(4).simd(SIMD.shr_u8).simd(SIMD.relaxed_swizzle);
  b.simd(SIMD.or).set(local);
  b.get(local).get(local).simd(SIMD.shuffle).out.raw(BYTES_REVERSED);
}

/**
 * (a, b) -> all 128 bits of the carry-less product. The high ones are the low ones of the reversed operands, reversed; the
 * product has 127 bits.
 */
function carrylessBody(): Uint8Array {
  const A = 0, B = 1, PARTS = 2, LOW = 10, V = 11;
  const b = new Code();
  carrylessLow(b, [A, B], PARTS);
  b.set(LOW);
  b.get(A).simd(SIMD.splat64).get(B).simd(SIMD.replace64).op(1).set(V);
  reverse(b, V);
  b.set(V);
  b.get(V).simd(SIMD.extract64).op(0).set(A).get(V).simd(SIMD.extract64).op(1).set(B);
  carrylessLow(b, [A, B], PARTS);
  b.simd(SIMD.splat64).set(V);
  reverse(b, V);
  b.i32(1).simd(SIMD.shr_u64);
  return b.get(LOW).simd(SIMD.replace64).op(0).body([9, I64], [1, V128]);
}

function stringMatch(op: number, name: string, body: FunctionOp["body"]): FunctionOp {
  return { op, name, params: [V128, V128, I32], result: I32, body };
}

export const FUNCTION_OPS: readonly FunctionOp[] = [
  { op: OP.aes_substitute, name: "aes_sub", params: [V128], result: V128, body: substitutionBody(FORWARD, false) },
  {
    op: OP.aes_substitute_back,
    name: "aes_sub_back",
    params: [V128],
    result: V128,
    body: substitutionBody(BACK, true),
  },
  { op: OP.i64_carryless, name: "clmul", params: [I64, I64], result: V128, body: carrylessBody },
  stringMatch(OP.i8x16_equal_any, "any8", () => equalAnyBody(BYTES)),
  stringMatch(OP.i16x8_equal_any, "any16", () => equalAnyBody(WORDS)),
  stringMatch(OP.i8x16_ranges, "ranges8", () => rangesBody(BYTES)),
  stringMatch(OP.i16x8_ranges, "ranges16", () => rangesBody(WORDS)),
  stringMatch(OP.i8x16_equal_ordered, "ordered8", () => equalOrderedBody(BYTES)),
  stringMatch(OP.i16x8_equal_ordered, "ordered16", () => equalOrderedBody(WORDS)),
];

/** Place of an operation in FUNCTION_OPS. */
export function functionOpNumber(op: number): number {
  return FUNCTION_OPS.findIndex((f) => f.op === op);
}
