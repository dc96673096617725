/**
 * Loads, stores, variables and helpers of the reference interpreter. Addresses are linear; an access that leaves the memory
 * throws DataView's RangeError before anything is written, which the driver turns into a fault.
 */
import { bug } from "../errors.ts";
import { type Exec, type Frame, OperationTrap } from "./frame.ts";
import { helperNumber, HELPERS } from "./helpers.ts";
import { type OpName, TYPE_I32, TYPE_I64 } from "./ops.ts";
import { VAR_HOME, VAR_TYPE } from "./variables.ts";
import { STOP_SEGV } from "../machine/state.ts";

const PROBE = helperNumber("probe"), ALLOWS = helperNumber("allows"), DENIED = helperNumber("denied");

const view = (f: Frame) => f.cpu.memory.view;
/** Effective address: base plus the immediate, without wrapping, as memarg.offset does it. */
const at = (f: Frame, base: number, offset: number) => f.u32[base * 4] + offset;

function put64(f: Frame, v: number, low: number, high: number): void {
  f.i32[v * 4] = low;
  f.i32[v * 4 + 1] = high;
}

function put128(f: Frame, v: number, a: number, b: number, c: number, d: number): void {
  put64(f, v, a, b);
  f.i32[v * 4 + 2] = c;
  f.i32[v * 4 + 3] = d;
}

const load32: Exec = (f, v, a, b) => {
  f.i32[v * 4] = view(f).getInt32(at(f, a, b), true);
};

const load64: Exec = (f, v, a, b) => {
  const memory = view(f), address = at(f, a, b);
  const high = memory.getInt32(address + 4, true);
  put64(f, v, memory.getInt32(address, true), high);
};

const store32: Exec = (f, _v, a, b, c) => {
  view(f).setInt32(at(f, a, c), f.i32[b * 4], true);
};

// The far half first: if it exists, so does the near one, and nothing is written before a fault.
const store64: Exec = (f, _v, a, b, c) => {
  const memory = view(f), address = at(f, a, c);
  memory.setInt32(address + 4, f.i32[b * 4 + 1], true);
  memory.setInt32(address, f.i32[b * 4], true);
};

const store16: Exec = (f, _v, a, b, c) => {
  view(f).setInt16(at(f, a, c), f.i32[b * 4], true);
};

const store8: Exec = (f, _v, a, b, c) => {
  view(f).setInt8(at(f, a, c), f.i32[b * 4]);
};

/** v128.load8x8_s and its five siblings: 8 bytes, each lane widened to twice its width. */
function loadExtend(read: (memory: DataView, address: number) => number, bytes: number): Exec {
  return (f, v, a, b) => {
    const memory = view(f), address = at(f, a, b);
    memory.getInt8(address + 7);
    for (let i = 0; i < 8 / bytes; i++) {
      const x = read(memory, address + i * bytes);
      if (bytes === 1) f.i16[v * 8 + i] = x;
      else if (bytes === 2) f.i32[v * 4 + i] = x;
      else f.i64[v * 2 + i] = BigInt(x);
    }
  };
}

const memoryOps: Partial<Record<OpName, Exec>> = {
  i32_load: load32,
  f32_load: load32,
  i64_load: load64,
  f64_load: load64,
  i32_load8_s: (f, v, a, b) => {
    f.i32[v * 4] = view(f).getInt8(at(f, a, b));
  },
  i32_load8_u: (f, v, a, b) => {
    f.i32[v * 4] = view(f).getUint8(at(f, a, b));
  },
  i32_load16_s: (f, v, a, b) => {
    f.i32[v * 4] = view(f).getInt16(at(f, a, b), true);
  },
  i32_load16_u: (f, v, a, b) => {
    f.i32[v * 4] = view(f).getUint16(at(f, a, b), true);
  },
  i64_load8_s: (f, v, a, b) => {
    const x = view(f).getInt8(at(f, a, b));
    put64(f, v, x, x >> 31);
  },
  i64_load8_u: (f, v, a, b) => put64(f, v, view(f).getUint8(at(f, a, b)), 0),
  i64_load16_s: (f, v, a, b) => {
    const x = view(f).getInt16(at(f, a, b), true);
    put64(f, v, x, x >> 31);
  },
  i64_load16_u: (f, v, a, b) => put64(f, v, view(f).getUint16(at(f, a, b), true), 0),
  i64_load32_s: (f, v, a, b) => {
    const x = view(f).getInt32(at(f, a, b), true);
    put64(f, v, x, x >> 31);
  },
  i64_load32_u: (f, v, a, b) => put64(f, v, view(f).getInt32(at(f, a, b), true), 0),
  i32_store: store32,
  f32_store: store32,
  i64_store32: store32,
  i64_store: store64,
  f64_store: store64,
  i32_store16: store16,
  i64_store16: store16,
  i32_store8: store8,
  i64_store8: store8,
  v128_load: (f, v, a, b) => {
    const memory = view(f), address = at(f, a, b);
    const last = memory.getInt32(address + 12, true);
    const [x, y, z] = [0, 4, 8].map((i) => memory.getInt32(address + i, true));
    put128(f, v, x, y, z, last);
  },
  v128_store: (f, _v, a, b, c) => {
    const memory = view(f), address = at(f, a, c);
    for (let i = 3; i >= 0; i--) memory.setInt32(address + i * 4, f.i32[b * 4 + i], true);
  },
  v128_load8x8_s: loadExtend((memory, address) => memory.getInt8(address), 1),
  v128_load8x8_u: loadExtend((memory, address) => memory.getUint8(address), 1),
  v128_load16x4_s: loadExtend((memory, address) => memory.getInt16(address, true), 2),
  v128_load16x4_u: loadExtend((memory, address) => memory.getUint16(address, true), 2),
  v128_load32x2_s: loadExtend((memory, address) => memory.getInt32(address, true), 4),
  v128_load32x2_u: loadExtend((memory, address) => memory.getUint32(address, true), 4),
  v128_load8_splat: (f, v, a, b) => {
    f.u8.fill(view(f).getUint8(at(f, a, b)), v * 16, v * 16 + 16);
  },
  v128_load16_splat: (f, v, a, b) => {
    f.u16.fill(view(f).getUint16(at(f, a, b), true), v * 8, v * 8 + 8);
  },
  v128_load32_splat: (f, v, a, b) => {
    f.i32.fill(view(f).getInt32(at(f, a, b), true), v * 4, v * 4 + 4);
  },
  v128_load64_splat: (f, v, a, b) => {
    f.i64.fill(view(f).getBigInt64(at(f, a, b), true), v * 2, v * 2 + 2);
  },
  v128_load32_zero: (f, v, a, b) => put128(f, v, view(f).getInt32(at(f, a, b), true), 0, 0, 0),
  v128_load64_zero: (f, v, a, b) => {
    f.i64[v * 2] = view(f).getBigInt64(at(f, a, b), true);
    f.i64[v * 2 + 1] = 0n;
  },
  // wasm's bulk operations check both ranges first and trap before they write.
  memory_copy: (f, _v, a, b, c) => {
    const { u8 } = f.cpu.memory;
    const to = f.u32[a * 4], from = f.u32[b * 4], bytes = f.u32[c * 4];
    if (Math.max(to, from) + bytes > u8.length) throw new RangeError("memory_copy out of bounds");
    u8.copyWithin(to, from, from + bytes);
  },
  memory_fill: (f, _v, a, b, c) => {
    const { u8 } = f.cpu.memory;
    const to = f.u32[a * 4], bytes = f.u32[c * 4];
    if (to + bytes > u8.length) throw new RangeError("memory_fill out of bounds");
    u8.fill(f.i32[b * 4] & 0xff, to, to + bytes);
  },
};

const stateOps: Partial<Record<OpName, Exec>> = {
  getvar: (f, v, a) => {
    const home = VAR_HOME[a] >> 2, words = f.cpu.memory.i32;
    f.i32[v * 4] = words[home];
    const type = VAR_TYPE[a];
    if (type === TYPE_I32) return;
    f.i32[v * 4 + 1] = words[home + 1];
    if (type === TYPE_I64) return;
    f.i32[v * 4 + 2] = words[home + 2];
    f.i32[v * 4 + 3] = words[home + 3];
  },
  setvar: (f, _v, a, b) => {
    const home = VAR_HOME[a] >> 2, words = f.cpu.memory.i32;
    words[home] = f.i32[b * 4];
    const type = VAR_TYPE[a];
    if (type === TYPE_I32) return;
    words[home + 1] = f.i32[b * 4 + 1];
    if (type === TYPE_I64) return;
    words[home + 2] = f.i32[b * 4 + 2];
    words[home + 3] = f.i32[b * 4 + 3];
  },
  helper: (f, v, a, b, c) => {
    const body = f.helpers[a];
    if (body === undefined) throw bug(`helper ${HELPERS[a]?.name ?? a} has no body`);
    f.i32[v * 4] = body(f.cpu, b < 0 ? 0 : f.i32[b * 4], c < 0 ? 0 : f.i32[c * 4]);
  },
  memory_bytes: (f, v) => {
    f.i32[v * 4] = f.cpu.memory.u8.length | 0;
  },
  prefetch: () => {},
  trap_if: (f, _v, a, b) => {
    if (f.i32[a * 4] !== 0) throw new OperationTrap(b);
  },
  check: (f, _v, a, b, c) => {
    const linear = f.i32[a * 4] + b | 0;
    if (f.helpers[ALLOWS]!(f.cpu, linear, c) !== 0) return;
    f.helpers[DENIED]!(f.cpu, linear, c);
    throw new OperationTrap(STOP_SEGV);
  },
  probe: (f, _v, a, b) => {
    if (f.helpers[PROBE]!(f.cpu, f.i32[a * 4], b) !== 0) throw new OperationTrap(STOP_SEGV);
  },
};

export const MEMORY_OPS: Partial<Record<OpName, Exec>> = { ...memoryOps, ...stateOps };
