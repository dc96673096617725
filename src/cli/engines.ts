/** The ways to run guest code. */
import { exportedNames } from "../discover/elf_facts.ts";
import { emptyBaseCode } from "../jit/base_code.ts";
import { IrMissInterpreter } from "../jit/miss_interpreter.ts";
import { JitCompiler } from "../jit/lazy_compiler.ts";
import { BodyPool } from "../machine/body_pool.ts";
import { CodeLibrary, type FileCode, type FoundCode } from "../machine/code_cache.ts";
import { PlainGuestMemory } from "../machine/guest_memory.ts";
import { helperBodies } from "../machine/helpers/index.ts";
import { InterpreterMachine } from "../jit/interpreter_machine.ts";
import type { CpuLevel } from "../machine/cpu_level.ts";
import type { Machine } from "../machine/machine.ts";
import { GUEST_LOWEST } from "../machine/state.ts";
import { WasmMachine } from "../machine/wasm_machine.ts";
import { decodeResume } from "../machine/resume_table.ts";
import { decodeTraps } from "../machine/trap_codec.ts";
import type { Tree } from "../rootfs/tree.ts";
import { AheadCode } from "../translate/ahead_code.ts";
import { type FileTranslator, OwnThreadTranslator } from "../translate/file_task.ts";
import { FunctionStarts } from "../translate/function_starts.ts";
import { placeTranslation } from "../translate/placed.ts";
import type { Translation } from "../translate/translate.ts";
import type { UnsupportedSink } from "../lift/lift.ts";

/**
 * aot: translated as a whole first; boot: a function at a time, as a guest that boots has it; jit: compiled as it is reached;
 * interpret: the IR interpreter.
 */
export type EngineName = "aot" | "boot" | "jit" | "interpret";
export const ENGINE_NAMES: readonly EngineName[] = ["aot", "boot", "jit", "interpret"];

/** A machine that compiles lazily; better if it can look at the files of the image. */
export function jitMachine(onUnsupported: UnsupportedSink, tree?: Tree): WasmMachine {
  return machineWith(new CodeLibrary(emptyBaseCode()), onUnsupported, tree);
}

/** A machine with this code, which compiles what is not there. */
function machineWith(library: CodeLibrary, onUnsupported: UnsupportedSink, tree?: Tree): WasmMachine {
  const starts = tree === undefined ? null : new FunctionStarts(tree, library.programs);
  return new WasmMachine({
    library,
    compiler: new JitCompiler({ onUnsupported, isFunctionStart: (pc) => starts?.has(pc) ?? false }),
    interpreter: new IrMissInterpreter(onUnsupported),
    pool: new BodyPool(),
  });
}

/** A translation that has a place among the machine's, as code for a file's mapping. */
export function codeOf(t: Translation, place: { file: number; start: number; end: number }): FileCode {
  const { name, entries, firstSlot } = t, module = new WebAssembly.Module(t.wasm);
  return { name, module, entries, firstSlot, resume: decodeResume(t.resume), ...decodeTraps(t.traps), ...place };
}

/**
 * A machine that translates each file of the image as a whole when it is mapped. What translation did not find is still
 * compiled when it is reached. `found` tells what of a file's code is there.
 */
export function aotMachine(
  tree: Tree,
  onUnsupported: UnsupportedSink,
  translator: FileTranslator = new OwnThreadTranslator(),
  found: (t: Translation, place: Parameters<typeof codeOf>[1]) => FoundCode = (t, place) => ({
    code: codeOf(t, place),
  }),
): WasmMachine {
  const made = new Map<string, FoundCode>();
  const translated = (file: number, start: number, end: number): FoundCode => {
    const name = `code${made.size}`, firstSlot = library.slotCount;
    const bytes = tree.read(file);
    // Who will look up which of a library's functions is not known yet: all that it exports are compiled.
    const imports = exportedNames(bytes).sort(), level = machine.client.cpuLevel;
    const task = { bytes, path: `inode ${file}`, start, level, profile: [], pointers: [], imports };
    const t = placeTranslation(translator.begin(task).wait(), { name, firstSlot });
    library.reserveSlots(t.entries.length);
    return found(t, { file, start, end });
  };
  const library = new CodeLibrary(emptyBaseCode(), 0, (file, start, end) => {
    const key = `${file} ${start} ${end}`;
    let code = made.get(key);
    if (code === undefined) made.set(key, code = translated(file, start, end));
    return code;
  });
  const machine = machineWith(library, onUnsupported);
  return machine;
}

/** A machine that has the functions of the image's files made by themselves, and compiles what is no function. */
export function bootMachine(tree: Tree, level: CpuLevel, onUnsupported: UnsupportedSink): WasmMachine {
  const ahead = new AheadCode(tree, new OwnThreadTranslator(), level, () => 0);
  const library: CodeLibrary = new CodeLibrary(emptyBaseCode(), 0, ahead.finder(() => library, true));
  return machineWith(library, onUnsupported, tree);
}

/** A machine that interprets. */
export function interpreterMachine(onUnsupported: UnsupportedSink): Machine {
  const machine = new InterpreterMachine(new PlainGuestMemory(GUEST_LOWEST), helperBodies);
  machine.onUnsupported = onUnsupported;
  return machine;
}
