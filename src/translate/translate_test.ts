import { describe, expect, it } from "vitest";
import { emptyBaseCode } from "../jit/base_code.ts";
import { CodeLibrary, type FileCode } from "../machine/code_cache.ts";
import {
  RAX,
  RSP,
  STATE_GPR,
  STATE_RIP,
  STOP_BREAKPOINT,
  STOP_DIVIDE,
  STOP_SEGV,
  STOP_SYSCALL,
} from "../machine/state.ts";
import { noResume } from "../machine/resume_table.ts";
import { decodeTraps } from "../machine/trap_codec.ts";
import { WasmMachine } from "../machine/wasm_machine.ts";
import { DATA, END, programOf, RODATA, STACK_TOP } from "./_program.ts";
import { translateProgram, type Translation } from "./translate.ts";

type Program = ReturnType<typeof programOf>;

/** Runs translated code with nothing to fall back on: a miss is an error. */
function run(
  program: Program,
  translation: Translation,
  from = program.elfs[0].entry,
  registers: Record<number, number> = {},
) {
  const { name, wasm, entries, firstSlot, traps } = translation;
  const [{ start, end }] = program.executable;
  const module = new WebAssembly.Module(wasm);
  const code: FileCode = {
    name,
    module,
    entries,
    firstSlot,
    resume: noResume(),
    ...decodeTraps(traps),
    file: 1,
    start,
    end,
  };
  const machine = new WasmMachine({
    library: new CodeLibrary(emptyBaseCode(), entries.length, () => ({ code })),
    compiler: null,
    interpreter: null,
  });
  machine.memory.growTo(END);
  machine.memory.u8.set(program.u8);
  machine.codeMapped(1, start, end);
  const words = machine.memory.i32;
  words[STATE_RIP >> 2] = from;
  words[(STATE_GPR + 8 * RSP) >> 2] = STACK_TOP - 64;
  for (const [r, value] of Object.entries(registers)) words[(STATE_GPR + 8 * Number(r)) >> 2] = value;
  const stop = machine.run();
  return { stop, rax: words[(STATE_GPR + 8 * RAX) >> 2], rip: words[STATE_RIP >> 2], machine };
}

const translate = (program: Program, name = "app") => translateProgram(program, { name });

describe("translateProgram", () => {
  it("compiles what is reached by calls, jumps, and pointers in data and in code", () => {
    const program = programOf(
      `main:   bf 0a 00 00 00  e8 @sum
               48 c7 c7 =twice  ff d7
               ff 14 25 00 00 04 00
               e9 @end
       sum:    31 c0
       again:  01 f8  ff cf  75 fa  c3
       twice:  01 c0  c3
       third:  83 c0 05  c3
       end:    cc`,
      { data: ["third"] },
    );
    const { stop, rax } = run(program, translate(program));
    expect(stop).toBe(STOP_BREAKPOINT);
    expect(rax).toBe(115);
  });

  it("compiles the cases of a switch", () => {
    const program = programOf(
      `main: 83 ff 02  0f 87 @no  89 f8  ff 24 c5 00 00 03 00
       a: b8 01 00 00 00 cc  b: b8 02 00 00 00 cc  c: b8 03 00 00 00 cc  no: cc`,
      { rodata: ["a", "b", "c"] },
    );
    const { entries } = translate(program);
    expect(entries).toEqual([program.labels.get("main")]);
    expect(run(program, translate(program)).rax).toBe(1);
  });

  it("goes on behind a system call that blocked", () => {
    const program = programOf(`main: b8 27 00 00 00  0f 05  after: 83 c0 01  cc`);
    const translation = translate(program);
    const first = run(program, translation);
    expect(first.stop).toBe(STOP_SYSCALL);
    expect(first.rip).toBe(program.labels.get("after"));
    expect(first.machine.run()).toBe(STOP_BREAKPOINT);
    expect(first.machine.memory.i32[(STATE_GPR + 8 * RAX) >> 2]).toBe(0x28);
  });

  it("enters where the profile says", () => {
    const program = programOf(`main: b8 01 00 00 00  middle: 83 c0 01  cc`);
    const middle = program.labels.get("middle")!;
    const translation = translate({ ...program, profile: [middle] });
    expect(run(program, translation, middle).rax).toBe(1);
  });

  /** Adds 7 + 6 + ... + 1 to eax, edi times; `nops` is what makes it large. */
  const nestedLoops = (nops: string) =>
    programOf(
      `main: 31 c0  bf 05 00 00 00  ${nops}
       outer: be 07 00 00 00
       inner: 01 f0  ff ce  75 fa
       ff cf  75 f1  cc`,
    );
  const RSI = 6, RDI = 7;

  it("enters a function in the middle of its loops without repeating its code", () => {
    const program = nestedLoops("90 ".repeat(40));
    const [outer, inner] = ["outer", "inner"].map((label) => program.labels.get(label)!);
    const translation = translate({ ...program, profile: [outer, inner] });
    expect(translation.stats.instructions).toBe(translation.stats.uniqueInstructions);
    expect(run(program, translation).rax).toBe(5 * 28);
    expect(run(program, translation, outer, { [RDI]: 2 }).rax).toBe(2 * 28);
    expect(run(program, translation, inner, { [RDI]: 2, [RSI]: 3 }).rax).toBe(6 + 28);
  });

  it("adds an entry to a function that was made before it was known", () => {
    // What the profile says is no function, so it comes last, and jumps into a loop.
    const program = programOf(
      `main: e8 @first  cc
       first: 31 c0  bf 05 00 00 00 ${"90 ".repeat(40)} again: 01 f8  ff cf  75 fa  cc
       late: 31 c0  bf 03 00 00 00  e9 @again`,
    );
    const late = program.labels.get("late")!;
    const translation = translate({ ...program, profile: [late] });
    expect(translation.stats.instructions).toBe(translation.stats.uniqueInstructions);
    expect(run(program, translation).rax).toBe(15);
    expect(run(program, translation, late).rax).toBe(6);
  });

  it.each([1, 2, 3, 5])("cuts a function that is too large, into parts of %i instructions", (maxRegionInstructions) => {
    const program = nestedLoops("90 ".repeat(4));
    const translation = translateProgram(program, { name: "app", maxRegionInstructions });
    expect(run(program, translation).rax).toBe(5 * 28);
    expect(translation.stats.instructions).toBe(translation.stats.uniqueInstructions);
  });

  it("names the instruction that faults", () => {
    const load = programOf(`main: 31 c0  90  bad: 8b 40 10  cc`);
    expect(run(load, translate(load))).toMatchObject({ stop: STOP_SEGV, rip: load.labels.get("bad") });
    const divide = programOf(`main: 31 c9  31 d2  bad: f7 f1  cc`);
    expect(run(divide, translate(divide))).toMatchObject({ stop: STOP_DIVIDE, rip: divide.labels.get("bad") });
  });

  it("does not run on into the next function behind a call that never returns", () => {
    const program = programOf(
      `main: e8 @die  next: b8 01 00 00 00  c3   die: cc   user: e8 @next  cc`,
      { data: ["user"] },
    );
    expect(translate(program).stats).toMatchObject({ instructions: 6, uniqueInstructions: 6 });
  });

  it("hands flags on to code that is taken for a function", () => {
    const far = programOf(`main: 83 ff 00  e9 @middle  end: cc  middle: 0f 94 c0  0f b6 c0  cc`, { data: ["middle"] });
    expect(translate(far).entries).toContain(far.labels.get("middle"));
    expect(run(far, translate(far)).rax).toBe(1);
    const near = programOf(`main: 83 ff 00  90  middle: 90  89 c9  0f 94 c0  0f b6 c0  cc`, { data: ["middle"] });
    expect(translate(near).entries).toContain(near.labels.get("middle"));
    expect(run(near, translate(near)).rax).toBe(1);
  });

  it("gives the same bytes again", () => {
    const program = programOf(`main: e8 @f  cc  f: 89 f8  c3`);
    expect(translate(program)).toEqual({ ...translate(program), stats: expect.anything() });
  });

  it("reports instructions that it cannot run", () => {
    const program = programOf(`main: c5 f8 77  cc`);
    expect(translate(program).unsupported).toMatchObject([{
      mnemonic: "vzeroupper",
      count: 1,
      pc: program.labels.get("main"),
    }]);
    expect(translateProgram(program, { name: "app", level: "x86-64-v3" }).unsupported).toEqual([]);
  });

  it("leaves read-only data alone that only looks like code addresses", () => {
    const program = programOf(`main: 83 c0 01  c3`, { rodata: ["main", 0x20001, RODATA, DATA] });
    expect(translate(program).entries).toEqual([program.labels.get("main")]);
  });
});
