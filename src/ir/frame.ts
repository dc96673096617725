import type { HelperBody, HelperCpu } from "../machine/helpers/types.ts";
import { STATE_MXCSR } from "../machine/state.ts";
import { FLOAT_MODE } from "../machine/code_mode.ts";

/**
 * The interpreter's working storage: one 16-byte slot per value of the region, holding the value's bits. Bits, not numbers:
 * a float that passes through a JavaScript number may lose its NaN payload, and an i64 would be a new BigInt each time.
 * Value v is i32[v * 4], i64[v * 2], u8[v * 16 ...], all in the little-endian order of wasm.
 */
export class Frame {
  i8!: Int8Array<ArrayBuffer>;
  u8!: Uint8Array<ArrayBuffer>;
  i16!: Int16Array<ArrayBuffer>;
  u16!: Uint16Array<ArrayBuffer>;
  i32!: Int32Array<ArrayBuffer>;
  u32!: Uint32Array<ArrayBuffer>;
  i64!: BigInt64Array<ArrayBuffer>;
  u64!: BigUint64Array<ArrayBuffer>;
  f32!: Float32Array<ArrayBuffer>;
  f64!: Float64Array<ArrayBuffer>;
  /** What the current region runs on. */
  cpu!: HelperCpu;
  /** Bodies by helper number. */
  helpers!: readonly (HelperBody | undefined)[];
  /** The constants of the current region. */
  pool!: readonly Uint8Array[];

  /** The bits of MXCSR that change the results of float arithmetic. */
  get floatMode(): number {
    return this.cpu.memory.i32[STATE_MXCSR >> 2] & FLOAT_MODE;
  }

  constructor() {
    this.#allocate(1024);
  }

  /** Makes room for the values of a region. */
  reserve(values: number): void {
    if (values * 16 > this.u8.length) this.#allocate(values * 2);
  }

  #allocate(values: number): void {
    const buffer = new ArrayBuffer(values * 16);
    this.i8 = new Int8Array(buffer);
    this.u8 = new Uint8Array(buffer);
    this.i16 = new Int16Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i64 = new BigInt64Array(buffer);
    this.u64 = new BigUint64Array(buffer);
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
  }
}

/** Runs one operation: reads the slots or immediates a, b, c and writes slot v. */
export type Exec = (f: Frame, v: number, a: number, b: number, c: number) => void;

/**
 * Thrown by an operation that traps: trap_if with its STOP_ reason, a division with STOP_DIVIDE. Memory operations throw the
 * RangeError of DataView instead.
 */
export class OperationTrap extends Error {
  constructor(readonly reason: number) {
    super("guest trap");
  }
}
