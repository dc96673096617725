/**
 * AES, carry-less multiplication and SHA (Intel SDM volume 2). The state of AES is a column of four bytes a doubleword, as in
 * memory (FIPS 197, 3.4).
 */
import { OP } from "../ir/ops.ts";
import type { Lift, Lifter } from "./lifter.ts";
import { binary, binaryImm, constant32, shuffle, shuffleLanes, splat32, unary, unaryImm, zero } from "./vector.ts";

/** Row r of the state moves r columns to the left, or back. */
function shiftRows(l: Lifter, v: number, direction: 1 | -1): number {
  const picked = Array.from({ length: 16 }, (_, i) => {
    const row = i & 3, column = i >> 2;
    return ((column + direction * row) & 3) * 4 + row;
  });
  return shuffle(l, v, v, picked);
}

/** Each column turned by n bytes: byte i comes from byte i + n. */
function turned(l: Lifter, v: number, n: number): number {
  return shuffle(l, v, v, Array.from({ length: 16 }, (_, i) => (i & 12) | ((i + n) & 3)));
}

/** Every byte times x in GF(2^8). */
function timesX(l: Lifter, v: number): number {
  const carried = l.op(OP.i8x16_lt_s, v, zero(l));
  const reduction = l.op(OP.v128_and, carried, splat32(l, 0x1b1b1b1b));
  return l.op(OP.v128_xor, l.op(OP.i8x16_add, v, v), reduction);
}

const xor = (l: Lifter, ...values: number[]) => values.reduce((a, b) => l.op(OP.v128_xor, a, b));

/** Columns times the matrix 2 3 1 1: 2x + 3y + z + w = 2(x + y) + y + z + w. */
function mixColumns(l: Lifter, v: number): number {
  const next = turned(l, v, 1);
  return xor(l, timesX(l, xor(l, v, next)), next, turned(l, v, 2), turned(l, v, 3));
}

/** The inverse matrix is the same one after 5 0 4 0. */
function mixColumnsBack(l: Lifter, v: number): number {
  const four = timesX(l, timesX(l, xor(l, v, turned(l, v, 2))));
  return mixColumns(l, xor(l, v, four));
}

const substituted = (l: Lifter, v: number) => l.op(OP.aes_substitute, shiftRows(l, v, 1));
const substitutedBack = (l: Lifter, v: number) => l.op(OP.aes_substitute_back, shiftRows(l, v, -1));

/** Words 1 and 3 substituted, and the same turned by a byte with the round constant. */
function keygenAssist(l: Lifter, v: number, constant: number): number {
  const words = l.op(OP.aes_substitute, shuffleLanes(l, v, v, 4, 1, 1, 3, 3));
  const picked = [0, 1, 2, 3, 5, 6, 7, 4, 8, 9, 10, 11, 13, 14, 15, 12];
  return xor(l, shuffle(l, words, words, picked), constant32(l, 0, constant, 0, constant));
}

/** Bit 0 chooses the half of the first source, bit 4 that of the second. */
function carrylessProduct(l: Lifter, a: number, b: number, imm: number): number {
  const x = l.op(OP.i64x2_extract_lane, a, imm & 1), y = l.op(OP.i64x2_extract_lane, b, imm >> 4 & 1);
  return l.op(OP.i64_carryless, x, y);
}

// ---- SHA ---------------------------------------------------------------------------------------------------------------

/** A lane; what has just been put there is taken directly, so that rounds in a row work on plain integers. */
function lane(l: Lifter, v: number, n: number): number {
  const { fn } = l;
  for (let from = v; fn.op[from] === OP.i32x4_replace_lane; from = fn.a[from]) if (fn.c[from] === n) return fn.b[from];
  return l.op(OP.i32x4_extract_lane, v, n);
}

const add = (l: Lifter, ...values: number[]) => values.reduce((a, b) => l.op(OP.i32_add, a, b));
const and32 = (l: Lifter, a: number, b: number) => l.op(OP.i32_and, a, b);
const xor32 = (l: Lifter, ...values: number[]) => values.reduce((a, b) => l.op(OP.i32_xor, a, b));
const rotr = (l: Lifter, v: number, n: number) => l.op(OP.i32_rotr, v, l.i32(n));
const rotl = (l: Lifter, v: number, n: number) => l.op(OP.i32_rotl, v, l.i32(n));

function fromLanes(l: Lifter, ...values: [number, number, number, number]): number {
  return values.reduce((v, x, i) => l.op(OP.i32x4_replace_lane, v, x, i), zero(l));
}

/** Each lane rotated right by n. */
function rotrLanes(l: Lifter, v: number, n: number): number {
  return l.op(OP.v128_or, l.op(OP.i32x4_shr_u, v, l.i32(n)), l.op(OP.i32x4_shl, v, l.i32(32 - n)));
}

/** choice: the bits of f where e is set, else those of g; majority: the bits that two of three have. */
const choice = (l: Lifter, e: number, f: number, g: number) => xor32(l, g, and32(l, e, xor32(l, f, g)));
const majority = (l: Lifter, a: number, b: number, c: number) =>
  l.op(OP.i32_or, and32(l, a, b), and32(l, c, l.op(OP.i32_or, a, b)));

/** Two rounds of SHA-256 on C D G H (destination) and A B E F (source), message plus constants in xmm0. */
const sha256rnds2: Lift = (l) => {
  const [to, from] = l.insn.operands;
  const cdgh = l.read(to), abef = l.read(from), wk = l.xmm(0);
  let [f, e, b, a] = [0, 1, 2, 3].map((n) => lane(l, abef, n));
  let [h, g, d, c] = [0, 1, 2, 3].map((n) => lane(l, cdgh, n));
  for (const round of [0, 1]) {
    const sum1 = xor32(l, rotr(l, e, 6), rotr(l, e, 11), rotr(l, e, 25));
    const sum0 = xor32(l, rotr(l, a, 2), rotr(l, a, 13), rotr(l, a, 22));
    const t = add(l, choice(l, e, f, g), sum1, lane(l, wk, round), h);
    const newA = add(l, t, majority(l, a, b, c), sum0), newE = add(l, t, d);
    [h, g, f, e, d, c, b, a] = [g, f, e, newE, c, b, a, newA];
  }
  l.write(to, fromLanes(l, f, e, b, a));
};

/** w[i] + s0(w[i + 1]) for four words. */
function sha256msg1(l: Lifter, a: number, b: number): number {
  const next = shuffleLanes(l, a, b, 4, 1, 2, 3, 4);
  const small = xor(l, rotrLanes(l, next, 7), rotrLanes(l, next, 18), l.op(OP.i32x4_shr_u, next, l.i32(3)));
  return l.op(OP.i32x4_add, a, small);
}

/** Adds s1 of the word two places before: the upper two come from the lower two. */
function sha256msg2(l: Lifter, a: number, b: number): number {
  const small = (v: number) => xor32(l, rotr(l, v, 17), rotr(l, v, 19), l.op(OP.i32_shr_u, v, l.i32(10)));
  const w0 = add(l, lane(l, a, 0), small(lane(l, b, 2)));
  const w1 = add(l, lane(l, a, 1), small(lane(l, b, 3)));
  return fromLanes(l, w0, w1, add(l, lane(l, a, 2), small(w0)), add(l, lane(l, a, 3), small(w1)));
}

/** Round constants of SHA-1 (FIPS 180-4, 4.2.1), by the immediate. */
const SHA1_CONSTANTS = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6];

/** Four rounds of SHA-1: A B C D in the destination (A highest), message words and E in the source. */
function sha1rnds4(l: Lifter, abcd: number, words: number, imm: number): number {
  const kind = imm & 3;
  let [d, c, b, a] = [0, 1, 2, 3].map((n) => lane(l, abcd, n));
  let e = -1;
  for (let round = 0; round < 4; round++) {
    const mixed = kind === 0 ? choice(l, b, c, d) : kind === 2 ? majority(l, b, c, d) : xor32(l, b, c, d);
    const terms = [mixed, rotl(l, a, 5), lane(l, words, 3 - round), l.i32(SHA1_CONSTANTS[kind])];
    // E of the first round is in the message already.
    const newA = add(l, ...(round === 0 ? terms : [...terms, e]));
    [e, d, c, b, a] = [d, c, rotl(l, b, 30), a, newA];
  }
  return fromLanes(l, d, c, b, a);
}

function sha1nexte(l: Lifter, a: number, b: number): number {
  const e = rotl(l, lane(l, a, 3), 30);
  return l.op(OP.i32x4_replace_lane, b, add(l, lane(l, b, 3), e), 3);
}

/** Words i and i + 2 from the top, four times. */
function sha1msg1(l: Lifter, a: number, b: number): number {
  return xor(l, a, shuffleLanes(l, a, b, 4, 6, 7, 0, 1));
}

/** The last step of the schedule: each word with the one three before, rotated; the lowest needs the highest. */
function sha1msg2(l: Lifter, a: number, b: number): number {
  const word = (n: number, before: number) => rotl(l, xor32(l, lane(l, a, n), before), 1);
  const w3 = word(3, lane(l, b, 2)), w2 = word(2, lane(l, b, 1)), w1 = word(1, lane(l, b, 0));
  return fromLanes(l, word(0, w3), w1, w2, w3);
}

export const cryptoLifts: Record<string, Lift> = {
  aesenc: binary((l, a, key) => xor(l, mixColumns(l, substituted(l, a)), key)),
  aesenclast: binary((l, a, key) => xor(l, substituted(l, a), key)),
  aesdec: binary((l, a, key) => xor(l, mixColumnsBack(l, substitutedBack(l, a)), key)),
  aesdeclast: binary((l, a, key) => xor(l, substitutedBack(l, a), key)),
  aesimc: unary(mixColumnsBack),
  aeskeygenassist: unaryImm(keygenAssist),
  pclmulqdq: binaryImm(carrylessProduct),
  sha256rnds2,
  sha256msg1: binary(sha256msg1),
  sha256msg2: binary(sha256msg2),
  sha1rnds4: binaryImm(sha1rnds4),
  sha1nexte: binary(sha1nexte),
  sha1msg1: binary(sha1msg1),
  sha1msg2: binary(sha1msg2),
};
