/** The engines that tests/cpu_test.ts runs the instruction cases through. */
import { InterpreterMachine } from "../../src/jit/interpreter_machine.ts";
import { PlainGuestMemory } from "../../src/machine/guest_memory.ts";
import { CodeLibrary } from "../../src/machine/code_cache.ts";
import { WasmMachine } from "../../src/machine/wasm_machine.ts";
import { emptyBaseCode } from "../../src/jit/base_code.ts";
import { IrMissInterpreter } from "../../src/jit/miss_interpreter.ts";
import { JitCompiler } from "../../src/jit/lazy_compiler.ts";
import type { MachineClient } from "../../src/machine/machine.ts";
import { NO_CLIENT } from "../../src/machine/no_client.ts";
import { STATE_RIP } from "../../src/machine/state.ts";
import type { CpuEngine } from "./cpu_cases.ts";
import { CASE_GUEST_END } from "./cpu_state.ts";

/** The goldens come from a CPU that has all that we know of. */
const CLIENT: MachineClient = { ...NO_CLIENT, cpuLevel: "x86-64-v3" };

/** The IR interpreter. */
function interpreter(): CpuEngine {
  let machine: InterpreterMachine | undefined;
  let compiled = "";
  return {
    name: "IR interpreter",
    memory: () => new PlainGuestMemory(CASE_GUEST_END),
    run(memory, code, pc) {
      if (machine?.memory !== memory) {
        machine = new InterpreterMachine(memory);
        machine.client = CLIENT;
      }
      const key = code.join();
      if (key !== compiled) machine.codeChanged(0, CASE_GUEST_END);
      compiled = key;
      memory.i32[STATE_RIP >> 2] = pc;
      return machine.run();
    },
  };
}

/** Compiled code, region by region as a running program is. */
function wasm(): CpuEngine {
  let machine: WasmMachine | undefined;
  let compiled = "";
  return {
    name: "wasm",
    memory() {
      machine = new WasmMachine({
        library: new CodeLibrary(emptyBaseCode()),
        compiler: new JitCompiler(),
        interpreter: new IrMissInterpreter(),
      });
      machine.client = CLIENT;
      machine.memory.growTo(CASE_GUEST_END);
      return machine.memory;
    },
    run(memory, code, pc) {
      const key = code.join();
      if (key !== compiled) machine!.codeChanged(0, CASE_GUEST_END);
      compiled = key;
      memory.i32[STATE_RIP >> 2] = pc;
      return machine!.run();
    },
  };
}

export const CPU_ENGINES: readonly CpuEngine[] = [interpreter(), wasm()];
