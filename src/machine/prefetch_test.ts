import { describe, expect, it } from "vitest";
import { emptyBaseCode } from "../jit/base_code.ts";
import { interpreterMachine } from "../cli/engines.ts";
import { JitCompiler } from "../jit/lazy_compiler.ts";
import { assemble, CODE, END, programOf, STACK_TOP } from "../translate/_program.ts";
import { translateProgram } from "../translate/translate.ts";
import { CodeLibrary } from "./code_cache.ts";
import type { Machine } from "./machine.ts";
import { GUEST_BIAS, RAX, RDI, RSP, STATE_GPR, STATE_RIP, STOP_BREAKPOINT } from "./state.ts";
import { WasmMachine } from "./wasm_machine.ts";

/** prefetcht0 [rdi + 64], prefetchnta [rdi], prefetchw [rdi + rax], then eax = 42. */
const PREFETCHES = `main: 0f 18 4f 40  0f 18 07  0f 0d 0c 07  b8 2a 00 00 00  cc`;

const ENGINES: Record<string, () => Machine> = {
  compiled: () =>
    new WasmMachine({
      library: new CodeLibrary(emptyBaseCode()),
      compiler: new JitCompiler(),
      interpreter: null,
    }, END),
  interpreted: () => {
    const machine = interpreterMachine(() => {});
    machine.memory.growTo(END);
    return machine;
  },
};

describe.each(Object.entries(ENGINES))("a prefetch, %s", (_, newMachine) => {
  // SDM volume 2, PREFETCHh: no exception, whatever the address.
  const addresses = [
    0,
    1,
    GUEST_BIAS - 64,
    GUEST_BIAS,
    CODE,
    END - 64,
    END - 1,
    END,
    0x7fffffff,
    0xffffffc0,
    0xffffffff,
  ];

  it.each(addresses)("of 0x%i does nothing that could be seen", (address) => {
    const machine = newMachine();
    const { bytes, labels } = assemble(PREFETCHES, CODE);
    machine.memory.u8.set(bytes, CODE - GUEST_BIAS);
    const words = machine.memory.i32;
    words[STATE_RIP >> 2] = labels.get("main")!;
    words[(STATE_GPR + 8 * RSP) >> 2] = STACK_TOP - 64;
    words[(STATE_GPR + 8 * RDI) >> 2] = address;
    const before = machine.memory.u8.slice(STACK_TOP - 4096 - GUEST_BIAS);
    expect(machine.run()).toBe(STOP_BREAKPOINT);
    expect(words[(STATE_GPR + 8 * RAX) >> 2]).toBe(42);
    expect(machine.memory.u8.slice(STACK_TOP - 4096 - GUEST_BIAS)).toEqual(before);
  });
});

describe("compiled code", () => {
  it("touches what is prefetched", () => {
    const { wasm } = translateProgram(programOf(PREFETCHES), { name: "app" });
    // i32.atomic.load8_u, no alignment, no offset, and a drop.
    expect(wasm.toHex().match(/fe1200001a/g)).toHaveLength(3);
  });
});
