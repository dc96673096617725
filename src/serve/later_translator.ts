import type { LaterTranslator, LazyCompiler, MissInterpreter } from "../machine/wasm_machine.ts";
import { OnCall } from "./on_call.ts";

/** What makes up for code that was not made ahead. */
export interface Translator {
  readonly compiler: LazyCompiler;
  readonly interpreter: MissInterpreter;
}

/**
 * A translator that is loaded when a guest first has need of it, which most never do: it is half of what a program that serves
 * would have to read at its start. Guests that have need of it end if it cannot be loaded.
 */
export class TranslatorOnCall extends OnCall<Translator> implements LaterTranslator {
  get compiler(): LazyCompiler | null {
    return this.value?.compiler ?? null;
  }

  get interpreter(): MissInterpreter | null {
    return this.value?.interpreter ?? null;
  }
}
