import { OP } from "../ir/ops.ts";
import { WasmBytes } from "./bytes.ts";
import {
  W_CALL,
  W_END,
  W_GLOBAL_GET,
  W_I32_CONST,
  W_I64_CONST,
  W_LOCAL_GET,
  W_LOCAL_SET,
  W_LOCAL_TEE,
  W_PREFIX_SIMD,
} from "./opcodes.ts";

const SIMD_V128_CONST = 0x0c;

/** Code of one function in readable pieces. */
export class Code {
  readonly out = new WasmBytes();
  op(...opcodes: number[]): this {
    for (const o of opcodes) this.out.byte(o);
    return this;
  }
  get(local: number): this {
    return this.indexed(W_LOCAL_GET, local);
  }
  set(local: number): this {
    return this.indexed(W_LOCAL_SET, local);
  }
  tee(local: number): this {
    return this.indexed(W_LOCAL_TEE, local);
  }
  globalGet(global: number): this {
    return this.indexed(W_GLOBAL_GET, global);
  }
  call(f: number): this {
    return this.indexed(W_CALL, f);
  }
  i32(v: number): this {
    this.out.byte(W_I32_CONST);
    this.out.s32(v);
    return this;
  }
  i64(low: number, high = low >> 31): this {
    this.out.byte(W_I64_CONST);
    this.out.s64(low | 0, high | 0);
    return this;
  }
  simd(opcode: number): this {
    this.out.byte(W_PREFIX_SIMD);
    this.out.u32(opcode);
    return this;
  }
  v128(bytes: Uint8Array): this {
    this.simd(SIMD_V128_CONST).out.raw(bytes);
    return this;
  }
  /** i32.load from memory 1. */
  lookupLoad(offset: number): this {
    this.out.byte(OP.i32_load);
    this.out.byte(0x42); // 4-byte alignment, memory index follows
    this.out.byte(1);
    this.out.u32(offset);
    return this;
  }
  i32Load(offset: number): this {
    this.out.byte(OP.i32_load);
    this.out.byte(2);
    this.out.u32(offset);
    return this;
  }
  i64Load(offset: number): this {
    this.out.byte(OP.i64_load);
    this.out.byte(3);
    this.out.u32(offset);
    return this;
  }
  i32Store(offset: number): this {
    this.out.byte(OP.i32_store);
    this.out.byte(2);
    this.out.u32(offset);
    return this;
  }
  /** An instruction with one index: of a local, a global, a function, a label. */
  indexed(opcode: number, index: number): this {
    this.out.byte(opcode);
    this.out.u32(index);
    return this;
  }
  /** The body with its locals: runs of [count, type code]. */
  body(...locals: [number, number][]): Uint8Array {
    const b = new WasmBytes();
    b.u32(locals.length);
    for (const [count, type] of locals) {
      b.u32(count);
      b.byte(type);
    }
    b.raw(this.out.view());
    b.byte(W_END);
    return b.take();
  }
}
