import type { LaterTranslator, LazyCompiler, MissInterpreter } from "../machine/wasm_machine.ts";

/** What makes up for code that was not made ahead. */
export interface Translator {
  readonly compiler: LazyCompiler;
  readonly interpreter: MissInterpreter;
}

/**
 * A translator that is loaded when a guest first has need of it, which most never do: it is half of what a program that serves
 * would have to read at its start.
 */
export class TranslatorOnCall implements LaterTranslator {
  compiler: LazyCompiler | null = null;
  interpreter: MissInterpreter | null = null;
  #isAskedFor = false;
  #isOnItsWay = true;
  readonly #waiting = new Set<() => void>();

  /** `onProblem` is told if it cannot be loaded: guests that have need of it end then. */
  constructor(
    private readonly load: () => Promise<Translator>,
    private readonly onProblem: (problem: string) => void,
  ) {}

  bring(done: () => void): boolean {
    if (!this.#isOnItsWay) return false;
    this.#waiting.add(done);
    if (this.#isAskedFor) return true;
    this.#isAskedFor = true;
    this.load().then(({ compiler, interpreter }) => {
      this.compiler = compiler;
      this.interpreter = interpreter;
    }, (e) => this.onProblem(e instanceof Error ? e.message : `${e}`)).then(() => {
      this.#isOnItsWay = false;
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      for (const tell of waiting) tell();
    });
    return true;
  }
}
