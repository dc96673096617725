import { IrFunction } from "../ir/function.ts";
import { OP } from "../ir/ops.ts";
import { MODE_CHECKED } from "../machine/code_mode.ts";
import { checkAccess } from "./access_check.ts";
import { floatInMode } from "./float_mode.ts";
import { ValueMap } from "./value_map.ts";

const LOW_HALVES = new ValueMap();

/** How many operations back possibleBits() looks. */
const MAX_LOOK = 4;

/**
 * Makes IR operations, folding constants as they come: addresses, immediates and widths fold at birth, so no pass has to
 * walk them again. Rules here are never worse than what they replace and need no look-ahead.
 */
export class Builder {
  /** Guest address of the instruction being lifted: the origin of every operation made. */
  pc = 0;

  /** i64 value -> its low half, inside the current block: addresses and 32-bit operands ask for the same ones again and again. */
  protected readonly lowHalves: ValueMap = LOW_HALVES;

  constructor(readonly fn: IrFunction) {}

  /** Adds an operation, as the mode of the function's code wants it. */
  op(op: number, a = -1, b = -1, c = -1): number {
    const { fn } = this;
    return fn.mode === 0 ? fn.add(op, a, b, c, this.pc) : this.#inMode(op, a, b, c);
  }

  /** Adds an operation as it is. */
  plain(op: number, a = -1, b = -1, c = -1): number {
    return this.fn.add(op, a, b, c, this.pc);
  }

  #inMode(op: number, a: number, b: number, c: number): number {
    if (this.fn.mode & MODE_CHECKED) checkAccess(this, op, a, b, c);
    const v = floatInMode(this, op, a, b, c);
    return v < 0 ? this.plain(op, a, b, c) : v;
  }

  i32(value: number): number {
    return this.fn.add(OP.i32_const, value | 0, 0, 0, this.pc);
  }

  /** An i64 constant from its halves; the high half defaults to the sign of the low one. */
  i64(low: number, high = (low | 0) >> 31): number {
    return this.fn.add(OP.i64_const, low | 0, high | 0, 0, this.pc);
  }

  v128(bytes: Uint8Array): number {
    return this.fn.add(OP.v128_const, this.fn.constant(bytes), 0, 0, this.pc);
  }

  isConst32(v: number): boolean {
    return this.fn.op[v] === OP.i32_const;
  }

  isConst64(v: number): boolean {
    return this.fn.op[v] === OP.i64_const;
  }

  /** i32_add with folding: constants fold, and x + c1 + c2 is x + (c1+c2). */
  add32(x: number, y: number): number {
    const { fn } = this;
    if (fn.op[x] === OP.i32_const) [x, y] = [y, x];
    if (fn.op[y] === OP.i32_const) {
      const k = fn.a[y];
      if (k === 0) return x;
      if (fn.op[x] === OP.i32_const) return this.i32(fn.a[x] + k);
      if (fn.op[x] === OP.i32_add && fn.op[fn.b[x]] === OP.i32_const) {
        return this.add32(fn.a[x], this.i32(fn.a[fn.b[x]] + k));
      }
    }
    return this.op(OP.i32_add, x, y);
  }

  /** v as value + constant; the value is -1 where v is a constant. */
  splitConstant32(v: number): readonly [value: number, constant: number] {
    const { fn } = this;
    if (fn.op[v] === OP.i32_const) return [-1, fn.a[v]];
    if (fn.op[v] === OP.i32_add && fn.op[fn.b[v]] === OP.i32_const) return [fn.a[v], fn.a[fn.b[v]]];
    return [v, 0];
  }

  /** i64_add with the same rules; constants of 64 bits. */
  add64(x: number, y: number): number {
    const { fn } = this;
    if (fn.op[x] === OP.i64_const) [x, y] = [y, x];
    if (fn.op[y] === OP.i64_const) {
      if (fn.a[y] === 0 && fn.b[y] === 0) return x;
      if (fn.op[x] === OP.i64_const) return this.#sum64(x, y);
      if (fn.op[x] === OP.i64_add && fn.op[fn.b[x]] === OP.i64_const) {
        return this.add64(fn.a[x], this.#sum64(fn.b[x], y));
      }
    }
    return this.op(OP.i64_add, x, y);
  }

  #sum64(x: number, y: number): number {
    const { a, b } = this.fn;
    const low = (a[x] >>> 0) + (a[y] >>> 0);
    return this.i64(low | 0, (b[x] + b[y] + (low > 0xffffffff ? 1 : 0)) | 0);
  }

  /** i32 `and` with a constant mask; nothing where the bits are known to be clear already. */
  mask32(x: number, mask: number): number {
    const { fn } = this;
    if (mask === -1) return x;
    if (fn.op[x] === OP.i32_const) return this.i32(fn.a[x] & mask);
    if ((this.possibleBits(x) & ~mask) === 0) return x;
    if (fn.op[x] === OP.i32_and && fn.op[fn.b[x]] === OP.i32_const) {
      return this.op(OP.i32_and, fn.a[x], this.i32(fn.a[fn.b[x]] & mask));
    }
    return this.op(OP.i32_and, x, this.i32(mask));
  }

  /** Bits of an i32 that may be set, as far as its operation and a few behind it tell. */
  possibleBits(x: number, depth = MAX_LOOK): number {
    const { op, a, b } = this.fn, kind = op[x];
    if (kind >= OP.i32_eqz && kind <= OP.f64_ge) return 1;
    switch (kind) {
      case OP.i32_load8_u:
        return 0xff;
      case OP.i32_load16_u:
        return 0xffff;
      case OP.i32_const:
        return a[x];
    }
    if (depth === 0) return -1;
    switch (kind) {
      case OP.i32_and:
        return this.possibleBits(a[x], depth - 1) & this.possibleBits(b[x], depth - 1);
      case OP.i32_or:
      case OP.i32_xor:
        return this.possibleBits(a[x], depth - 1) | this.possibleBits(b[x], depth - 1);
      case OP.i32_shr_u:
        return op[b[x]] === OP.i32_const ? this.possibleBits(a[x], depth - 1) >>> a[b[x]] : -1;
      case OP.i32_shl:
        return op[b[x]] === OP.i32_const ? this.possibleBits(a[x], depth - 1) << a[b[x]] : -1;
      case OP.select_i32:
        return this.possibleBits(a[x], depth - 1) | this.possibleBits(b[x], depth - 1);
    }
    return -1;
  }

  /** True if all bits that an i64 may have set are among those of the mask (its halves). */
  #isWithin64(x: number, low: number, high: number): boolean {
    const { op, a, b } = this.fn;
    switch (op[x]) {
      case OP.i64_const:
        return (a[x] & ~low) === 0 && (b[x] & ~high) === 0;
      case OP.i64_extend_i32_u:
        return (this.possibleBits(a[x]) & ~low) === 0;
      case OP.i64_and:
        return op[b[x]] === OP.i64_const && (a[b[x]] & ~low) === 0 && (b[b[x]] & ~high) === 0;
    }
    return false;
  }

  /** i64 `and`: with a constant, nothing is kept of what the mask or what wrote the value last has cleared. */
  and64(x: number, y: number): number {
    const { fn } = this, { op, a, b } = fn;
    if (op[y] !== OP.i64_const) return this.op(OP.i64_and, x, y);
    const low = a[y], high = b[y];
    if (op[x] === OP.i64_const) return this.i64(a[x] & low, b[x] & high);
    if (low === 0 && high === 0) return y;
    if (this.#isWithin64(x, low, high)) return x;
    if (this.#isWithin64(x, ~low, ~high)) return this.i64(0, 0);
    switch (op[x]) {
      case OP.i64_and:
        if (op[b[x]] === OP.i64_const) return this.and64(a[x], this.i64(a[b[x]] & low, b[b[x]] & high));
        break;
      case OP.i64_or:
        // A part of a register, written twice.
        if (this.#isWithin64(b[x], ~low, ~high)) return this.and64(a[x], y);
        if (this.#isWithin64(a[x], ~low, ~high)) return this.and64(b[x], y);
    }
    return this.op(OP.i64_and, x, y);
  }

  or64(x: number, y: number): number {
    const { fn } = this;
    if (fn.op[x] === OP.i64_const) {
      if (fn.op[y] === OP.i64_const) return this.i64(fn.a[x] | fn.a[y], fn.b[x] | fn.b[y]);
      if (fn.a[x] === 0 && fn.b[x] === 0) return y;
    }
    return this.op(OP.i64_or, x, y);
  }

  /** x - y; a constant y is added negated, so that chains of additions and subtractions fold. */
  sub32(x: number, y: number): number {
    const { fn } = this;
    if (fn.op[y] === OP.i32_const) return this.add32(x, this.i32(-fn.a[y]));
    return this.op(OP.i32_sub, x, y);
  }

  sub64(x: number, y: number): number {
    const { fn } = this;
    if (fn.op[y] !== OP.i64_const) return this.op(OP.i64_sub, x, y);
    const low = fn.a[y], high = fn.b[y];
    return this.add64(x, this.i64(-low, low === 0 ? -high : ~high));
  }

  isZero32(v: number): boolean {
    return this.isConst32(v) && this.fn.a[v] === 0;
  }

  isZero64(v: number): boolean {
    return this.isConst64(v) && this.fn.a[v] === 0 && this.fn.b[v] === 0;
  }

  /** Low 32 bits of an i64: looks through extensions, constants, and additions of constants. */
  wrap(x: number): number {
    const { fn } = this;
    switch (fn.op[x]) {
      case OP.i64_const:
        return this.i32(fn.a[x]);
      case OP.i64_extend_i32_u:
      case OP.i64_extend_i32_s:
        return fn.a[x];
      case OP.i64_add:
        if (fn.op[fn.b[x]] === OP.i64_const) return this.add32(this.wrap(fn.a[x]), this.i32(fn.a[fn.b[x]]));
        break;
      case OP.i64_or:
        if (this.#isPartWritten(x)) return this.#wrapParts(x);
    }
    let low = this.lowHalves.get(x);
    if (low < 0) this.lowHalves.set(x, low = this.op(OP.i32_wrap_i64, x));
    return low;
  }

  /** True for a register's value of which a part was written (Lifter.setGpr). */
  #isPartWritten(x: number): boolean {
    const { op, a, b } = this.fn, kept = a[x];
    return op[b[x]] === OP.i64_extend_i32_u && op[kept] === OP.i64_and && op[b[kept]] === OP.i64_const;
  }

  /** Its low half, without the whole, which mostly nobody wants any more. */
  #wrapParts(x: number): number {
    const { a, b } = this.fn, kept = a[x];
    let low = this.lowHalves.get(x);
    if (low >= 0) return low;
    low = this.op(OP.i32_or, this.mask32(this.wrap(a[kept]), a[b[kept]]), a[b[x]]);
    this.lowHalves.set(x, low);
    return low;
  }

  extendU(x: number): number {
    if (this.isConst32(x)) return this.i64(this.fn.a[x], 0);
    return this.op(OP.i64_extend_i32_u, x);
  }

  extendS(x: number): number {
    if (this.isConst32(x)) return this.i64(this.fn.a[x]);
    return this.op(OP.i64_extend_i32_s, x);
  }

  /** x << k for a constant k. */
  shl32(x: number, k: number): number {
    if (k === 0) return x;
    if (this.isConst32(x)) return this.i32(this.fn.a[x] << k);
    return this.op(OP.i32_shl, x, this.i32(k));
  }
}
