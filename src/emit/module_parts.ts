/** What code modules and patch modules are made of alike: the types of functions, and imports by name. */
import { FUNCTION_OPS } from "./function_ops.ts";
import { WasmBytes } from "./bytes.ts";
import { REGION_PARAMS, REGION_RESULTS } from "./region_signature.ts";

/** Module and field names of imports; machine/wasm_machine.ts provides them. */
export const IMPORT = "m", HELPER = "h", FUSED = "fused";

// Type indices.
export const TYPE_REGION = 0; // that of regions (region_signature.ts)
export const TYPE_STOP = 1; // () -> i32
export const TYPE_MULHI = 2; // (i64, i64) -> i64
export const TYPE_RUN = 3; // (i32, i32) -> i32; also helpers

export const TYPE_START = 4; // () -> nothing
export const TYPE_LOOKUP = 5; // (i32) -> i32
export const TYPE_THROUGH = 6; // that of a region with a pc before it
export const TYPE_FUNCTION_OP = 7; // that of FUNCTION_OPS[0], and so on

const TYPES: readonly (readonly [params: readonly number[], results: readonly number[]])[] = [
  [REGION_PARAMS, REGION_RESULTS],
  [[], [0x7f]],
  [[0x7e, 0x7e], [0x7e]],
  [[0x7f, 0x7f], [0x7f]],
  [[], []],
  [[0x7f], [0x7f]],
  [[0x7f, ...REGION_PARAMS], REGION_RESULTS],
  ...FUNCTION_OPS.map(({ params, result }) => [params, [result]] as const),
];

export function typeSection(): WasmBytes {
  const s = new WasmBytes();
  s.u32(TYPES.length);
  for (const [params, results] of TYPES) {
    s.byte(0x60);
    s.u32(params.length);
    for (const p of params) s.byte(p);
    s.u32(results.length);
    for (const r of results) s.byte(r);
  }
  return s;
}

export class Imports {
  readonly #out = new WasmBytes();
  #count = 0;
  functions = 0;

  #head(module: string, name: string): void {
    this.#out.name(module);
    this.#out.name(name);
    this.#count++;
  }

  memory(name: string): void {
    this.#head(IMPORT, name);
    for (const b of [0x02, 0x00, 0x01]) this.#out.byte(b);
  }

  table(name: string): void {
    this.#head(IMPORT, name);
    for (const b of [0x01, 0x70, 0x00, 0x01]) this.#out.byte(b);
  }

  func(module: string, name: string, type: number): number {
    this.#head(module, name);
    this.#out.byte(0x00);
    this.#out.u32(type);
    return this.functions++;
  }

  /** The one global, which a code module exports. */
  fused(): void {
    this.#head(IMPORT, FUSED);
    for (const b of [0x03, 0x7f, 0x01]) this.#out.byte(b);
  }

  /**
   * What every module begins with: the memories, the table, and of the machine's functions those of these names; `miss` is what the
   * module's kind calls when it finds no code.
   */
  machine(miss: string): { syscall: number; fuel: number; miss: number } {
    this.memory("memory");
    this.memory("lookup");
    this.table("table");
    const syscall = this.func(IMPORT, "syscall", TYPE_STOP), fuel = this.func(IMPORT, "fuel", TYPE_STOP);
    return { syscall, fuel, miss: this.func(IMPORT, miss, TYPE_LOOKUP) };
  }

  section(): WasmBytes {
    const s = new WasmBytes();
    s.u32(this.#count);
    s.raw(this.#out.view());
    return s;
  }
}
