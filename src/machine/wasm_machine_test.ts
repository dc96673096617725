import { expect, test, vi } from "vitest";
import { emptyBaseCode } from "../jit/base_code.ts";
import { CodeModuleBuilder } from "../emit/module.ts";
import { JitCompiler } from "../jit/lazy_compiler.ts";
import { IrMissInterpreter } from "../jit/miss_interpreter.ts";
import { assemble, CODE, END, STACK_TOP } from "../translate/_program.ts";
import { CodeLibrary, type LoadedCode } from "./code_cache.ts";
import { NO_CLIENT } from "./no_client.ts";
import { GUEST_BIAS, RAX, RSP, STATE_GPR, STATE_RIP, STATE_XMM, STOP_BREAKPOINT } from "./state.ts";
import { WasmMachine } from "./wasm_machine.ts";

/** A machine with this code, compiled as it is reached. */
function machineWith(text: string) {
  const { bytes, labels } = assemble(text, CODE);
  const machine = new WasmMachine({
    library: new CodeLibrary(emptyBaseCode()),
    compiler: new JitCompiler(),
    interpreter: null,
  }, END);
  machine.memory.u8.set(bytes, CODE - GUEST_BIAS);
  const words = machine.memory.i32;
  const run = (from: string) => {
    words[STATE_RIP >> 2] = labels.get(from)!;
    words[(STATE_GPR + 8 * RSP) >> 2] = STACK_TOP - 64;
    expect(machine.run()).toBe(STOP_BREAKPOINT);
    return words[(STATE_GPR + 8 * RAX) >> 2];
  };
  return { machine, run, at: (label: string) => labels.get(label)! };
}

/** What a system call does in these tests; the guest goes on at once. */
function onSyscall(machine: WasmMachine, act: () => void): void {
  machine.client = {
    ...NO_CLIENT,
    syscall() {
      act();
      return 0;
    },
  };
}

const CALLS_NEW_CODE = `main:  bf =fresh  0f 05  ff d7  cc
  other: b8 01 00 00 00  cc
  fresh: b8 2a 00 00 00  c3`;

test("a system call that changes code elsewhere is followed by a first call", () => {
  const { machine, run, at } = machineWith(CALLS_NEW_CODE);
  expect(run("other")).toBe(1);
  onSyscall(machine, () => machine.codeChanged(at("other"), at("fresh")));
  expect(run("main")).toBe(42);
});

test("code that a system call changed is run as it is then", () => {
  const { machine, run, at } = machineWith(`main: e8 @f  0f 05  e8 @f  cc   f: b8 01 00 00 00  c3`);
  onSyscall(machine, () => {
    machine.memory.u8[at("f") + 1 - GUEST_BIAS] = 2;
    machine.codeChanged(at("f"), at("f") + 6);
  });
  expect(run("main")).toBe(2);
});

/** The base code as a host sees it whose relaxed a * b + c rounds twice: the probe expects what one that rounds once gives. */
function baseThatRoundsTwice(): LoadedCode {
  const { bytes } = new CodeModuleBuilder("base", []).finish();
  const view = new DataView(bytes.buffer);
  const twice = 0x3e200000, once = 0x00200000;
  // f64.const 2^-29, the product rounded by itself; rounded once it is 2^-29 + 2^-60.
  const at = bytes.findIndex((byte, i) =>
    byte === 0x44 && i + 8 < bytes.length && view.getInt32(i + 5, true) === twice
  );
  view.setInt32(at + 1, once, true);
  return { ...emptyBaseCode(), module: new WebAssembly.Module(bytes) };
}

test("where a * b + c is rounded twice, code with fused products is interpreted", () => {
  // vfmadd213sd xmm0, xmm1, xmm2 between calls that are compiled: rax counts them.
  const text = `main:  ff c0  e8 @fma  ff c0  cc
    fma:   c4 e2 f1 a8 c2  ff c0  c3`;
  for (const [base, interpreted] of [[emptyBaseCode(), 0], [baseThatRoundsTwice(), 1]] as const) {
    const interpreter = new IrMissInterpreter();
    const run = vi.spyOn(interpreter, "run");
    const { bytes, labels } = assemble(text, CODE);
    const library = new CodeLibrary(base);
    const machine = new WasmMachine({ library, compiler: new JitCompiler(), interpreter }, END);
    machine.client = { ...NO_CLIENT, cpuLevel: "x86-64-v3" };
    machine.memory.u8.set(bytes, CODE - GUEST_BIAS);
    const { i32, view } = machine.memory;
    i32[STATE_RIP >> 2] = labels.get("main")!;
    i32[(STATE_GPR + 8 * RSP) >> 2] = STACK_TOP - 64;
    [1 + 2 ** -30, 1 + 2 ** -30, -1].forEach((x, n) => view.setFloat64(STATE_XMM + 16 * n, x, true));
    expect(machine.run()).toBe(STOP_BREAKPOINT);
    expect(i32[(STATE_GPR + 8 * RAX) >> 2]).toBe(3);
    expect(view.getFloat64(STATE_XMM, true)).toBe(2 ** -29 + 2 ** -60);
    expect(run).toHaveBeenCalledTimes(interpreted);
  }
});
