/** The ways to run guest code. */
import { emptyBaseCode } from "../jit/base_code.ts";
import { IrMissInterpreter } from "../jit/miss_interpreter.ts";
import { JitCompiler } from "../jit/lazy_compiler.ts";
import { CodeSpace } from "../machine/code_cache.ts";
import { PlainGuestMemory } from "../machine/guest_memory.ts";
import { helperBodies } from "../machine/helpers/index.ts";
import { InterpreterMachine } from "../jit/interpreter_machine.ts";
import type { Machine } from "../machine/machine.ts";
import { GUEST_LOWEST } from "../machine/state.ts";
import { WasmMachine } from "../machine/wasm_machine.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { decodeTraps } from "../machine/trap_codec.ts";
import type { Tree } from "../rootfs/tree.ts";
import { programMemory } from "../translate/program_memory.ts";
import { translateProgram } from "../translate/translate.ts";
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

/**
 * A machine whose programs are translated as a whole when they are loaded. What translation did not find is still compiled when
 * it is reached.
 */
export function aotMachine(tree: Tree, onUnsupported: (insn: Instruction) => void): WasmMachine {
  const base = new CodeSpace(emptyBaseCode());
  const spaces = new Map<string, CodeSpace>();
  const programs = {
    get(key: string): CodeSpace {
      let space = spaces.get(key);
      // The program is in memory by now: the kernel tells its machine about it last.
      if (space === undefined) spaces.set(key, space = key === "" ? base : translated(spaces.size));
      return space;
    },
  };
  const translated = (n: number): CodeSpace => {
    const { space } = (machine.client as Kernel).currentTask.process;
    const name = `code${n}`;
    const t = translateProgram(programMemory(space, tree, []), { name });
    const code = { name, module: new WebAssembly.Module(t.wasm), entries: t.entries, ...decodeTraps(t.traps) };
    return new CodeSpace(code);
  };
  const compiler = new JitCompiler({ onUnsupported });
  const machine = new WasmMachine({ base, programs, compiler, interpreter: null });
  return machine;
}

/** A machine that interprets. */
export function interpreterMachine(onUnsupported: (insn: Instruction) => void): Machine {
  const machine = new InterpreterMachine(new PlainGuestMemory(GUEST_LOWEST), helperBodies);
  machine.onUnsupported = onUnsupported;
  return machine;
}
