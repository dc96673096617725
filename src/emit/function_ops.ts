/**
 * Operations that are a function of every code module, as wasm has no instruction for them: fused products, AES's
 * substitutions, carry-less products.
 */
import { AES_SUBSTITUTE, AES_SUBSTITUTE_BACK } from "../ir/aes_tables.ts";
import { helperNumber } from "../ir/helpers.ts";
import { OP } from "../ir/ops.ts";
import { STATE_SCRATCH } from "../machine/state.ts";
import { WasmBytes } from "./bytes.ts";
import {
  W_CALL,
  W_DROP,
  W_ELSE,
  W_END,
  W_I32_CONST,
  W_I64_CONST,
  W_IF,
  W_LOCAL_GET,
  W_LOCAL_SET,
  W_PREFIX_SIMD,
} from "./opcodes.ts";

const I64 = 0x7e, V128 = 0x7b;

/** What a function asks of its module. */
export interface FunctionContext {
  /** Function index of a helper by its number. */
  helper(number: number): number;
  /** Function index of another operation. */
  operation(op: number): number;
}

export interface FunctionOp {
  readonly op: number;
  readonly name: string;
  readonly params: readonly number[];
  readonly result: number;
  body(context: FunctionContext): Uint8Array;
}

const SIMD = {
  v128_load: 0x00,
  v128_store: 0x0b,
  v128_const: 0x0c,
  swizzle: 0x0e,
  or: 0x50,
  sub8: 0x71,
  extractF64: 0x21,
};
const RELAXED_MADD_F32 = 0x105, RELAXED_MADD_F64 = 0x107;

class Body {
  readonly out = new WasmBytes();
  constructor(...locals: [count: number, type: number][]) {
    this.out.u32(locals.length);
    for (const [count, type] of locals) {
      this.out.u32(count);
      this.out.byte(type);
    }
  }
  op(...opcodes: number[]): this {
    for (const o of opcodes) this.out.byte(o);
    return this;
  }
  simd(opcode: number): this {
    this.out.byte(W_PREFIX_SIMD);
    this.out.u32(opcode);
    return this;
  }
  indexed(opcode: number, index: number): this {
    this.out.byte(opcode);
    this.out.u32(index);
    return this;
  }
  get(local: number): this {
    return this.indexed(W_LOCAL_GET, local);
  }
  set(local: number): this {
    return this.indexed(W_LOCAL_SET, local);
  }
  i32(value: number): this {
    this.out.byte(W_I32_CONST);
    this.out.s32(value);
    return this;
  }
  i64(low: number, high = low): this {
    this.out.byte(W_I64_CONST);
    this.out.s64(low | 0, high | 0);
    return this;
  }
  v128(bytes: Uint8Array): this {
    this.simd(SIMD.v128_const).out.raw(bytes);
    return this;
  }
  /** The memory immediate of a SIMD load or store. */
  at(offset: number): this {
    this.out.byte(0);
    this.out.u32(offset);
    return this;
  }
  take(): Uint8Array {
    this.out.byte(W_END);
    return this.out.take();
  }
}

function doubles(value: number): Uint8Array {
  return new Uint8Array(Float64Array.of(value, value).buffer);
}

/**
 * (a, b, c) -> a * b + c. The relaxed operation rounds once or twice, but always the same on one host: (1 + 2^-30)^2 - 1 tells
 * which. Where it rounds twice a helper computes.
 */
function fusedBody(relaxed: number, helper: string): FunctionOp["body"] {
  return (context) => {
    const A = 0, B = 1, C = 2, one = doubles(1 + 2 ** -30);
    const b = new Body();
    b.v128(one).v128(one).v128(doubles(-1)).simd(RELAXED_MADD_F64).simd(SIMD.extractF64).op(0);
    b.op(0x44).out.raw(doubles(2 ** -29).subarray(0, 8));
    b.op(OP.f64_ne, W_IF, V128);
    b.get(A).get(B).get(C).simd(relaxed);
    b.op(W_ELSE);
    [A, B, C].forEach((local, i) => b.i32(0).get(local).simd(SIMD.v128_store).at(STATE_SCRATCH + 16 * i));
    b.i32(0).i32(0).indexed(W_CALL, context.helper(helperNumber(helper))).op(W_DROP);
    b.i32(0).simd(SIMD.v128_load).at(STATE_SCRATCH);
    return b.op(W_END).take();
  };
}

/** (x) -> each byte looked up: sixteen rows of the table, of which the swizzle gives zero for all but one. */
function substitutionBody(table: Uint8Array): FunctionOp["body"] {
  return () => {
    const X = 0, SIXTEEN = new Uint8Array(16).fill(16);
    const b = new Body();
    for (let row = 0; row < 16; row++) {
      if (row > 0) b.get(X).v128(SIXTEEN).simd(SIMD.sub8).set(X);
      b.v128(table.subarray(row * 16, row * 16 + 16)).get(X).simd(SIMD.swizzle);
      if (row > 0) b.simd(SIMD.or);
    }
    return b.take();
  };
}

/**
 * (a, b) -> low 64 bits of the carry-less product: integer products of every fourth bit, whose carries fall into the holes
 * (Thomas Pornin, BearSSL, "ctmul64").
 */
function carrylessLowBody(): Uint8Array {
  const masks = [0x11111111, 0x22222222, 0x44444444, 0x88888888];
  const part = (operand: number, n: number) => 2 + operand * 4 + n;
  const b = new Body([8, I64]);
  for (const operand of [0, 1]) {
    masks.forEach((mask, n) => b.get(operand).i64(mask).op(OP.i64_and).set(part(operand, n)));
  }
  for (let z = 0; z < 4; z++) {
    for (let x = 0; x < 4; x++) {
      b.get(part(0, x)).get(part(1, (z - x) & 3)).op(OP.i64_mul);
      if (x > 0) b.op(OP.i64_xor);
    }
    b.i64(masks[z]).op(OP.i64_and);
    if (z > 0) b.op(OP.i64_or);
  }
  return b.take();
}

/** Steps of a bit reversal: which bits change places with those as far up. */
const REVERSAL: readonly (readonly [shift: number, mask: readonly [low: number, high: number]])[] = [
  [1, [0x55555555, 0x55555555]],
  [2, [0x33333333, 0x33333333]],
  [4, [0x0f0f0f0f, 0x0f0f0f0f]],
  [8, [0x00ff00ff, 0x00ff00ff]],
  [16, [0x0000ffff, 0x0000ffff]],
  [32, [-1, 0]],
];

function reverse(b: Body, local: number): void {
  for (const [shift, [low, high]] of REVERSAL) {
    b.get(local).i64(shift, 0).op(OP.i64_shr_u).i64(low, high).op(OP.i64_and);
    b.get(local).i64(low, high).op(OP.i64_and).i64(shift, 0).op(OP.i64_shl, OP.i64_or).set(local);
  }
}

/** (a, b) -> high 64 bits: the low ones of the reversed operands, reversed; the product has 127 bits. */
function carrylessHighBody({ operation }: FunctionContext): Uint8Array {
  const A = 0, B = 1;
  const b = new Body();
  reverse(b, A);
  reverse(b, B);
  b.get(A).get(B).indexed(W_CALL, operation(OP.i64_carryless_low)).set(A);
  reverse(b, A);
  return b.get(A).i64(1, 0).op(OP.i64_shr_u).take();
}

const THREE = [V128, V128, V128];

export const FUNCTION_OPS: readonly FunctionOp[] = [
  { op: OP.f32x4_fma, name: "fma_f32x4", params: THREE, result: V128, body: fusedBody(RELAXED_MADD_F32, "fma_f32x4") },
  { op: OP.f64x2_fma, name: "fma_f64x2", params: THREE, result: V128, body: fusedBody(RELAXED_MADD_F64, "fma_f64x2") },
  { op: OP.aes_substitute, name: "aes_sub", params: [V128], result: V128, body: substitutionBody(AES_SUBSTITUTE) },
  {
    op: OP.aes_substitute_back,
    name: "aes_sub_back",
    params: [V128],
    result: V128,
    body: substitutionBody(AES_SUBSTITUTE_BACK),
  },
  { op: OP.i64_carryless_low, name: "clmul_low", params: [I64, I64], result: I64, body: carrylessLowBody },
  { op: OP.i64_carryless_high, name: "clmul_high", params: [I64, I64], result: I64, body: carrylessHighBody },
];

/** Place of an operation in FUNCTION_OPS. */
export function functionOpNumber(op: number): number {
  return FUNCTION_OPS.findIndex((f) => f.op === op);
}
