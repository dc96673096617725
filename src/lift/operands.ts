/** Operands of the current instruction: addresses, loads and stores, what is read and written at which width. */
import { OP } from "../ir/ops.ts";
import { VAR_FSBASE, VAR_GSBASE } from "../ir/variables.ts";
import { GUEST_BIAS } from "../machine/state.ts";
import {
  Instruction,
  Operand,
  OPERAND_GPR,
  OPERAND_GPR8H,
  OPERAND_IMM,
  OPERAND_MEM,
  OPERAND_XMM,
  SEGMENT_FS,
  SEGMENT_NONE,
} from "../x86/instruction.ts";
import { FlagState } from "./flag_state.ts";
import { signExtend } from "./flags.ts";
import { maskOf } from "./registers.ts";
import { ValueMap } from "./value_map.ts";

/** Shared by all lifters, which are at work one after the other. */
const BASES_UP = new ValueMap(), BASES_DOWN = new ValueMap();

export class Operands extends FlagState {
  insn!: Instruction;
  /** Pointer (i32 value) -> base of accesses at and above it, or below it, in this block; and the offset of the last one. */
  readonly #basesUp = BASES_UP;
  readonly #basesDown = BASES_DOWN;
  #offset = 0;
  /** Linear addresses of the instruction's stores. */
  protected readonly storedAt: number[] = [];

  /** Nothing is known about addresses: a block begins. */
  protected forgetAddresses(): void {
    this.#basesUp.clear();
    this.#basesDown.clear();
    this.storedAt.length = 0;
  }

  /** Effective address of a memory operand as a linear address (i32): guest address minus GUEST_BIAS, plus `extra`. */
  linear(o: Operand, extra = 0): number {
    const k = o.disp + extra - GUEST_BIAS;
    return o.segment === SEGMENT_NONE ? this.#sum32(o, k) : this.add32(this.segmentBase(o.segment), this.#sum32(o, k));
  }

  /** Base of FS or GS, i32. */
  segmentBase(segment: number): number {
    return this.getVar(segment === SEGMENT_FS ? VAR_FSBASE : VAR_GSBASE);
  }

  /** Base + index + constant modulo 2^32; the constant comes last, where it folds with what else is added. */
  #sum32(o: Operand, constant: number): number {
    let k = constant;
    if (o.base < 0 && o.index < 0) return this.i32(k);
    // Constants that base and index carry (rsp after pushes) move into the last addend.
    const [index, indexOffset] = o.index < 0 ? [-1, 0] : this.splitConstant32(this.wrap(this.gpr64(o.index)));
    k += indexOffset << o.scaleLog2;
    const [base, baseOffset] = o.base < 0 ? [-1, 0] : this.splitConstant32(this.wrap(this.gpr64(o.base)));
    k += baseOffset;
    let sum = -1;
    if (index >= 0) sum = this.shl32(index, o.scaleLog2);
    if (base >= 0) sum = sum < 0 ? base : this.op(OP.i32_add, base, sum);
    return sum < 0 ? this.i32(k) : this.add32(sum, this.i32(k));
  }

  /** The offset part of a memory operand (no segment base) modulo 2^32. */
  effectiveAddress32(o: Operand): number {
    return this.#sum32(o, o.disp);
  }

  /** The offset part of a memory operand (no segment base) at the instruction's address size, as i64: what LEA gives. */
  effectiveAddress(o: Operand): number {
    if (this.insn.addressBytes === 4) return this.extendU(this.#sum32(o, o.disp));
    // disp of a rip-relative operand is an absolute guest address (unsigned); otherwise it is sign-extended.
    if (o.base < 0 && o.index < 0) return this.i64(o.disp, 0);
    let sum = -1;
    if (o.index >= 0) {
      const index = this.gpr64(o.index);
      sum = o.scaleLog2 ? this.op(OP.i64_shl, index, this.i64(o.scaleLog2)) : index;
    }
    if (o.base >= 0) sum = sum < 0 ? this.gpr64(o.base) : this.add64(this.gpr64(o.base), sum);
    return this.add64(sum, this.i64(o.disp));
  }

  /** Loads 1, 2 (zero-extended), 4, 8 or 16 bytes from a linear address. */
  load(bytes: number, linear: number): number {
    const base = this.#baseOf(linear);
    return this.op(LOAD_OF_BYTES[bytes], base, this.#offset);
  }

  store(bytes: number, linear: number, value: number): void {
    this.storedAt.push(linear);
    const base = this.#baseOf(linear);
    this.op(STORE_OF_BYTES[bytes], base, value, this.#offset);
  }

  /**
   * Splits a linear address into a base, shared by all accesses near the same pointer, and an immediate offset (#offset).
   * Immediate offsets do not wrap around at 4 GiB as additions do, so the base must not wrap where the address is valid: for
   * small offsets up from the pointer it is the pointer less GUEST_BIAS, for small ones down it lies NEAR bytes lower.
   * Nothing valid is so low that either goes below zero.
   */
  #baseOf(linear: number): number {
    const { fn } = this;
    this.#offset = 0;
    if (fn.op[linear] !== OP.i32_add || fn.op[fn.b[linear]] !== OP.i32_const) return linear;
    const pointer = fn.a[linear], k = fn.a[fn.b[linear]] + GUEST_BIAS;
    if (k < -NEAR || k >= NEAR) return linear;
    const bases = k >= 0 ? this.#basesUp : this.#basesDown;
    const below = k >= 0 ? 0 : NEAR;
    let base = bases.get(pointer);
    if (base < 0) bases.set(pointer, base = this.add32(pointer, this.i32(-GUEST_BIAS - below)));
    this.#offset = k + below;
    return base;
  }
  /**
   * Reads an operand at its own width. A memory operand's address is computed anew on each call: for read-modify-write take
   * `place()` once and use readPlace/writePlace.
   */
  read(o: Operand): number {
    switch (o.kind) {
      case OPERAND_GPR:
        return this.gpr(o.reg, o.bytes);
      case OPERAND_GPR8H:
        return this.gprHigh(o.reg);
      case OPERAND_XMM:
        return this.xmm(o.reg);
      case OPERAND_IMM:
        return o.bytes === 8 || this.insn.operandBytes === 8 ? this.i64(o.immLo, o.immHi) : this.i32(o.immLo);
      case OPERAND_MEM:
        return this.load(o.bytes, this.linear(o));
    }
    throw new Error(`operand kind ${o.kind} has no plain value`);
  }

  /** As readAs(), but 1 and 2 byte values may have junk above the width: for results of which only the low bits count. */
  readLow(o: Operand, bytes: number): number {
    return o.kind === OPERAND_GPR && bytes < 8 ? this.gprLow(o.reg, bytes) : this.readAs(o, bytes);
  }

  readLowPlace(o: Operand, place: number): number {
    return place >= 0 ? this.load(o.bytes, place) : this.readLow(o, o.bytes);
  }

  /** An immediate at a given width: i64 for 8 bytes, zero-extended i32 for 1 and 2, i32 for 4. */
  immediate(o: Operand, bytes: number): number {
    if (bytes === 8) return this.i64(o.immLo, o.immHi);
    return this.i32(bytes === 4 ? o.immLo : o.immLo & maskOf(bytes));
  }

  /** Reads a GPR/memory/immediate operand as a value of `bytes` width (immediates are cut or extended to it). */
  readAs(o: Operand, bytes: number): number {
    return o.kind === OPERAND_IMM ? this.immediate(o, bytes) : this.read(o);
  }

  write(o: Operand, value: number): void {
    switch (o.kind) {
      case OPERAND_GPR:
        return this.setGpr(o.reg, o.bytes, value);
      case OPERAND_GPR8H:
        return this.setGprHigh(o.reg, value);
      case OPERAND_XMM:
        return this.setXmm(o.reg, value);
      case OPERAND_MEM:
        return this.store(o.bytes, this.linear(o), value);
    }
    throw new Error(`operand kind ${o.kind} cannot be written`);
  }

  /** The linear address of a memory operand, or -1 for a register: for read-modify-write. */
  place(o: Operand): number {
    return o.kind === OPERAND_MEM ? this.linear(o) : -1;
  }

  readPlace(o: Operand, place: number): number {
    return place >= 0 ? this.load(o.bytes, place) : this.read(o);
  }

  writePlace(o: Operand, place: number, value: number): void {
    if (place >= 0) this.store(o.bytes, place, value);
    else this.write(o, value);
  }

  // ---- integer arithmetic at a width -----------------------------------------------------------------------------------

  /** A binary operation in i32 or i64 by width; results of 1 and 2 bytes may have junk above the width. */
  binary(op32: number, op64: number, bytes: number, a: number, b: number): number {
    return this.op(bytes === 8 ? op64 : op32, a, b);
  }
  /** Sign-extends a 1, 2 or 4 byte value (junk above allowed) within i32. */
  signExtend32(bytes: number, v: number): number {
    return signExtend(this, bytes, v);
  }

  add(bytes: number, a: number, b: number): number {
    return bytes === 8 ? this.add64(a, b) : this.add32(a, b);
  }

  sub(bytes: number, a: number, b: number): number {
    return bytes === 8 ? this.sub64(a, b) : this.sub32(a, b);
  }

  /** A small signed constant of the width's value type. */
  constant(bytes: number, value: number): number {
    return bytes === 8 ? this.i64(value) : this.i32(value);
  }

  /** ifTrue where the condition (i32) is not zero. */
  select(bytes: number, ifTrue: number, ifFalse: number, condition: number): number {
    return this.op(bytes === 8 ? OP.select_i64 : OP.select_i32, ifTrue, ifFalse, condition);
  }

  /** Zero constant of the width. */
  zero(bytes: number): number {
    return this.constant(bytes, 0);
  }
}

/** Reach of immediate offsets in both directions from a pointer. */
const NEAR = 4096;

const LOAD_OF_BYTES: Record<number, number> = {
  1: OP.i32_load8_u,
  2: OP.i32_load16_u,
  4: OP.i32_load,
  8: OP.i64_load,
  16: OP.v128_load,
};

const STORE_OF_BYTES: Record<number, number> = {
  1: OP.i32_store8,
  2: OP.i32_store16,
  4: OP.i32_store,
  8: OP.i64_store,
  16: OP.v128_store,
};
