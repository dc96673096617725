/**
 * The inputs of instruction cases. They are not stored: everything follows from a case's seed and from its `given` line,
 * which says where each part of the state takes its values from, e.g. `rbx=200700 rcx=@count xmm=f32 mem=f32`.
 *
 * Changing the order of draws here invalidates tests/golden/cpu: run `deno task golden:cpu` afterwards.
 */
import { CODE_ADDRESSES, CpuState, GPR_NAMES, RFLAGS_MASK, WINDOW_BYTES } from "./cpu_state.ts";

/** Mulberry32: small, fast, the same everywhere. */
export class Random {
  constructor(private state: number) {}

  /** 32 random bits. */
  next(): number {
    let t = this.state = this.state + 0x6d2b79f5 | 0;
    t = Math.imul(t ^ t >>> 15, t | 1);
    t ^= t + Math.imul(t ^ t >>> 7, t | 61);
    return (t ^ t >>> 14) >>> 0;
  }

  below(limit: number): number {
    return this.next() % limit;
  }

  pick<T>(items: ArrayLike<T>): T {
    return items[this.below(items.length)];
  }
}

/** FNV-1a of a text: the seed of the cases of one form. */
export function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

const u32 = (...values: number[]) => Uint32Array.from(values);

const EDGES_64: readonly (readonly [lo: number, hi: number])[] = [
  [0, 0],
  [1, 0],
  [0xffffffff, 0xffffffff],
  [0, 0x80000000],
  [0xffffffff, 0x7fffffff],
  [0x80000000, 0],
  [0x7fffffff, 0],
  [0xffffffff, 0],
  [0x80000000, 0xffffffff],
  [0, 1],
  [0x55555555, 0x55555555],
  [0xaaaaaaaa, 0xaaaaaaaa],
  [0x8000, 0],
  [0x7fff, 0],
  [0xffff, 0],
  [0x80, 0],
  [0x7f, 0],
  [0xff, 0],
  [0xfffffffe, 0xffffffff],
  [0x10, 0],
];

const EDGES_F32 = u32(
  0x00000000,
  0x80000000,
  0x00000001, // smallest denormal
  0x80000001,
  0x007fffff, // largest denormal
  0x00800000, // smallest normal
  0x7f7fffff, // largest
  0xff7fffff,
  0x7f800000, // infinity
  0xff800000,
  0x7fc00000, // quiet NaN
  0xffc12345,
  0x7f812345, // signalling NaN
  0x3f800000, // 1
  0xbf800000,
  0x3f000000, // 0.5: a tie
  0xbf000000,
  0x3fc00000, // 1.5
  0x40200000, // 2.5
  0xc0200000,
  0x3effffff, // just below 0.5
  0x4b000001, // 2^23 + 1
  0x4b800001,
  0x4effffff, // just below 2^31
  0x4f000000, // 2^31
  0xcf000000,
  0xcf000001,
  0x5effffff,
  0x5f000000, // 2^63
  0xdf000000,
  0x5f800000, // 2^64
  0x2f000000,
  0x1f800000,
  0x42c80000, // 100
);

const EDGES_F64: readonly (readonly [lo: number, hi: number])[] = [
  [0, 0],
  [0, 0x80000000],
  [1, 0], // smallest denormal
  [1, 0x80000000],
  [0xffffffff, 0x000fffff], // largest denormal
  [0, 0x00100000], // smallest normal
  [0xffffffff, 0x7fefffff], // largest
  [0xffffffff, 0xffefffff],
  [0, 0x7ff00000], // infinity
  [0, 0xfff00000],
  [0, 0x7ff80000], // quiet NaN
  [0x12345678, 0xfff80000],
  [0x12345678, 0x7ff00000], // signalling NaN
  [0, 0x3ff00000], // 1
  [0, 0xbff00000],
  [0, 0x3fe00000], // 0.5: a tie
  [0, 0xbfe00000],
  [0, 0x3ff80000], // 1.5
  [0, 0x40040000], // 2.5
  [0, 0xc0040000],
  [0xffffffff, 0x3fdfffff], // just below 0.5
  [1, 0x43300000], // 2^52 + 1
  [1, 0x43400000],
  [0xffc00000, 0x41dfffff], // 2^31 - 1
  [0, 0x41e00000], // 2^31
  [0, 0xc1e00000],
  [0x00200000, 0xc1e00000], // -2^31 - 1
  [0xffe00000, 0x41dfffff], // 2^31 - 0.5
  [0, 0x43e00000], // 2^63
  [0, 0xc3e00000],
  [0xffffffff, 0x43dfffff], // just below 2^63
  [0, 0x43f00000], // 2^64
  [0xe0000000, 0x47efffff], // largest float
  [0xf0000000, 0x47efffff], // rounds to infinity as a float
  [0, 0x36a00000], // smallest float denormal
  [0x10000000, 0x3ff00000], // a tie when narrowed to float
  [0, 0x40590000], // 100
];

/** Sign and exponent, high and low half of the significand. */
const EDGES_F80: readonly (readonly [exponent: number, hi: number, lo: number])[] = [
  [0, 0, 0],
  [0x8000, 0, 0],
  [0, 0, 1], // smallest denormal
  [0, 0x7fffffff, 0xffffffff], // largest denormal
  [1, 0x80000000, 0], // smallest normal
  [0x7ffe, 0xffffffff, 0xffffffff], // largest
  [0x7fff, 0x80000000, 0], // infinity
  [0xffff, 0x80000000, 0],
  [0x7fff, 0xc0000000, 0], // quiet NaN
  [0xffff, 0xc1234567, 0x89abcdef],
  [0x7fff, 0x81234567, 0x89abcdef], // signalling NaN
  [0x3fff, 0x80000000, 0], // 1
  [0xbfff, 0x80000000, 0],
  [0x3ffe, 0x80000000, 0], // 0.5
  [0x3fff, 0xc0000000, 0], // 1.5
  [0x4000, 0xa0000000, 0], // 2.5
  [0xc000, 0xa0000000, 0],
  [0x4000, 0xc90fdaa2, 0x2168c235], // pi
  [0x3ffd, 0xffffffff, 0xffffffff], // just below 0.5
  [0x401d, 0xfffffffe, 0x00000000], // 2^31 - 1
  [0x401e, 0x80000000, 0], // 2^31
  [0xc01e, 0x80000000, 0],
  [0x400e, 0x80000000, 0], // 2^15
  [0x403d, 0xffffffff, 0xfffffffe], // 2^63 - 1
  [0x403e, 0x80000000, 0], // 2^63
  [0xc03e, 0x80000000, 0],
  [0x403e, 0x80000000, 1],
  [0x43fe, 0xffffffff, 0xfffff800], // largest double
  [0x43fe, 0xffffffff, 0xfffffc00], // rounds to infinity as a double
  [0x3c01, 0x80000000, 0], // smallest normal double
  [0x3bcd, 0x80000000, 0], // smallest denormal double
  [0x3fff, 0x80000000, 0x400], // a tie when narrowed to double
  [0x3fff, 0x80000080, 0], // a tie when narrowed to float
  [0x4005, 0xc8000000, 0], // 100
];

/** Writes one lane of `bytes` bytes. */
type Lane = (random: Random, view: DataView, offset: number) => void;

function writePair(view: DataView, offset: number, [lo, hi]: readonly [number, number]): void {
  view.setUint32(offset, lo, true);
  view.setUint32(offset + 4, hi, true);
}

/** A 64-bit integer: an edge, an edge of 32 bits under random high bits, a small one, or any. */
const int64: Lane = (random, view, offset) => {
  const kind = random.below(8);
  if (kind < 3) return writePair(view, offset, random.pick(EDGES_64));
  if (kind < 4) return writePair(view, offset, [random.pick(EDGES_64)[0], random.next()]);
  if (kind < 5) {
    const small = random.below(512) - 256;
    return writePair(view, offset, [small >>> 0, small < 0 ? 0xffffffff : 0]);
  }
  writePair(view, offset, [random.next(), random.next()]);
};

const EDGE_BYTES = [0, 1, 0x7f, 0x80, 0xff, 0x55];
const EDGE_WORDS = [0, 1, 0x7fff, 0x8000, 0xffff, 0x00ff, 0x0080, 0xff80];

/** Eight bytes of packed integers: edges of one lane size, or any. */
const packed: Lane = (random, view, offset) => {
  const kind = random.below(4);
  if (kind === 0) { for (let i = 0; i < 8; i++) view.setUint8(offset + i, random.pick(EDGE_BYTES)); }
  else if (kind === 1) { for (let i = 0; i < 8; i += 2) view.setUint16(offset + i, random.pick(EDGE_WORDS), true); }
  else if (kind === 2) writePair(view, offset, [random.pick(EDGES_64)[0], random.pick(EDGES_64)[0]]);
  else writePair(view, offset, [random.next(), random.next()]);
};

/** Eight bytes as packed shift counts: mostly small. */
const counts: Lane = (random, view, offset) =>
  writePair(view, offset, random.below(6) ? [random.pick(COUNTS), 0] : [random.next(), random.next()]);

/** Counts of shifts by lane: mostly small. */
const laneCounts: Lane = (random, view, offset) =>
  view.setUint32(offset, random.below(8) ? random.below(70) : random.next(), true);

/** Indices of gathers, of 4 or 8 bytes: small, of both signs. */
const index32: Lane = (random, view, offset) => view.setInt32(offset, random.below(32) - 8, true);
const index64: Lane = (random, view, offset) => view.setBigInt64(offset, BigInt(random.below(32) - 8), true);

const float32: Lane = (random, view, offset) => {
  const kind = random.below(8);
  let bits = random.pick(EDGES_F32);
  if (kind >= 7) bits = random.next();
  else if (kind >= 4) bits = (random.next() & 0x807fffff | 0x3c000000 + (random.below(18) << 23)) >>> 0;
  view.setUint32(offset, bits, true);
};

const float64: Lane = (random, view, offset) => {
  const kind = random.below(8);
  let pair = random.pick(EDGES_F64);
  if (kind >= 7) pair = [random.next(), random.next()];
  else if (kind >= 4) {
    pair = [random.next(), (random.next() & 0x800fffff | 0x3f000000 + (random.below(64) << 20)) >>> 0];
  }
  writePair(view, offset, pair);
};

const float80: Lane = (random, view, offset) => {
  const kind = random.below(8);
  let [exponent, hi, lo] = random.pick(EDGES_F80);
  if (kind >= 3) {
    exponent = random.next() & 0x8000 | (kind === 7 ? 1 + random.below(0x7ffd) : 0x3ff0 + random.below(40));
    hi = (random.next() | 0x80000000) >>> 0;
    lo = random.below(4) ? random.next() : 0;
  }
  writePair(view, offset, [lo, hi]);
  view.setUint16(offset + 8, exponent, true);
};

/** An 18-digit packed decimal. */
const decimal: Lane = (random, view, offset) => {
  for (let i = 0; i < 9; i++) view.setUint8(offset + i, random.below(10) << 4 | random.below(10));
  view.setUint8(offset + 9, random.pick([0, 0x80]));
};

/** Text from a small alphabet, so that comparisons and scans meet both outcomes. */
const text: Lane = (random, view, offset) => {
  for (let i = 0; i < 8; i++) view.setUint8(offset + i, random.pick([0x61, 0x61, 0x61, 0x62, 0x63, 0x41, 0x7a, 0x00]));
};

/** An address inside the code page. */
const codeAddress: Lane = (random, view, offset) => writePair(view, offset, [0x100900 + random.below(64) * 4, 0]);

/** 0 or 1, so that compare-and-exchange meets equal values. */
const bool: Lane = (random, view, offset) => writePair(view, offset, [random.below(2), 0]);

/** An RFLAGS image that changes nothing but the flags of RFLAGS_MASK. */
const flags: Lane = (random, view, offset) => writePair(view, offset, [random.next() & RFLAGS_MASK | 0x202, 0]);

/** MXCSR images; one in eight with a reserved bit. */
const mxcsr: Lane = (random, view, offset) =>
  writePair(view, offset, [random.below(8) ? random.next() & 0xffff : 0x11f80, 0]);

/** x87 control words. */
const controlWord: Lane = (random, view, offset) =>
  writePair(view, offset, [0x037f & ~0xf00 | random.next() & 0xf00, random.next()]);

const LANES: Record<string, { stride: number; write: Lane }> = {
  int: { stride: 8, write: int64 },
  packed: { stride: 8, write: packed },
  counts: { stride: 8, write: counts },
  lanecounts: { stride: 4, write: laneCounts },
  index32: { stride: 4, write: index32 },
  index64: { stride: 8, write: index64 },
  f32: { stride: 4, write: float32 },
  f64: { stride: 8, write: float64 },
  f80: { stride: 16, write: float80 },
  bcd: { stride: 16, write: decimal },
  text: { stride: 8, write: text },
  code: { stride: 8, write: codeAddress },
  bool: { stride: 8, write: bool },
  flags: { stride: 8, write: flags },
  mxcsr: { stride: 8, write: mxcsr },
  fcw: { stride: 8, write: controlWord },
};

const COUNTS = [0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 128, 255];

const LENGTH_EDGES = [
  0n,
  0x7fffffffn,
  0x80000000n,
  0xfffffffdn, // -3 in 32 bits, a large one in 64
  0x100000000n,
  0x100000005n, // 5 in 32 bits
  0x7fffffffffffffffn,
  0x8000000000000000n,
  0x8000000000000003n, // 3 in 32 bits
  0xffffffff00000000n, // 0 in 32 bits
  0xffffffff80000000n,
  0xffffffff00000007n, // 7 in 32 bits
];

/** Where a general register takes its value from; the result is unsigned 64-bit. */
const GPR_SOURCES: Record<string, (random: Random, any: bigint) => bigint> = {
  int: (_random, any) => any,
  /** Shift count in the low byte, garbage above. */
  count: (random, any) => any & ~0xffn | BigInt(random.pick(COUNTS)),
  /** A first bit and a number of bits (BEXTR), or a count, with garbage above. */
  control: (random, any) => any & ~0xffffn | BigInt(random.pick(COUNTS) | random.pick(COUNTS) << 8),
  /** Bit offset that stays near the operand. */
  bit: (random) => BigInt.asUintN(64, BigInt(random.below(1024) - 512)),
  /** Repetitions of a string instruction. */
  repeat: (random) => BigInt(random.below(6)),
  /** High half of a dividend that often does not overflow. */
  high: (random, any) => [0n, 0n, 0xffffffffffffffffn, 1n, any][random.below(5)],
  code: (random) => BigInt(random.pick(CODE_ADDRESSES)),
  stack: (random) => BigInt(random.pick([0x200800, 0x200838, 0x2007f4])),
  byte: (random) => BigInt(random.below(256)),
  bool: (random) => BigInt(random.below(2)),
  /** Explicit string lengths of pcmpestri: around 0..16, negative ones too; and what 32 and 64 bits of it tell apart. */
  length: (random) => random.below(4) ? BigInt.asUintN(64, BigInt(random.below(40) - 20)) : random.pick(LENGTH_EDGES),
  text: (random, any) => any & ~0xffn | BigInt(random.pick([0x61, 0x62, 0x63, 0x41, 0x7a, 0])),
};

const MXCSR_DEFAULT = 0x1f80;
const FCW_DEFAULT = 0x037f;

/** Parses a `given` line. */
function parseGiven(given: string): Map<string, string> {
  return new Map(given.split(" ").filter(Boolean).map((part) => part.split("=") as [string, string]));
}

/** The input of case number `index` of a form. */
export function makeInput(form: string, given: string, index: number): CpuState {
  const random = new Random(seedOf(`${form}|${given}|${index}`));
  const sources = parseGiven(given);
  const state = new CpuState();
  fillGprs(state, random, sources);
  state.rflags = random.next() & RFLAGS_MASK & (sources.get("df") === "any" ? ~0 : ~0x400);
  fillLanes(random, sources.get("xmm") ?? "packed", state, 16, (i) => state.xmm(i));
  const counted = sources.get("counts");
  if (counted !== undefined) fillLanes(random, "counts", state, 1, () => state.xmm(Number(counted)));
  fillUpperHalves(state, new Random(seedOf(`${form}|${given}|${index}|ymm`)), sources);
  fillX87(state, random, sources);
  state.mxcsr = sources.get("mxcsr") === "any" ? MXCSR_DEFAULT & ~0x6000 | random.below(4) << 13 : MXCSR_DEFAULT;
  if (sources.get("mxcsr") === "flush") state.mxcsr = MXCSR_DEFAULT | random.pick([0x8000, 0x0040, 0x8040]);
  fillWindow(state, random, sources.get("mem") ?? "int");
  return state;
}

function fillGprs(state: CpuState, random: Random, sources: Map<string, string>): void {
  for (let n = 0; n < 16; n++) {
    int64(random, state.view, n * 8);
    const source = sources.get(GPR_NAMES[n]) ?? (n === 4 ? "@stack" : "@int");
    const value = source.startsWith("@") ? GPR_SOURCES[source.slice(1)](random, state.gpr(n)) : BigInt(`0x${source}`);
    state.setGpr(n, value);
  }
}

function fillLanes(random: Random, kind: string, state: CpuState, count: number, register: (i: number) => Uint8Array) {
  const { stride, write } = LANES[kind];
  for (let i = 0; i < count; i++) {
    const start = register(i).byteOffset;
    for (let offset = 0; offset < 16; offset += stride) write(random, state.view, start + offset);
  }
}

/** The upper halves of the ymm registers; and registers of indices as a whole. They have draws of their own. */
function fillUpperHalves(state: CpuState, random: Random, sources: Map<string, string>): void {
  fillLanes(random, sources.get("xmm") ?? "packed", state, 16, (i) => state.ymmHigh(i));
  for (const kind of ["index32", "index64"]) {
    const register = sources.get(kind);
    if (register === undefined) continue;
    const n = Number(register);
    fillLanes(random, kind, state, 2, (i) => i === 0 ? state.xmm(n) : state.ymmHigh(n));
  }
}

/** Which of ST0..ST7 are in use, from the top: mostly room above and values below. */
function fillX87(state: CpuState, random: Random, sources: Map<string, string>): void {
  fillLanes(random, sources.get("x87") ?? "f80", state, 8, (i) => state.x87(i));
  const top = random.below(8);
  const depth = random.pick([4, 4, 4, 5, 6, 8, 8, 1, 0, 2]);
  let used = random.below(10) === 0 ? random.below(256) : (1 << depth) - 1;
  if (sources.get("depth") === "full") used = 0xff;
  state.fsw = top << 11 | random.below(16) % 8 << 8;
  state.ftw = (used << top | used << top >> 8) & 0xff;
  if (sources.get("fsw") === "any") state.fsw |= random.below(64);
  const fcw = sources.get("fcw");
  if (fcw === "trap") state.fcw = 0x40 | random.below(64) | random.pick([0, 2, 3]) << 8 | random.below(4) << 10;
  else state.fcw = fcw === "any" ? 0x007f | random.pick([0, 2, 3]) << 8 | random.below(4) << 10 : FCW_DEFAULT;
}

function fillWindow(state: CpuState, random: Random, kind: string): void {
  const { stride, write } = LANES[kind];
  const view = new DataView(state.window.buffer);
  for (let offset = 0; offset + 16 <= WINDOW_BYTES; offset += stride) write(random, view, offset);
}
