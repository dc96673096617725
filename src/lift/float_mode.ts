/**
 * Floats under an MXCSR that a program has changed, in code made for that mode (machine/code_mode.ts). Denormals as zero and
 * flush to zero are a few operations around each one of arithmetic; directed rounding, which wasm has not, goes through a helper
 * that computes as the interpreter does.
 */
import { helperNumber } from "../ir/helpers.ts";
import { OP, OP_ARGS, OP_RESULT, type OpName, TYPE_F32, TYPE_F64, TYPE_V128 } from "../ir/ops.ts";
import { DENORMALS_ARE_ZERO, FLOAT_MODE, FLUSH_TO_ZERO, ROUNDING_CONTROL } from "../machine/code_mode.ts";
import { STATE_SCRATCH } from "../machine/state.ts";
import type { Builder } from "./builder.ts";

/** How a result is known to be too small for a normal number, before it is rounded to a denormal one. */
const NEVER = 0, BY_RESULT = 1, BY_SCALED = 2;

/** What an operation does with the modes. */
interface Row {
  /** Of its result. */
  flush: number;
  /** Its result is rounded. */
  rounds: boolean;
  /** Its operands are floats. */
  floats: boolean;
}

const ROWS: (Row | undefined)[] = [];

function rows(names: readonly string[], flush: number, rounds: boolean, floats = true): void {
  for (const name of names) ROWS[OP[name as OpName]] = { flush, rounds, floats };
}

const LANES = ["f32", "f64", "f32x4", "f64x2"];
const each = (...names: string[]) => names.flatMap((name) => LANES.map((lane) => `${lane}_${name}`));

rows(each("add", "sub"), BY_RESULT, true);
rows(each("mul", "div"), BY_SCALED, true);
rows(each("sqrt"), NEVER, true);
rows(["f32x4_fma", "f64x2_fma", "f32_demote_f64", "f32x4_demote_f64x2_zero"], BY_SCALED, true);
rows(["f32_convert_i32_s", "f32_convert_i64_s", "f64_convert_i64_s", "f32x4_convert_i32x4_s"], NEVER, true, false);
rows(each("eq", "ne", "lt", "gt", "le", "ge", "nearest", "floor", "ceil", "trunc"), NEVER, false);
rows(["f32x4_pmin", "f32x4_pmax", "f64x2_pmin", "f64x2_pmax"], NEVER, false);
rows(["f64_promote_f32", "f64x2_promote_low_f32x4"], NEVER, false);

/** A power of two that brings what is too small for a normal number among the normal ones, in either format. */
const SCALE = 2 ** 32;

/** Operations on one shape of floats: scalars or vectors, of 4 or of 8 bytes. */
interface Shape {
  bytes: 4 | 8;
  vector: boolean;
  abs: number;
  lt: number;
  mul: number;
  copysign: number;
  select: number;
}

const shape = (bytes: 4 | 8, vector: boolean, lane: string): Shape => ({
  bytes,
  vector,
  abs: OP[`${lane}_abs` as OpName],
  lt: OP[`${lane}_lt` as OpName],
  mul: OP[`${lane}_mul` as OpName],
  copysign: vector ? -1 : OP[`${lane}_copysign` as OpName],
  select: vector ? -1 : OP[`select_${lane}` as OpName],
});
const F32 = shape(4, false, "f32"), F64 = shape(8, false, "f64");
const F32X4 = shape(4, true, "f32x4"), F64X2 = shape(8, true, "f64x2");

/** Shapes of an operation's operands and of its result. */
function shapesOf(op: number): { operand: Shape; result: Shape } {
  switch (op) {
    case OP.f32_demote_f64:
      return { operand: F64, result: F32 };
    case OP.f64_promote_f32:
      return { operand: F32, result: F64 };
    case OP.f32x4_demote_f64x2_zero:
      return { operand: F64X2, result: F32X4 };
    case OP.f64x2_promote_low_f32x4:
      return { operand: F32X4, result: F64X2 };
  }
  const name = NAMES.get(op)!;
  const operand = name.startsWith("f32x4") ? F32X4 : name.startsWith("f64x2") ? F64X2 : name[1] === "3" ? F32 : F64;
  return { operand, result: operand };
}

const NAMES = new Map<number, string>(Object.entries(OP).map(([name, op]) => [op, name]));

/** The operation in the function's mode, or -1 if it is the same in all. Operands that are not there are -1. */
export function floatInMode(l: Builder, op: number, a: number, b: number, c: number): number {
  const row = ROWS[op], mode = l.fn.mode & FLOAT_MODE;
  if (row === undefined || mode === 0) return -1;
  if (mode & ROUNDING_CONTROL && row.rounds) return throughHelper(l, op, [a, b, c]);
  if (!row.floats) return -1;
  const { operand, result } = shapesOf(op);
  const operands = [a, b, c].map((v) => v >= 0 && mode & DENORMALS_ARE_ZERO ? zeroedDenormals(l, operand, v) : v);
  const r = l.plain(op, ...operands);
  if (row.flush === NEVER || (mode & FLUSH_TO_ZERO) === 0) return r;
  if (row.flush === BY_RESULT) return zeroedWhere(l, result, r, isBelow(l, result, r, least(result)));
  // One factor, the dividend, the addend: the result is as much larger, and rounded as if there were no least exponent.
  const scaled = operands.map((v, i) => v >= 0 && i !== 1 ? l.plain(operand.mul, v, constant(l, operand, SCALE)) : v);
  return zeroedWhere(l, result, r, isBelow(l, result, l.plain(op, ...scaled), least(result) * SCALE));
}

function least({ bytes }: Shape): number {
  return bytes === 4 ? 2 ** -126 : 2 ** -1022;
}

function bitsOf(bytes: number, value: number): [low: number, high: number] {
  const words = bytes === 4 ? [new Int32Array(Float32Array.of(value).buffer)[0], 0] : [];
  if (bytes === 8) words.push(...new Int32Array(Float64Array.of(value).buffer));
  return words as [number, number];
}

/** All lanes with these bits. */
function lanes(l: Builder, bytes: number, low: number, high: number): number {
  return l.v128(
    new Uint8Array((bytes === 4 ? Int32Array.of(low, low, low, low) : Int32Array.of(low, high, low, high)).buffer),
  );
}

function constant(l: Builder, { bytes, vector }: Shape, value: number): number {
  const [low, high] = bitsOf(bytes, value);
  if (vector) return lanes(l, bytes, low, high);
  return bytes === 4 ? l.plain(OP.f32_reinterpret_i32, l.i32(low)) : l.plain(OP.f64_reinterpret_i64, l.i64(low, high));
}

/** Where the magnitude is below a bound; false for NaN. */
function isBelow(l: Builder, s: Shape, x: number, bound: number): number {
  return l.plain(s.lt, l.plain(s.abs, x), constant(l, s, bound));
}

/** Zeros of the same sign where `which` says so. */
function zeroedWhere(l: Builder, s: Shape, x: number, which: number): number {
  if (!s.vector) return l.plain(s.select, l.plain(s.copysign, constant(l, s, 0), x), x, which);
  const sign = s.bytes === 4 ? lanes(l, 4, 0x80000000 | 0, 0) : lanes(l, 8, 0, 0x80000000 | 0);
  return l.plain(OP.v128_andnot, x, l.plain(OP.v128_andnot, which, sign));
}

function zeroedDenormals(l: Builder, s: Shape, x: number): number {
  return zeroedWhere(l, s, x, isBelow(l, s, x, least(s)));
}

const FLOAT_OPERATION = helperNumber("float_operation");
/** Operations on the scratch area by the letter of an argument. */
const STORES: Record<string, number> = {
  i: OP.i32_store,
  l: OP.i64_store,
  f: OP.f32_store,
  d: OP.f64_store,
  v: OP.v128_store,
};
const LOADS: Record<number, number> = { [TYPE_F32]: OP.f32_load, [TYPE_F64]: OP.f64_load, [TYPE_V128]: OP.v128_load };

function throughHelper(l: Builder, op: number, operands: number[]): number {
  const letters = OP_ARGS[op];
  for (let i = 0; i < letters.length; i++) {
    l.plain(STORES[letters[i]], l.i32(0), operands[i], STATE_SCRATCH + 16 * i);
  }
  l.plain(OP.helper, FLOAT_OPERATION, l.i32(op), -1);
  return l.plain(LOADS[OP_RESULT[op]], l.i32(0), STATE_SCRATCH);
}
