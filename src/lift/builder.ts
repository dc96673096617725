import { IrFunction } from "../ir/function.ts";
import { OP } from "../ir/ops.ts";

/**
 * Makes IR operations, folding constants as they come: addresses, immediates and widths fold at birth, so no pass has to
 * walk them again. Rules here are never worse than what they replace and need no look-ahead.
 */
export class Builder {
  /** Guest address of the instruction being lifted: the origin of every operation made. */
  pc = 0;

  constructor(readonly fn: IrFunction) {}

  op(op: number, a = -1, b = -1, c = -1): number {
    return this.fn.add(op, a, b, c, this.pc);
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

  /** i32 `and` with a constant mask. */
  mask32(x: number, mask: number): number {
    const { fn } = this;
    if (mask === -1) return x;
    const op = fn.op[x];
    if (op === OP.i32_const) return this.i32(fn.a[x] & mask);
    if (op === OP.i32_load8_u && (mask & 0xff) === 0xff) return x;
    if (op === OP.i32_load16_u && (mask & 0xffff) === 0xffff) return x;
    if (op === OP.i32_and && fn.op[fn.b[x]] === OP.i32_const) {
      const inner = fn.a[fn.b[x]];
      if ((inner & mask) === inner) return x;
      return this.op(OP.i32_and, fn.a[x], this.i32(inner & mask));
    }
    return this.op(OP.i32_and, x, this.i32(mask));
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
    }
    return this.op(OP.i32_wrap_i64, x);
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
