/** What makes up for missing code on hosts that may compile while they serve: a file of its own, loaded when it is wanted. */
import { JitCompiler } from "../src/jit/lazy_compiler.ts";
import { IrMissInterpreter } from "../src/jit/miss_interpreter.ts";
import type { Translator } from "../src/serve/later_translator.ts";

export function createTranslator(): Translator {
  return { compiler: new JitCompiler(), interpreter: new IrMissInterpreter() };
}
