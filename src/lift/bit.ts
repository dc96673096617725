/** Bit tests, scans, counts and CRC-32C. */
import { OP } from "../ir/ops.ts";
import { FLAG_CF, FLAG_PF } from "../machine/state.ts";
import { type Operand, OPERAND_IMM, OPERAND_MEM } from "../x86/instruction.ts";
import type { Lift, Lifter } from "./lifter.ts";

const CF = 0, PF = 1;

/**
 * Where bit `offset` of a bit string in memory lies: a register's offset is signed and reaches beyond the operand, in steps
 * of the operand's size (SDM volume 1, 4.2.1 bit strings; volume 2, BT).
 */
function bitStringPlace(l: Lifter, base: Operand, offset: Operand): number {
  const bytes = base.bytes;
  const log2Bytes = bytes === 8 ? 3 : bytes === 4 ? 2 : 1;
  const unit = bytes === 8
    ? l.wrap(l.op(OP.i64_shr_s, l.read(offset), l.i64(6)))
    : l.op(OP.i32_shr_s, l.signExtend32(bytes, l.readLow(offset, bytes)), l.i32(log2Bytes + 3));
  return l.add32(l.shl32(unit, log2Bytes), l.linear(base));
}

/** Bit number modulo the width, of the width's type; 32 and 64 bits are reduced by the shift that uses it. */
function bitIndex(l: Lifter, bytes: number, offset: Operand): number {
  if (offset.kind === OPERAND_IMM) return l.constant(bytes, offset.immLo & (bytes * 8 - 1));
  return bytes === 2 ? l.mask32(l.readLow(offset, 2), 15) : l.read(offset);
}

type Change = (l: Lifter, bytes: number, v: number, index: number) => number;

function bitTest(change: Change | null): Lift {
  return (l) => {
    const [dst, offset] = l.insn.operands;
    const bytes = dst.bytes;
    const inMemory = dst.kind === OPERAND_MEM;
    const place = inMemory && offset.kind !== OPERAND_IMM ? bitStringPlace(l, dst, offset) : l.place(dst);
    const v = l.readLowPlace(dst, place);
    const index = bitIndex(l, bytes, offset);
    if (change !== null) l.writePlace(dst, place, change(l, bytes, v, index));
    // ZF stays; the others are undefined and stay too.
    if (!l.flagsWanted(FLAG_CF)) return;
    const shifted = l.binary(OP.i32_shr_u, OP.i64_shr_u, bytes, v, index);
    l.setFlag(CF, l.mask32(bytes === 8 ? l.wrap(shifted) : shifted, 1));
  };
}

function bitOf(l: Lifter, bytes: number, index: number): number {
  return l.binary(OP.i32_shl, OP.i64_shl, bytes, l.constant(bytes, 1), index);
}

const set: Change = (l, bytes, v, index) => l.binary(OP.i32_or, OP.i64_or, bytes, v, bitOf(l, bytes, index));
const complement: Change = (l, bytes, v, index) => l.binary(OP.i32_xor, OP.i64_xor, bytes, v, bitOf(l, bytes, index));
const reset: Change = (l, bytes, v, index) => {
  const mask = l.binary(OP.i32_rotl, OP.i64_rotl, bytes, l.constant(bytes, -2), index);
  return l.binary(OP.i32_and, OP.i64_and, bytes, v, mask);
};

/**
 * bsf and bsr. A source of zero sets ZF and leaves the destination as it was, all 64 bits of it: undefined in Intel's
 * manual, so on every CPU, and relied on.
 */
function scan(reverse: boolean): Lift {
  return (l) => {
    const [dst, src] = l.insn.operands;
    const bytes = dst.bytes;
    const wide = bytes === 8;
    const v = l.read(src);
    let found: number;
    if (reverse) {
      const zeros = l.op(wide ? OP.i64_clz : OP.i32_clz, v);
      found = l.binary(OP.i32_xor, OP.i64_xor, bytes, zeros, l.constant(bytes, wide ? 63 : 31));
    } else found = l.op(wide ? OP.i64_ctz : OP.i32_ctz, v);
    const kept = l.gpr64(dst.reg);
    l.setGpr(dst.reg, bytes, found);
    const isZero = l.op(wide ? OP.i64_eqz : OP.i32_eqz, v);
    l.setGpr64(dst.reg, l.op(OP.select_i64, kept, l.gpr64(dst.reg), isZero));
    // ZF tells of the source; the other flags are undefined.
    l.flagsFromLogic(bytes, v);
  };
}

const popcnt: Lift = (l) => {
  const [dst, src] = l.insn.operands;
  const bytes = dst.bytes;
  const count = l.op(bytes === 8 ? OP.i64_popcnt : OP.i32_popcnt, l.read(src));
  l.write(dst, count);
  // ZF of the count is ZF of the source; all others are cleared.
  l.flagsFromLogic(bytes, count);
  if (l.flagsWanted(FLAG_PF)) l.setFlag(PF, l.i32(0));
};

const CRC_HELPERS: Record<number, string> = { 1: "crc32b", 2: "crc32w", 4: "crc32d" };

const crc32: Lift = (l) => {
  const [dst, src] = l.insn.operands;
  const seed = l.gprLow(dst.reg, 4);
  const data = l.read(src);
  let crc: number;
  if (src.bytes === 8) {
    const high = l.wrap(l.op(OP.i64_shr_u, data, l.i64(32)));
    crc = l.helper("crc32d", l.helper("crc32d", seed, l.wrap(data)), high);
  } else crc = l.helper(CRC_HELPERS[src.bytes], seed, data);
  l.setGpr(dst.reg, 4, crc);
};

export const bitLifts: Record<string, Lift> = {
  bt: bitTest(null),
  bts: bitTest(set),
  btr: bitTest(reset),
  btc: bitTest(complement),
  bsf: scan(false),
  bsr: scan(true),
  popcnt,
  crc32,
};
