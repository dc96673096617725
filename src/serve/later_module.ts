import type { FileCode, LaterCode } from "../machine/code_cache.ts";

/** A code module as the host has it: compiled, or to be had when it is wanted, at once or later. */
export type ModuleSource =
  | WebAssembly.Module
  | { readonly read: () => WebAssembly.Module }
  | { readonly fetch: () => Promise<WebAssembly.Module> };

/** The code of a file that no request is expected to run: loaded when the guest first gets to it, which waits for that. */
export class LaterModule implements LaterCode {
  #module: WebAssembly.Module | undefined;
  #isAskedFor = false;
  #hasFailed = false;
  readonly #waiting = new Set<() => void>();
  #code: FileCode | undefined;

  /** `codeOf` tells what belongs to the module; `onProblem` is told once if it cannot be had: the guest goes on without. */
  constructor(
    private readonly source: ModuleSource,
    private readonly codeOf: (module: WebAssembly.Module) => FileCode,
    private readonly onProblem: (problem: string) => void,
  ) {}

  isWorthWaiting(): boolean {
    return this.#hasFailed || this.#module !== undefined || !("fetch" in this.source);
  }

  functionAt(): null {
    return null;
  }

  get code(): FileCode | undefined {
    return this.#code;
  }

  wait(): FileCode | undefined {
    const { source } = this;
    if (source instanceof WebAssembly.Module) this.#module = source;
    else if ("read" in source) this.#module ??= source.read();
    return this.#code ??= this.#module && this.codeOf(this.#module);
  }

  bring(done: () => void): boolean {
    const { source } = this;
    if (this.isWorthWaiting() || !("fetch" in source)) return false;
    this.#waiting.add(done);
    if (this.#isAskedFor) return true;
    this.#isAskedFor = true;
    source.fetch().then((module) => {
      this.#module = module;
    }, (e) => {
      this.#hasFailed = true;
      this.onProblem(e instanceof Error ? e.message : `${e}`);
    }).then(() => {
      const waiting = [...this.#waiting];
      this.#waiting.clear();
      for (const tell of waiting) tell();
    });
    return true;
  }
}
