/** The IR interpreter against the host's WebAssembly: every operation that is one, on edge and random operands. */
import { describe, expect, it } from "vitest";
import { END_EXIT, IrFunction } from "../src/ir/function.ts";
import { interpretRegion } from "../src/ir/interpret.ts";
import { KIND_PURE, KIND_TRAP, OP, OP_ARGS, OP_KIND, OP_RESULT, OP_TABLE, type OpName } from "../src/ir/ops.ts";
import { NO_CLIENT } from "../src/machine/no_client.ts";
import { PlainGuestMemory } from "../src/machine/guest_memory.ts";
import { STATE_FUEL, STATE_MXCSR } from "../src/machine/state.ts";
import { Random, seedOf } from "./support/cpu_values.ts";

/** Linear addresses: operand i at ARGUMENTS + 16 * i. */
const ARGUMENTS = 0x1000, RESULT = 0x1100;
const GUEST_END = 0x30000;
const CASES = 60;

/** By type letter: wasm's load and store. By TYPE_ number of a result: its letter. */
const LOADS: Record<string, number[]> = { i: [0x28], l: [0x29], f: [0x2a], d: [0x2b], v: [0xfd, 0x00] };
const STORES: Record<string, number[]> = { i: [0x36], l: [0x37], f: [0x38], d: [0x39], v: [0xfd, 0x0b] };
const LETTERS = ["-", "i", "l", "f", "d", "v"];
const IR_LOADS: Record<string, number> = {
  i: OP.i32_load,
  l: OP.i64_load,
  f: OP.f32_load,
  d: OP.f64_load,
  v: OP.v128_load,
};
const IR_STORES: Record<string, number> = {
  i: OP.i32_store,
  l: OP.i64_store,
  f: OP.f32_store,
  d: OP.f64_store,
  v: OP.v128_store,
};
const WASM_TYPES: Record<string, number> = { i: 0x7f, l: 0x7e, f: 0x7d, d: 0x7c, v: 0x7b };

function leb(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 0x80; value >>>= 7) bytes.push(value & 0x7f | 0x80);
  return [...bytes, value];
}

function signedLeb(value: number): number[] {
  const bytes: number[] = [];
  for (;;) {
    const byte = value & 0x7f;
    value >>= 7;
    if ((value === 0 && !(byte & 0x40)) || (value === -1 && byte & 0x40)) return [...bytes, byte];
    bytes.push(byte | 0x80);
  }
}

/** The wasm encoding of an operation, or null if it is ours alone. */
function encode(name: OpName, immediate: number[]): number[] | null {
  const code = OP[name];
  if (code < 0x100) return [code];
  if (code < 0x300) return [0xfd, ...leb(code - 0x100), ...immediate];
  if (code < 0x400) return [0xfc, ...leb(code - 0x300)];
  const selected = /^select_(i32|i64|f32|f64|v128)$/.exec(name);
  return selected === null ? null : [0x1c, 1, WASM_TYPES[LETTERS[OP_RESULT[code]]]];
}

const section = (id: number, body: number[]) => [id, ...leb(body.length), ...body];

/** A module whose `f` loads the operands, does the operation, and stores the result. */
function moduleOf(operation: number[], args: string, result: string): WebAssembly.Module {
  const constant = (value: number) => [0x41, ...signedLeb(value)];
  const loads = [...args].flatMap((letter, i) => [...constant(ARGUMENTS + 16 * i), ...LOADS[letter], 0, 0]);
  const code = [0, ...constant(RESULT), ...loads, ...operation, ...STORES[result], 0, 0, 0x0b];
  const text = (s: string) => [s.length, ...new TextEncoder().encode(s)];
  return new WebAssembly.Module(Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 0, 0]),
    ...section(2, [1, ...text("m"), ...text("m"), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text("f"), 0, 0]),
    ...section(10, [1, ...leb(code.length), ...code]),
  ]));
}

/** The same as IR. */
function regionOf(name: OpName, args: string, result: string): IrFunction {
  const fn = new IrFunction(0x100000);
  fn.newBlock(0x100000);
  const [a, b = -1, c = -1] = [...args].map((letter, i) => {
    const at = fn.add(OP.i32_const, ARGUMENTS + 16 * i, 0, 0, 0x100000);
    return fn.add(IR_LOADS[letter], at, 0, -1, 0x100000);
  });
  const v = fn.add(OP[name], a, b, c, 0x100000);
  const at = fn.add(OP.i32_const, RESULT, 0, 0, 0x100000);
  fn.add(IR_STORES[result], at, v, 0, 0x100000);
  Object.assign(fn.blocks[0], { end: fn.count, kind: END_EXIT, target: 0x200000 });
  return fn;
}

const EDGES_32 = [0, 1, 0xffffffff, 0x80000000, 0x7fffffff, 0x7f800000, 0xff800000, 0x3f800000, 0xbf800000, 0x4f000000];
const EDGES_HIGH = [0, 0x80000000, 0x7fffffff, 0xffffffff, 0x7ff00000, 0x3ff80000, 0xc0040000, 0x41e00000, 0x43e00000];

/** Operands: edges of the integers and floats, small numbers, anything. */
function fillOperands(random: Random, view: DataView): void {
  for (let at = 0; at < 48; at += 8) {
    const low = [random.pick(EDGES_32), random.next(), random.below(300), 0][random.below(4)];
    const high = [
      random.pick(EDGES_HIGH),
      random.pick(EDGES_32),
      random.next(),
      random.next() & 0x801fffff | 0x3fe00000,
    ];
    view.setUint32(ARGUMENTS + at, low, true);
    view.setUint32(ARGUMENTS + at + 4, high[random.below(4)], true);
  }
}

/** Immediates to try: lanes, or none. */
function immediates(name: OpName): number[][] {
  if (name === "i8x16_shuffle") return [[0, 17, 2, 31, 4, 4, 16, 7, 30, 9, 10, 11, 12, 13, 14, 15]];
  const shape = /^[if]\d+x(\d+)_(extract|replace)_lane/.exec(name);
  return shape === null ? [[]] : Array.from({ length: Number(shape[1]) }, (_, i) => [i]);
}

// What hosts may choose is no error: relaxed operations, and NaN bits (x64 chooses as we do, others need not).
const RELAXED = /relaxed/;

function isNan(view: DataView, at: number, bytes: number): boolean {
  return Number.isNaN(bytes === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true));
}

/** Hex of a result, NaN lanes of `lane` bytes as "nan". */
function show(view: DataView, bytes: number, lane: number): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes; at += lane || 4) {
    if (lane && isNan(view, RESULT + at, lane)) parts.push("nan");
    else for (let i = 0; i < (lane || 4); i += 4) parts.push(view.getUint32(RESULT + at + i, true).toString(16));
  }
  return parts.join(" ");
}

function check(name: OpName): void {
  const row = OP_TABLE[name], args = row[2].replaceAll("#", ""), result = row[1];
  const lane = /^f32/.test(name) ? 4 : /^f64/.test(name) ? 8 : 0;
  const bytes = result === "v" ? 16 : result === "l" || result === "d" ? 8 : 4;
  for (const immediate of immediates(name)) {
    const module = moduleOf(encode(name, immediate)!, args, result);
    const memory = new WebAssembly.Memory({ initial: 1 });
    const { f } = new WebAssembly.Instance(module, { m: { m: memory } }).exports as { f(): void };
    const host = new DataView(memory.buffer);
    const guest = new PlainGuestMemory(GUEST_END);
    guest.i32[STATE_MXCSR >> 2] = 0x1f80;
    const fn = regionOf(name, args, result);
    const v = fn.count - 3;
    if (name === "i8x16_shuffle") fn.c[v] = fn.constant(Uint8Array.from(immediate));
    else if (immediate.length > 0) fn[OP_ARGS[OP[name]].indexOf("#") === 1 ? "b" : "c"][v] = immediate[0];
    const client = NO_CLIENT;
    const random = new Random(seedOf(name));
    for (let i = 0; i < CASES; i++) {
      fillOperands(random, host);
      guest.u8.set(new Uint8Array(memory.buffer, ARGUMENTS, 48), ARGUMENTS);
      let trapped = false;
      try {
        f();
      } catch {
        trapped = true;
      }
      guest.i32[STATE_FUEL >> 2] = 10;
      const next = interpretRegion(fn, { memory: guest, client, helpers: [] }, 10);
      expect(next < 0, `${name} ${i} traps`).toBe(trapped);
      if (!trapped) expect(show(guest.view, bytes, lane), `${name} case ${i}`).toBe(show(host, bytes, lane));
    }
  }
}

describe("the interpreter computes what WebAssembly computes", () => {
  const groups = new Map<string, OpName[]>();
  for (const name of Object.keys(OP_TABLE) as OpName[]) {
    const kind = OP_KIND[OP[name]];
    if ((kind !== KIND_PURE && kind !== KIND_TRAP) || RELAXED.test(name) || encode(name, []) === null) continue;
    const group = name.slice(0, name.indexOf("_"));
    groups.set(group, [...groups.get(group) ?? [], name]);
  }
  for (const [group, names] of groups) it(group, () => names.forEach(check));
});
