/**
 * Makes a code module smaller with binaryen's wasm-opt: by 6 to 8 % of its bytes, in minutes rather than seconds. Compressed it
 * is larger, as equal code does not have equal locals any more (region_locals.ts).
 *
 * The module goes through in chunks: each is the whole module with all functions but the chunk's own emptied, so that every
 * index keeps its meaning and the bodies that come back can be put together again. Chunks can run at the same time, and none
 * needs much memory. Guest addresses travel as debug locations (see source_map.ts); passes that merge equal code from
 * different places would mix these up, so there are none of them here.
 */
import { bug } from "../errors.ts";
import { branchHintSection, NO_HINTS, readBranchHints } from "./branch_hints.ts";
import { WasmBytes } from "./bytes.ts";
import { nameSection, type RegionModule } from "./module.ts";
import { decodeSourceMap, encodeSourceMap } from "./source_map.ts";
import {
  type ByteSpan,
  importedFunctions,
  readBodies,
  readSections,
  readU32,
  SECTION_CODE,
  SECTION_CUSTOM,
  SECTION_TYPE,
  type WasmSection,
} from "./wasm_sections.ts";

/** Runs wasm-opt on a module with a source map; gives both back. */
export type RunWasmOpt = (
  wasm: Uint8Array,
  sourceMap: string,
  options: readonly string[],
) => Promise<{ wasm: Uint8Array; sourceMap: string }>;

/**
 * The few passes that make less of our code; docs/performance/size.md has what each of them and of the others does. None may merge
 * code (code-folding, duplicate functions) or work across functions (inlining, reordering).
 */
export const WASM_OPT_OPTIONS: readonly string[] = [
  "--enable-simd",
  "--enable-relaxed-simd",
  "--enable-tail-call",
  "--enable-bulk-memory",
  "--enable-multivalue",
  "--enable-multimemory",
  "--enable-threads",
  "--enable-sign-ext",
  "--enable-nontrapping-float-to-int",
  "--enable-mutable-globals",
  // Bodies go from one module to another. Types of blocks that it makes come behind those that there were.
  "--preserve-type-order",
  "--optimize-level=2",
  "--shrink-level=1",
  ..."simplify-locals-nostructure vacuum remove-unused-brs coalesce-locals vacuum merge-blocks reorder-locals"
    .split(" ").map((p) => `--${p}`),
];

/** Bytes of code a run of wasm-opt gets: it needs some hundred times as many of memory. */
const CHUNK_BYTES = 1 << 20;

/** What a function body is replaced with outside its chunk: no locals, unreachable. */
const EMPTY_BODY = Uint8Array.of(0, 0x00, 0x0b);

export interface OptimiseOptions {
  /** Runs of wasm-opt at the same time. */
  parallel: number;
  chunkBytes?: number;
  onProgress?: (done: number, all: number) => void;
}

/** Optimises a module; `name` is its name, as faults know it. */
export async function optimiseModule(
  name: string,
  module: RegionModule,
  run: RunWasmOpt,
  options: OptimiseOptions,
): Promise<RegionModule> {
  const bodies = readBodies(module.bytes), hints = hintsOf(module.bytes, bodies.length);
  const lines = new LineTable(module);
  const chunks = cutChunks(bodies, options.chunkBytes ?? CHUNK_BYTES);
  const results: ChunkResult[] = new Array(chunks.length);
  let next = 0, done = 0;
  const worker = async () => {
    while (next < chunks.length) {
      const i = next++;
      results[i] = await optimiseChunk(module, bodies, hints, chunks[i], lines, run);
      options.onProgress?.(++done, chunks.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.parallel, chunks.length) }, worker));
  return join(name, module, lines, results);
}

/** What traps belong to, guest address and site, by line number. */
class LineTable {
  readonly pcs: Uint32Array;
  readonly sites: Uint32Array;
  readonly #lineOf = new Map<number, number>();

  constructor({ trapPcs, trapSites }: RegionModule) {
    const keys = Float64Array.from(new Set(Array.from(trapPcs, (pc, i) => this.#key(pc, trapSites[i])))).sort();
    keys.forEach((key, line) => this.#lineOf.set(key, line));
    this.pcs = Uint32Array.from(keys, (key) => Math.floor(key / MOST_SITES));
    this.sites = Uint32Array.from(keys, (key) => key % MOST_SITES);
  }

  lineOf(pc: number, site: number): number {
    return this.#lineOf.get(this.#key(pc, site))!;
  }

  #key(pc: number, site: number): number {
    return pc * MOST_SITES + site;
  }
}

/** So that an address and a site fit a double. */
const MOST_SITES = 1 << 21;

/** Runs of functions: [first, end). */
function cutChunks(bodies: readonly ByteSpan[], limit: number): [first: number, end: number][] {
  const chunks: [number, number][] = [];
  let first = 0, bytes = 0;
  bodies.forEach(({ start, end }, i) => {
    if (bytes > 0 && bytes + end - start > limit) {
      chunks.push([first, i]);
      first = i;
      bytes = 0;
    }
    bytes += end - start;
  });
  if (bytes > 0) chunks.push([first, bodies.length]);
  return chunks;
}

interface ChunkResult {
  /** The optimised module, all functions but the chunk's own being empty. */
  wasm: Uint8Array;
  bodies: ByteSpan[];
  hints: Uint8Array[];
  first: number;
  end: number;
  /** Module offset -> line, ascending. */
  offsets: number[];
  lines: number[];
}

async function optimiseChunk(
  module: RegionModule,
  bodies: readonly ByteSpan[],
  hints: readonly Uint8Array[],
  [first, end]: [number, number],
  lines: LineTable,
  run: RunWasmOpt,
): Promise<ChunkResult> {
  const { bytes, trapOffsets, trapPcs, trapSites } = module;
  const kept = bodies.map(({ start, end: bodyEnd }, i) =>
    i >= first && i < end ? bytes.subarray(start, bodyEnd) : EMPTY_BODY
  );
  const { wasm, starts } = withBodies(bytes, kept, hints.map((h, i) => i >= first && i < end ? h : NO_HINTS));
  const offsets: number[] = [], ownLines: number[] = [];
  let trap = lowerBound(trapOffsets, bodies[first].start);
  for (let i = first; i < end; i++) {
    for (; trap < trapOffsets.length && trapOffsets[trap] < bodies[i].end; trap++) {
      offsets.push(trapOffsets[trap] - bodies[i].start + starts[i]);
      ownLines.push(lines.lineOf(trapPcs[trap], trapSites[trap]));
    }
  }
  const out = await run(wasm, encodeSourceMap({ offsets, lines: ownLines }), WASM_OPT_OPTIONS);
  const outBodies = readBodies(out.wasm);
  if (outBodies.length !== bodies.length) throw bug("wasm-opt changed the number of functions");
  const places = decodeSourceMap(out.sourceMap);
  const outHints = hintsOf(out.wasm, outBodies.length);
  const result: ChunkResult = {
    wasm: out.wasm,
    bodies: outBodies,
    hints: outHints,
    first,
    end,
    offsets: [],
    lines: [],
  };
  places.offsets.forEach((offset, i) => {
    const line = places.lines[i];
    if (line < 0 || offset < outBodies[first].start || offset >= outBodies[end - 1].end) return;
    if (result.lines.at(-1) === line) return;
    result.offsets.push(offset);
    result.lines.push(line);
  });
  return result;
}

/** The branch hints of all functions that have bodies. */
function hintsOf(wasm: Uint8Array, functions: number): Uint8Array[] {
  const first = importedFunctions(wasm), known = readBranchHints(wasm);
  return Array.from({ length: functions }, (_, i) => known.get(first + i) ?? NO_HINTS);
}

/** A module with other function bodies and their branch hints, without any other custom sections than a name. */
function withBodies(wasm: Uint8Array, bodies: readonly Uint8Array[], hints: readonly Uint8Array[], name?: string): {
  wasm: Uint8Array<ArrayBuffer>;
  /** Where each body starts. */
  starts: number[];
} {
  const out = new WasmBytes();
  out.raw(wasm.subarray(0, 8));
  const starts: number[] = [];
  for (const { id, start, end } of readSections(wasm)) {
    if (id === SECTION_CUSTOM) continue;
    const content = new WasmBytes();
    if (id === SECTION_CODE) {
      content.u32(bodies.length);
      for (const body of bodies) {
        content.u32(body.length);
        starts.push(content.length);
        content.raw(body);
      }
    } else content.raw(wasm.subarray(start, end));
    if (id === SECTION_CODE) {
      const section = branchHintSection(importedFunctions(wasm), hints);
      if (section !== null) out.section(SECTION_CUSTOM, section);
    }
    out.section(id, content);
    if (id === SECTION_CODE) { for (let i = 0; i < starts.length; i++) starts[i] += out.length - content.length; }
  }
  if (name !== undefined) out.section(SECTION_CUSTOM, nameSection(name));
  return { wasm: out.take(), starts };
}

/** Puts the chunks' functions together in the first one's module. */
function join(
  name: string,
  module: RegionModule,
  { pcs, sites }: LineTable,
  results: readonly ChunkResult[],
): RegionModule {
  const frame = results.reduce((a, b) => typesLength(b.wasm) > typesLength(a.wasm) ? b : a).wasm;
  for (const { wasm } of results) checkSameFrame(frame, wasm);
  // Own functions before the first region are in the first chunk.
  const bodies = results.flatMap(({ wasm, bodies, first, end }) =>
    bodies.slice(first, end).map((b) => wasm.subarray(b.start, b.end))
  );
  const hints = results.flatMap(({ hints, first, end }) => hints.slice(first, end));
  const { wasm, starts } = withBodies(frame, bodies, hints, name);
  const trapOffsets: number[] = [], trapLines: number[] = [];
  for (const { bodies, first, offsets, lines } of results) {
    let f = first;
    for (let i = 0; i < offsets.length; i++) {
      while (offsets[i] >= bodies[f].end) f++;
      trapOffsets.push(offsets[i] - bodies[f].start + starts[f]);
      trapLines.push(lines[i]);
    }
  }
  return {
    bytes: wasm,
    entries: module.entries,
    trapOffsets: Uint32Array.from(trapOffsets),
    trapPcs: Uint32Array.from(trapLines, (line) => pcs[line]),
    trapSites: Uint32Array.from(trapLines, (line) => sites[line]),
    sites: module.sites,
  };
}

/** What a section has; of types without their number. */
function contentOf(wasm: Uint8Array, { id, start, end }: WasmSection): Uint8Array {
  return wasm.subarray(id === SECTION_TYPE ? readU32(wasm, start).next : start, end);
}

/** Bytes that the types of a module take. */
function typesLength(wasm: Uint8Array): number {
  return contentOf(wasm, readSections(wasm).find(({ id }) => id === SECTION_TYPE)!).length;
}

/**
 * Bodies can move from a module into another only where everything around them is the same: imports, functions, tables, and the
 * types, of which the other one may have more behind them.
 */
function checkSameFrame(frame: Uint8Array, from: Uint8Array): void {
  const others = readSections(from);
  readSections(frame).forEach((section, i) => {
    const { id } = section, other = others[i];
    if (id === SECTION_CODE || id === SECTION_CUSTOM) return;
    const known = contentOf(frame, section), found = other?.id === id ? contentOf(from, other) : null;
    const isAsLong = found !== null && (id === SECTION_TYPE || found.length === known.length);
    if (!isAsLong || !found.every((byte, k) => byte === known[k])) {
      throw bug(`wasm-opt made different sections ${id} of the same module`);
    }
  });
}

function lowerBound(sorted: Uint32Array, value: number): number {
  let low = 0, high = sorted.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (sorted[mid] < value) low = mid + 1;
    else high = mid;
  }
  return low;
}
