/** Gives a code module other function bodies, section by section: no region is made again for that. */
import { bug } from "../errors.ts";
import { u32Length, WasmBytes } from "./bytes.ts";
import { nameSection } from "./module.ts";
import {
  importedFunctions,
  readBodies,
  readSections,
  SECTION_CODE,
  SECTION_CUSTOM,
  SECTION_ELEMENT,
  SECTION_IMPORT,
} from "./wasm_sections.ts";

export interface ModuleChange {
  name: string;
  /** The body of the function with this index, in pieces, in place of the one it has. */
  body(index: number, body: Uint8Array): readonly Uint8Array[];
  /** Sections that become others: by default they stay. `hints` are those of branches; null for none. */
  imports?: (content: Uint8Array) => WasmBytes;
  elements?: (content: Uint8Array) => WasmBytes;
  hints: WasmBytes | null;
}

export interface RewrittenModule {
  wasm: Uint8Array<ArrayBuffer>;
  /** Where each body begins, and where it did before, from the first function that is not imported on. */
  bodies: Uint32Array;
  bodiesBefore: Uint32Array;
}

export function rewriteModule(wasm: Uint8Array, change: ModuleChange): RewrittenModule {
  const out = new WasmBytes(wasm.length + (wasm.length >> 3) + 1024);
  out.raw(wasm.subarray(0, 8));
  let code: Pick<RewrittenModule, "bodies" | "bodiesBefore"> | undefined;
  for (const { id, start, end } of readSections(wasm)) {
    const content = wasm.subarray(start, end);
    if (id === SECTION_CODE) {
      if (change.hints !== null) out.section(SECTION_CUSTOM, change.hints);
      code = writeBodies(out, wasm, change);
    } else if (id === SECTION_IMPORT && change.imports !== undefined) out.section(id, change.imports(content));
    else if (id === SECTION_ELEMENT && change.elements !== undefined) out.section(id, change.elements(content));
    else if (id !== SECTION_CUSTOM) out.section(id, copyOf(content));
  }
  if (code === undefined) throw bug("a code module without code");
  out.section(SECTION_CUSTOM, nameSection(change.name));
  return { wasm: out.take(), ...code };
}

function writeBodies(out: WasmBytes, wasm: Uint8Array, { body }: ModuleChange) {
  const spans = readBodies(wasm), imported = importedFunctions(wasm);
  const made = spans.map(({ start, end }, i) => body(imported + i, wasm.subarray(start, end)));
  const lengths = made.map((pieces) => pieces.reduce((n, piece) => n + piece.length, 0));
  out.byte(SECTION_CODE);
  out.u32(lengths.reduce((n, length) => n + u32Length(length) + length, u32Length(spans.length)));
  out.u32(spans.length);
  const bodies = new Uint32Array(spans.length), bodiesBefore = new Uint32Array(spans.length);
  for (let i = 0; i < spans.length; i++) {
    out.u32(lengths[i]);
    bodies[i] = out.length;
    bodiesBefore[i] = spans[i].start;
    for (const piece of made[i]) out.raw(piece);
  }
  return { bodies, bodiesBefore };
}

function copyOf(content: Uint8Array): WasmBytes {
  const copy = new WasmBytes(content.length);
  copy.raw(content);
  return copy;
}
