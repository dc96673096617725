/** Small functions are taken into their callers; what the guest sees stays the same. */
import { describe, expect, it } from "vitest";
import { WasmBytes } from "../emit/bytes.ts";
import { emptyBaseCode } from "../jit/base_code.ts";
import { JitCompiler } from "../jit/lazy_compiler.ts";
import { CodeLibrary, type FileCode } from "../machine/code_cache.ts";
import { NO_CLIENT } from "../machine/no_client.ts";
import { decodeResume } from "../machine/resume_table.ts";
import { GUEST_BIAS, RAX, RSP, STATE_GPR, STATE_RIP, STOP_BREAKPOINT } from "../machine/state.ts";
import { decodeTraps } from "../machine/trap_codec.ts";
import { WasmMachine } from "../machine/wasm_machine.ts";
import { DATA, END, programOf, STACK_TOP } from "./_program.ts";
import { translateProgram } from "./translate.ts";

type Program = ReturnType<typeof programOf>;

/** Runs a program until int3, with what else a machine has to compile; gives eax, and what was compiled besides. */
function run(program: Program, before: (machine: WasmMachine) => void = () => {}): { eax: number; misses: number[] } {
  const { name, wasm, entries, firstSlot, ...t } = translateProgram(program, { name: "app" });
  const [{ start, end }] = program.executable;
  const module = new WebAssembly.Module(wasm), resume = decodeResume(t.resume);
  const code: FileCode = { name, module, entries, firstSlot, resume, ...decodeTraps(t.traps), file: 1, start, end };
  const library = new CodeLibrary(emptyBaseCode(), entries.length, () => ({ code }));
  const machine = new WasmMachine({ library, compiler: new JitCompiler(), interpreter: null });
  machine.codeMapped(1, start, end);
  machine.memory.growTo(END);
  machine.memory.u8.set(program.u8);
  machine.client = { ...NO_CLIENT };
  machine.memory.i32[STATE_RIP >> 2] = program.labels.get("main")!;
  machine.memory.i32[(STATE_GPR + 8 * RSP) >> 2] = STACK_TOP - 64;
  before(machine);
  expect(machine.run()).toBe(STOP_BREAKPOINT);
  return { eax: machine.memory.i32[(STATE_GPR + 8 * RAX) >> 2], misses: [...machine.misses.keys()] };
}

/** How often a constant is in a program's module. */
function constants(program: Program, value: number): number {
  const out = new WasmBytes();
  out.s32(value);
  const { wasm } = translateProgram(program, { name: "app" });
  return Buffer.from(wasm).toString("latin1").split(Buffer.from(out.view()).toString("latin1")).length - 1;
}

describe("a small function that is called", () => {
  it("keeps its caller's registers, and gives its result", () => {
    // ebx = 5; eax = f(7) + ebx, where f(edi) = edi * 2 + 1, with rbx used inside.
    const program = programOf(`
      main: bb 05 00 00 00 bf 07 00 00 00 e8 @f 01 d8 cc
      f: 53 8d 1c 3f 8d 43 01 5b c3
    `);
    expect(run(program)).toEqual({ eax: 20, misses: [] });
  });

  it("may call others, which return into it", () => {
    // f(edi) = g(edi) + 1, g(edi) = h(edi) * 2, h(edi) = edi + 3
    const program = programOf(`
      main: bf 04 00 00 00 e8 @f cc
      f: e8 @g ff c0 c3
      g: e8 @h 01 c0 c3
      h: 8d 47 03 c3
    `);
    expect(run(program)).toEqual({ eax: 15, misses: [] });
  });

  it("may return elsewhere: the address on the stack counts", () => {
    // f skips the two bytes behind the call (mov al, 9).
    const program = programOf(`
      main: b8 01 00 00 00 e8 @f b0 09 83 c0 20 cc
      f: 48 83 04 24 02 c3
    `);
    expect(run(program).eax).toBe(0x21);
  });

  it("may end in a jump to another, which returns to the caller", () => {
    const program = programOf(`
      main: bf 04 00 00 00 e8 @f ff c0 cc
      f: 83 c7 0a e9 @g
      g: 8d 04 7f c3
    `);
    expect(run(program)).toEqual({ eax: 43, misses: [] });
  });

  it("may call itself", () => {
    // sum(edi) = edi < 1 ? 0 : edi + sum(edi - 1)
    const program = programOf(`
      main: bf 0a 00 00 00 e8 @sum cc
      sum: 31 c0 85 ff 74 0b 57 ff cf e8 @sum 5f 01 f8 c3 c3
    `);
    expect(run(program)).toEqual({ eax: 55, misses: [] });
  });
});

describe("a call through a word of memory", () => {
  // As through the linkage table: call stub, which jumps through DATA; then call through DATA itself.
  const callingThrough = (data: (string | number)[]) =>
    programOf(
      `
        main: e8 @stub 89 c3 ff 14 25 00 00 04 00 01 d8 cc
        stub: ff 24 25 00 00 04 00
        f: b8 21 43 65 07 c3
        g: b8 64 00 00 00 c3
        other: 0f 0b
      `,
      { data },
    );
  const program = callingThrough(["f", "g"]);

  it("goes to the function that the file has there", () =>
    expect(run(program)).toEqual({ eax: 2 * 0x07654321, misses: [] }));

  it("goes to another one if the word has been changed", () => {
    const change = ({ memory }: WasmMachine) => memory.i32[(DATA - GUEST_BIAS) >> 2] = program.labels.get("g")!;
    expect(run(program, change)).toEqual({ eax: 200, misses: [] });
  });

  it("has the function's code in place", () => {
    // f itself, and behind both calls; where the word is not known, f alone.
    expect(constants(program, 0x07654321)).toBe(3);
    expect(constants(callingThrough([0, "g", "f"]), 0x07654321)).toBe(1);
  });
});
