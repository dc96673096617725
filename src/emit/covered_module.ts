/** A module that notes which of its regions have been run: for training, which tells what a server has need of. */
import { OP } from "../ir/ops.ts";
import { WasmBytes } from "./bytes.ts";
import { Code } from "./code.ts";
import { plainLayout } from "./code_layout.ts";
import { rewriteModule, type RewrittenModule } from "./rewrite_module.ts";
import { readU32 } from "./wasm_sections.ts";

/** Module and field of the memory that has a byte for each region, 1 once it has been run. */
const COVERED = "covered", COVERED_MEMORY = "memory";

/** Memory 0 is the guest's, memory 1 the lookup. */
const COVERED_INDEX = 2;
/** Alignment 1, and the memory's index follows. */
const MEMARG_WITH_INDEX = 0x40;

const WASM_PAGE = 65536;

export interface CoveredModule extends RewrittenModule {
  /** How much further back than its body a region's code is. */
  noteLengths: Uint32Array;
}

/** The memory for a module of so many regions. */
export function coverageMemory(regions: number): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: Math.max(1, Math.ceil(regions / WASM_PAGE)) });
}

export function coveredModule(wasm: Uint8Array, name: string): CoveredModule {
  const first = plainLayout().firstRegion, lengths: number[] = [];
  const rewritten = rewriteModule(wasm, {
    name,
    body: (index, body) => {
      const note = index < first ? NO_NOTE : noteOf(index - first);
      lengths.push(note.length);
      if (note.length === 0) return [body];
      const code = localsEnd(body);
      return [body.subarray(0, code), note, body.subarray(code)];
    },
    imports: withMemory,
    hints: null,
  });
  return { ...rewritten, noteLengths: Uint32Array.from(lengths) };
}

const NO_NOTE = new Uint8Array(0);

/** Stores 1 for region i. */
function noteOf(i: number): Uint8Array {
  const { out } = new Code().i32(0).i32(1).op(OP.i32_store8, MEMARG_WITH_INDEX, COVERED_INDEX);
  out.u32(i);
  return out.take();
}

/** Where a body's code begins. */
function localsEnd(body: Uint8Array): number {
  let { value: runs, next: at } = readU32(body, 0);
  for (; runs > 0; runs--) at = readU32(body, at).next + 1;
  return at;
}

function withMemory(imports: Uint8Array): WasmBytes {
  const { value, next } = readU32(imports, 0), s = new WasmBytes(imports.length + 64);
  s.u32(value + 1);
  s.raw(imports.subarray(next));
  s.name(COVERED);
  s.name(COVERED_MEMORY);
  for (const b of [0x02, 0x00, 0x01]) s.byte(b);
  return s;
}
