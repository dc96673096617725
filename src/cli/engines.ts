/** The ways to run guest code. */
import { emptyBaseCode } from "../jit/base_code.ts";
import { IrMissInterpreter } from "../jit/miss_interpreter.ts";
import { JitCompiler } from "../jit/lazy_compiler.ts";
import { CodeSpace } from "../machine/code_cache.ts";
import { PlainGuestMemory } from "../machine/guest_memory.ts";
import { helperBodies } from "../machine/helpers/index.ts";
import { InterpreterMachine } from "../machine/interpreter_machine.ts";
import type { Machine } from "../machine/machine.ts";
import { GUEST_LOWEST } from "../machine/state.ts";
import { WasmMachine } from "../machine/wasm_machine.ts";
import type { Instruction } from "../x86/instruction.ts";

/** aot: translated as a whole first; jit: compiled as it is reached; interpret: the IR interpreter. */
export type EngineName = "aot" | "jit" | "interpret";
export const ENGINE_NAMES: readonly EngineName[] = ["aot", "jit", "interpret"];

/** A machine that compiles lazily. */
export function jitMachine(onUnsupported: (insn: Instruction) => void): WasmMachine {
  return new WasmMachine({
    base: new CodeSpace(emptyBaseCode()),
    programs: new Map(),
    compiler: new JitCompiler({ onUnsupported }),
    interpreter: new IrMissInterpreter(onUnsupported),
  });
}

/** A machine that interprets. */
export function interpreterMachine(onUnsupported: (insn: Instruction) => void): Machine {
  const machine = new InterpreterMachine(new PlainGuestMemory(GUEST_LOWEST), helperBodies);
  machine.onUnsupported = onUnsupported;
  return machine;
}
