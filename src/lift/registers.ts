/**
 * State variables inside a block: each has a value number (`current`); it is read once, at first use, and written once, at the end
 * of the block. General and vector registers at their widths: values of 1 and 2 bytes are zero-extended i32, of 4 bytes i32, of 8
 * bytes i64.
 */
import { OP } from "../ir/ops.ts";
import { VAR_COUNT, VAR_GPR, VAR_XMM, VAR_YMM_HIGH } from "../ir/variables.ts";
import { STATE_YMM_HIGH } from "../machine/state.ts";
import { Builder } from "./builder.ts";

/** Numbers of vector registers beyond the xmm registers. */
export const UPPER_HALF = 16, XMM_TEMPORARY = 32;

/**
 * What all lifters use in turn, as there are tens of thousands: from begin() to the end of a block they are one's own. One more
 * than there are variables: XMM_TEMPORARY.
 */
const CURRENT = new Int32Array(VAR_COUNT + 1), DIRTY = new Uint8Array(VAR_COUNT + 1);
const WRITTEN_AT = new Int32Array(VAR_COUNT + 1);

export class Registers extends Builder {
  /** Bit r: the upper half of ymm register r is a variable of this region (see zeroUpper). */
  upperHalves = 0;
  /** Upper halves whose home this block has zeroed. */
  #zeroedUpper = 0;
  protected readonly current: Int32Array = CURRENT;
  protected readonly dirty: Uint8Array = DIRTY;
  /** Variables that have been dirty in this block, as two sets of 32; XMM_TEMPORARY may count as another. */
  protected changed = -1;
  protected changedHigh = -1;
  /** Operation of this block that wrote the variable last: values read before it are no longer what the variable has. */
  protected readonly writtenAt: Int32Array = WRITTEN_AT;
  /** Something may be in `writtenAt`. */
  #hasWritten = true;

  /** Nothing is known about the variables: a block begins. */
  protected forgetRegisters(): void {
    this.current.fill(-1);
    if ((this.changed | this.changedHigh) !== 0) this.dirty.fill(0);
    this.changed = this.changedHigh = 0;
    if (this.#hasWritten) this.writtenAt.fill(-1);
    this.#hasWritten = false;
    this.#zeroedUpper = 0;
  }

  /** An operation has written a variable, of which no value is pending any more. */
  protected noteWritten(variable: number, operation: number): void {
    this.writtenAt[variable] = operation;
    this.dirty[variable] = 0;
    this.#hasWritten = true;
  }

  getVar(variable: number): number {
    const v = this.current[variable];
    if (v >= 0) return v;
    return this.current[variable] = this.op(OP.getvar, variable);
  }

  setVar(variable: number, value: number): void {
    this.current[variable] = value;
    this.markDirty(variable);
  }

  protected markDirty(variable: number): void {
    this.dirty[variable] = 1;
    if (variable < 32) this.changed |= 1 << variable;
    else this.changedHigh |= 1 << (variable - 32);
  }

  gpr64(reg: number): number {
    return this.getVar(VAR_GPR + reg);
  }

  setGpr64(reg: number, value: number): void {
    this.setVar(VAR_GPR + reg, value);
  }

  /**
   * A vector register: xmm0..xmm15 are 0..15, the upper half of ymm register r is UPPER_HALF + r, XMM_TEMPORARY is there until
   * the block ends and has no home.
   */
  xmm(reg: number): number {
    this.#checkUpper(reg);
    return this.getVar(VAR_XMM + reg);
  }

  setXmm(reg: number, value: number): void {
    this.#checkUpper(reg);
    this.setVar(VAR_XMM + reg, value);
  }

  #checkUpper(reg: number): void {
    if (reg >= UPPER_HALF && reg < XMM_TEMPORARY && (this.upperHalves >> (reg - UPPER_HALF) & 1) === 0) {
      throw new Error(`the upper half of ymm${reg - UPPER_HALF} is no variable of this region`);
    }
  }

  /**
   * Zeros in the upper half of a ymm register. Where the region does nothing else with it, they go straight to its home: code
   * that uses xmm registers only would else carry zeros through loops and store them at each way out.
   */
  zeroUpper(reg: number): void {
    const bit = 1 << reg;
    if (this.upperHalves & bit) return this.setVar(VAR_YMM_HIGH + reg, this.v128(ZERO));
    if (this.#zeroedUpper & bit) return;
    this.#zeroedUpper |= bit;
    this.storeState(OP.v128_store, STATE_YMM_HIGH + 16 * reg, this.v128(ZERO));
  }

  /** Low part of a general register: 1 and 2 bytes zero-extended i32, 4 bytes i32, 8 bytes i64. */
  gpr(reg: number, bytes: number): number {
    if (bytes === 8) return this.gpr64(reg);
    return this.narrow(bytes, this.gprLow(reg, bytes));
  }

  /** As gpr() for up to 4 bytes, but with junk above the width. */
  gprLow(reg: number, bytes: number): number {
    const v = this.gpr64(reg);
    const { fn } = this;
    // A narrow write just before (see setGpr): setcc al; movzx eax, al.
    if (bytes < 4 && fn.op[v] === OP.i64_or && fn.op[fn.b[v]] === OP.i64_extend_i32_u) {
      const kept = fn.a[v];
      if (fn.op[kept] === OP.i64_and && this.isConst64(fn.b[kept]) && (fn.a[fn.b[kept]] & maskOf(bytes)) === 0) {
        return fn.a[fn.b[v]];
      }
    }
    return this.wrap(v);
  }

  /** Writes the low part: 4 bytes zero the upper half, 1 and 2 keep the rest. Narrow values may have junk above the width. */
  setGpr(reg: number, bytes: number, value: number): void {
    if (bytes === 8) return this.setGpr64(reg, value);
    if (bytes === 4) return this.setGpr64(reg, this.extendU(value));
    const mask = maskOf(bytes);
    const kept = this.and64(this.gpr64(reg), this.i64(~mask));
    this.setGpr64(reg, this.or64(kept, this.extendU(this.mask32(value, mask))));
  }

  /** AH, CH, DH, BH (reg 0..3). */
  gprHigh(reg: number): number {
    return this.mask32(this.op(OP.i32_shr_u, this.wrap(this.gpr64(reg)), this.i32(8)), 0xff);
  }

  setGprHigh(reg: number, value: number): void {
    const kept = this.and64(this.gpr64(reg), this.i64(~0xff00));
    const byte = this.shl32(this.mask32(value, 0xff), 8);
    this.setGpr64(reg, this.or64(kept, this.extendU(byte)));
  }

  /** Masks a value to 1 or 2 bytes; wider ones pass. */
  narrow(bytes: number, v: number): number {
    return bytes >= 4 ? v : this.mask32(v, maskOf(bytes));
  }

  /** Loads from / stores to a fixed offset of the state block with a given memory op (OP.i64_load, ...). */
  loadState(op: number, offset: number): number {
    return this.op(op, this.i32(0), offset);
  }

  storeState(op: number, offset: number, value: number): void {
    this.op(op, this.i32(0), value, offset);
  }
}

const ZERO = new Uint8Array(16);

/** Bits of a 1 or 2 byte value. */
export function maskOf(bytes: number): number {
  return bytes === 1 ? 0xff : 0xffff;
}
