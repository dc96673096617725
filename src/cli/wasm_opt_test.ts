import { beforeAll, describe, expect, it } from "vitest";
import { readBranchHints } from "../emit/branch_hints.ts";
import type { RegionModule } from "../emit/module.ts";
import { W_BR_IF, W_IF } from "../emit/opcodes.ts";
import { optimiseModule } from "../emit/optimise.ts";
import { importedFunctions, readBodies, readU32 } from "../emit/wasm_sections.ts";
import { emptyBaseCode } from "../jit/base_code.ts";
import { CodeLibrary, type FileCode, FIRST_SLOT } from "../machine/code_cache.ts";
import { RAX, RDI, RSP, STATE_GPR, STATE_RIP, STOP_BREAKPOINT, STOP_DIVIDE, STOP_SEGV } from "../machine/state.ts";
import { noResume } from "../machine/resume_table.ts";
import { decodeTraps } from "../machine/trap_codec.ts";
import { WasmMachine } from "../machine/wasm_machine.ts";
import { END, programOf, STACK_TOP } from "../translate/_program.ts";
import { translateProgram } from "../translate/translate.ts";
import { runWasmOpt } from "./wasm_opt.ts";

// Functions with equal code, so that merging would show as a wrong address; a loop; every kind of fault; a fused product:
// (1 + 2^-23)^2 - (1 + 2^-22).
const program = programOf(
  `main:   ff d7 cc
   load:   90  loadAt: 8b 40 10  c3
   twin:   90  twinAt: 8b 40 10  c3
   store:  31 c9  storeAt: 89 08  c3
   divide: 31 d2 31 c9 b8 07 00 00 00  divideAt: f7 f1  c3
   trap:   85 c0  0f 84 @below  90  belowAt: 8b 00 c3  below: 31 d2  onlyHere: 8b 12 c3
   sum:    31 c0 b9 64 00 00 00  again: 01 c8 ff c9 75 fa c3
   fused:  b9 01 00 80 3f  c5 f9 6e c1  b9 02 00 80 bf  c5 f9 6e d1  c4 e2 79 a9 c2  c5 f9 7e c0  c5 f8 77  c3`,
  { data: ["load", "twin", "store", "divide", "trap", "sum", "fused"] },
);
const at = (name: string) => program.labels.get(name)!;

function run(code: RegionModule, name: string) {
  const [{ start, end }] = program.executable;
  const module = new WebAssembly.Module(code.bytes);
  const fileCode: FileCode = {
    name: "app",
    module,
    firstSlot: FIRST_SLOT,
    resume: noResume(),
    ...code,
    file: 1,
    start,
    end,
  };
  const machine = new WasmMachine({
    library: new CodeLibrary(emptyBaseCode(), code.entries.length, () => ({ code: fileCode })),
    compiler: null,
    interpreter: null,
  });
  machine.memory.growTo(END);
  machine.memory.u8.set(program.u8);
  machine.codeMapped(1, start, end);
  const words = machine.memory.i32;
  words[STATE_RIP >> 2] = at("main");
  words[(STATE_GPR + 8 * RSP) >> 2] = STACK_TOP - 64;
  words[(STATE_GPR + 8 * RDI) >> 2] = at(name);
  const stop = machine.run();
  return { stop, rip: words[STATE_RIP >> 2], rax: words[(STATE_GPR + 8 * RAX) >> 2] };
}

/** Where a function's hints are for, in its body. */
function offsetsOf(hints: Uint8Array): number[] {
  const { value: count, next } = readU32(hints, 0), offsets: number[] = [];
  for (let at = next; at < hints.length;) {
    const offset = readU32(hints, at);
    offsets.push(offset.value);
    at = offset.next + 2; // a length of one, and the hint
  }
  expect(offsets).toHaveLength(count);
  return offsets;
}

describe("a module through wasm-opt", () => {
  let before: RegionModule, after: RegionModule;
  beforeAll(async () => {
    const { wasm, entries, traps } = translateProgram(program, { name: "app", level: "x86-64-v3" });
    before = { bytes: wasm, entries, ...decodeTraps(traps) };
    // Small chunks, so that several are put together.
    after = await optimiseModule("app", before, runWasmOpt, { parallel: 2, chunkBytes: 300 });
  });

  it("is smaller", () => {
    expect(after.bytes.length).toBeLessThan(before.bytes.length);
  });

  it("keeps hints at its branches", () => {
    for (const { bytes } of [before, after]) {
      const bodies = readBodies(bytes), imported = importedFunctions(bytes);
      const hinted = [...readBranchHints(bytes)].flatMap(([index, hints]) =>
        offsetsOf(hints).map((offset) => bytes[bodies[index - imported].start + offset])
      );
      expect(hinted.length).toBeGreaterThan(0);
      for (const opcode of hinted) expect([W_IF, W_BR_IF]).toContain(opcode);
    }
  });

  it.each([
    ["load", "loadAt", STOP_SEGV],
    ["twin", "twinAt", STOP_SEGV],
    ["store", "storeAt", STOP_SEGV],
    ["divide", "divideAt", STOP_DIVIDE],
    ["trap", "onlyHere", STOP_SEGV],
  ])("faults in %s at the same instruction", (name, place, stop) => {
    expect(run(before, name)).toMatchObject({ stop, rip: at(place) });
    expect(run(after, name)).toMatchObject({ stop, rip: at(place) });
  });

  it("computes the same", () => {
    expect(run(before, "sum")).toMatchObject({ stop: STOP_BREAKPOINT, rax: 5050 });
    expect(run(after, "sum")).toEqual(run(before, "sum"));
    const leastBit = 0x28800000; // 2^-46
    expect(run(before, "fused")).toMatchObject({ stop: STOP_BREAKPOINT, rax: leastBit });
    expect(run(after, "fused")).toEqual(run(before, "fused"));
  });
});
