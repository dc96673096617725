/**
 * Masked moves and gathers: elements whose mask bit is clear are not accessed and cannot fault. They are read from, or written
 * to, the scratch area instead, which is always there.
 */
import { OP } from "../ir/ops.ts";
import { STATE_SCRATCH } from "../machine/state.ts";
import { type Operand, OPERAND_MEM } from "../x86/instruction.ts";
import { type Lift, type Lifter } from "./lifter.ts";
import { splat32, zero } from "./vector.ts";
import { half, halfValue, writeHalves } from "./vex.ts";

/** Operations on lanes of 4 and of 8 bytes. */
const LANES = {
  4: {
    count: 4,
    lessThan: OP.i32x4_lt_s,
    extract: OP.i32x4_extract_lane,
    replace: OP.i32x4_replace_lane,
    load: OP.i32_load,
    store: OP.i32_store,
  },
  8: {
    count: 2,
    lessThan: OP.i64x2_lt_s,
    extract: OP.i64x2_extract_lane,
    replace: OP.i64x2_replace_lane,
    load: OP.i64_load,
    store: OP.i64_store,
  },
};
type Size = 4 | 8;

/** All ones where the mask's sign is set. */
function chosen(l: Lifter, size: Size, mask: number): number {
  return l.op(LANES[size].lessThan, mask, zero(l));
}

/** `address` if the lane is chosen, else the scratch area's. */
function guarded(l: Lifter, size: Size, all: number, lane: number, address: number): number {
  const word = l.op(OP.i32x4_extract_lane, all, lane * (size / 4));
  return l.op(OP.select_i32, address, l.i32(STATE_SCRATCH), word);
}

function loadChosen(l: Lifter, size: Size, from: Operand, mask: number): number {
  const { count, replace, load } = LANES[size];
  const all = chosen(l, size, mask);
  let v = zero(l);
  for (let lane = 0; lane < count; lane++) {
    v = l.op(replace, v, l.op(load, guarded(l, size, all, lane, l.linear(from, lane * size)), 0), lane);
  }
  return l.op(OP.v128_and, v, all);
}

function storeChosen(l: Lifter, size: Size, to: Operand, mask: number, v: number): void {
  const { count, extract, store } = LANES[size];
  const all = chosen(l, size, mask);
  for (let lane = count - 1; lane >= 0; lane--) {
    const address = guarded(l, size, all, lane, l.linear(to, lane * size));
    l.op(store, address, l.op(extract, v, lane), 0);
  }
}

function maskedMove(size: Size): Lift {
  return (l) => {
    const [to, mask, from] = l.insn.operands;
    if (to.kind === OPERAND_MEM) {
      for (const upper of to.bytes === 32 ? [true, false] : [false]) {
        storeChosen(l, size, half(to, upper), halfValue(l, mask, upper), halfValue(l, from, upper));
      }
      return;
    }
    const part = (upper: boolean) => loadChosen(l, size, half(from, upper), halfValue(l, mask, upper));
    writeHalves(l, to, part(false), to.bytes === 32 ? part(true) : -1);
  };
}

/** Lane number `n` of a vector register of one or two halves. */
function lane(l: Lifter, size: Size, read: (upper: boolean) => number, n: number): number {
  const { count, extract } = LANES[size];
  return l.op(extract, read(n >= count), n % count);
}

/**
 * Elements of `size` bytes at base + index * scale, indices of `indexSize` bytes. What is not chosen stays as it was; the mask
 * register becomes zero.
 */
function gather(indexSize: Size, size: Size): Lift {
  return (l) => {
    const [to, memory, mask] = l.insn.operands;
    const { count, replace, load } = LANES[size];
    const elements = Math.min(to.bytes / size, memory.vectorIndexBytes / indexSize);
    const indexBase = memory.vectorIndex;
    const index = (upper: boolean) => l.xmm(indexBase + (upper ? 16 : 0));
    const base = l.linear(memory);
    const result: number[] = [];
    for (let first = 0; first < elements; first += count) {
      const upper = first > 0;
      const all = chosen(l, size, halfValue(l, mask, upper));
      let v = zero(l);
      for (let n = first; n < Math.min(first + count, elements); n++) {
        const wide = lane(l, indexSize, index, n);
        const offset = l.shl32(indexSize === 8 ? l.wrap(wide) : wide, memory.scaleLog2);
        const address = guarded(l, size, all, n - first, l.add32(offset, base));
        v = l.op(replace, v, l.op(load, address, 0), n - first);
      }
      result.push(l.op(OP.v128_bitselect, v, halfValue(l, to, upper), all));
    }
    // Two elements of four bytes: zeros above them.
    const [low, high] = result;
    const whole = elements * size < 16 ? l.op(OP.v128_and, low, lowHalfMask(l)) : low;
    writeHalves(l, to, whole, high ?? -1);
    l.setXmm(mask.reg, splat32(l, 0));
    l.zeroUpper(mask.reg);
  };
}

function lowHalfMask(l: Lifter): number {
  return l.v128(new Uint8Array(Int32Array.of(-1, -1, 0, 0).buffer));
}

export const avxMaskLifts: Record<string, Lift> = {
  vmaskmovps: maskedMove(4),
  vmaskmovpd: maskedMove(8),
  vpmaskmovd: maskedMove(4),
  vpmaskmovq: maskedMove(8),
  vpgatherdd: gather(4, 4),
  vpgatherdq: gather(4, 8),
  vpgatherqd: gather(8, 4),
  vpgatherqq: gather(8, 8),
  vgatherdps: gather(4, 4),
  vgatherdpd: gather(4, 8),
  vgatherqps: gather(8, 4),
  vgatherqpd: gather(8, 8),
};
