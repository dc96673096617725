import { expect, test } from "vitest";
import { emptyBaseCode } from "../jit/base_code.ts";
import { JitCompiler } from "../jit/lazy_compiler.ts";
import { assemble, CODE, END, STACK_TOP } from "../translate/_program.ts";
import { CodeLibrary } from "./code_cache.ts";
import { NO_CLIENT } from "./no_client.ts";
import { GUEST_BIAS, RAX, RSP, STATE_GPR, STATE_RIP, STOP_BREAKPOINT } from "./state.ts";
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
