/** Tasks that are stopped at every system call and every turn of a loop go on in compiled code, without entries of their own. */
import { describe, expect, it } from "vitest";
import { emptyBaseCode } from "../jit/base_code.ts";
import { JitCompiler } from "../jit/lazy_compiler.ts";
import { CodeLibrary, type FileCode } from "../machine/code_cache.ts";
import { NO_CLIENT } from "../machine/no_client.ts";
import { decodeResume, encodeResume, resumeRow } from "../machine/resume_table.ts";
import {
  RAX,
  RSI,
  RSP,
  STATE_FUEL,
  STATE_GPR,
  STATE_RIP,
  STOP_BREAKPOINT,
  STOP_SYSCALL,
  STOP_YIELD,
} from "../machine/state.ts";
import { decodeTraps } from "../machine/trap_codec.ts";
import { WasmMachine } from "../machine/wasm_machine.ts";
import { END, programOf, STACK_TOP } from "./_program.ts";
import { translateProgram } from "./translate.ts";

/** Three levels of calls around a system call and a loop; what it does ends up in esi. */
const program = programOf(`
  main: bf 03 00 00 00 e8 @outer cc
  outer: 53 89 fb
  turn: e8 @middle ff cb 0f 85 @turn 5b c3
  middle: 41 54 41 bc 02 00 00 00 bd =sum
  twice: e8 @ask 01 c6 ff d5 41 ff cc 0f 85 @twice 41 5c c3
  ask: b8 27 00 00 00 0f 05 69 f6 1f 00 00 00 83 c0 01 c3
  sum: b9 05 00 00 00
  add: 01 ce d1 c6 ff c9 0f 85 @add c3
`);
const SYSCALLS = 6;

/** A machine with nothing but the translated program: a place that cannot be gone on at is an error. */
function machineOf(program: ReturnType<typeof programOf>, maxRegionInstructions?: number): WasmMachine {
  const { name, wasm, entries, firstSlot, ...t } = translateProgram(program, {
    name: "app",
    ...(maxRegionInstructions === undefined ? {} : { maxRegionInstructions }),
  });
  const [{ start, end }] = program.executable;
  const module = new WebAssembly.Module(wasm), resume = decodeResume(t.resume);
  const code: FileCode = { name, module, entries, firstSlot, resume, ...decodeTraps(t.traps), file: 1, start, end };
  const library = new CodeLibrary(emptyBaseCode(), entries.length, () => ({ code }));
  const machine = new WasmMachine({ library, compiler: null, interpreter: null });
  machine.codeMapped(1, start, end);
  return machine;
}

/** Runs to the end, stopping as often as it can if asked to; gives esi and the stops. */
function run(machine: WasmMachine, stopping: boolean): { esi: number; syscalls: number; yields: number } {
  machine.memory.growTo(END);
  machine.memory.u8.set(program.u8);
  const word = (at: number, value: number) => machine.memory.i32[at >> 2] = value;
  let asked = 0;
  machine.client = {
    ...NO_CLIENT,
    syscall() {
      word(STATE_GPR + 8 * RAX, 7 * ++asked);
      return stopping ? 1 : 0;
    },
    wantsYield: () => stopping,
  };
  word(STATE_RIP, program.labels.get("main")!);
  word(STATE_GPR + 8 * RSP, STACK_TOP - 64);
  word(STATE_GPR + 8 * RSI, 1);
  const stops = { syscalls: 0, yields: 0 };
  for (let n = 0; n < 1000; n++) {
    // One for the loop that goes on, one for the next.
    word(STATE_FUEL, 2);
    const stop = machine.run();
    if (stop === STOP_BREAKPOINT) return { esi: machine.memory.i32[(STATE_GPR + 8 * RSI) >> 2], ...stops };
    if (stop === STOP_SYSCALL) stops.syscalls++;
    else if (stop === STOP_YIELD) stops.yields++;
    else throw new Error(`stop ${stop}`);
  }
  throw new Error("it does not end");
}

describe("a program that is stopped again and again", () => {
  const { esi } = run(machineOf(program), false);

  it.each([undefined, 3, 8])("goes on in code made ahead, regions of %s instructions", (size) => {
    const machine = machineOf(program, size), stopped = run(machine, true);
    expect(stopped).toMatchObject({ esi, syscalls: SYSCALLS });
    expect(stopped.yields).toBeGreaterThan(10);
    expect(machine.misses.size).toBe(0);
  });

  it("goes on in code compiled when reached: functions are all that is compiled", () => {
    const library = new CodeLibrary(emptyBaseCode());
    const machine = new WasmMachine({ library, compiler: new JitCompiler(), interpreter: null });
    expect(run(machine, true)).toMatchObject({ esi, syscalls: SYSCALLS });
    const functions = ["main", "outer", "middle", "ask", "sum"].map((name) => program.labels.get(name)!);
    expect([...machine.misses.keys()].sort()).toEqual(functions.sort());
  });

  it("goes on in the code of another process", () => {
    const library = new CodeLibrary(emptyBaseCode());
    const shared = { library, compiler: new JitCompiler(), interpreter: null };
    const first = new WasmMachine(shared);
    run(first, true);
    const compiled = first.misses.size;
    expect(run(new WasmMachine(shared), true).esi).toBe(esi);
    expect(first.misses.size).toBe(compiled);
  });
});

describe("functions that jump to each other without end", () => {
  // Unless they are stopped, they end after 10000 rounds.
  const low = "low: ff c6 81 fe 10 27 00 00 0f 84 @end", main = "main: 31 f6 e8 @low e8 @high";

  it.each([
    ["to addresses", `${main} ${low} e9 @high end: cc high: 90 e9 @low`],
    ["through a constant pointer", `${main} ${low} ff 24 25 00 00 03 00 end: cc high: 90 e9 @low`],
    ["back through a constant pointer", `${main} ${low} e9 @high end: cc high: 90 ff 24 25 08 00 03 00`],
    ["through a pointer that may change", `${main} ${low} ff 24 25 00 00 04 00 end: cc high: 90 e9 @low`],
  ])("run out of fuel: %s", (_, text) => {
    const pointers = ["high", "low"], program = programOf(text, { data: pointers, rodata: pointers });
    const machine = machineOf(program);
    machine.memory.growTo(END);
    machine.memory.u8.set(program.u8);
    machine.client = { ...NO_CLIENT, wantsYield: () => true };
    const words = machine.memory.i32;
    words[STATE_RIP >> 2] = program.labels.get("main")!;
    words[(STATE_GPR + 8 * RSP) >> 2] = STACK_TOP - 64;
    words[STATE_FUEL >> 2] = 50;
    expect(machine.run()).toBe(STOP_YIELD);
    expect(words[(STATE_GPR + 8 * RSI) >> 2]).toBeGreaterThan(20);
    expect(words[(STATE_GPR + 8 * RSI) >> 2]).toBeLessThan(60);
    expect(["low", "high"].map((name) => program.labels.get(name))).toContain(words[STATE_RIP >> 2]);
  });
});

describe("a resume table", () => {
  const table = {
    pcs: Uint32Array.of(0x1000, 0x1005, 0x20000, 0xfffffff0),
    entries: Uint32Array.of(0x0ff0, 0x0ff0, 0x80000, 0x10),
    codes: Uint32Array.of(3, 4, 2, 90001),
  };

  it("survives encoding", () => expect(decodeResume(encodeResume(table))).toEqual(table));

  it("is found in by address", () => {
    expect([...table.pcs].map((pc) => resumeRow(table, pc))).toEqual([0, 1, 2, 3]);
    expect([0, 0x1001, 0x1fff0, 0xffffffff].map((pc) => resumeRow(table, pc))).toEqual([-1, -1, -1, -1]);
  });
});
