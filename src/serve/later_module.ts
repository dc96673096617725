import type { FileCode, LaterCode } from "../machine/code_cache.ts";

/** A code module as the host has it: compiled, or to be had when it is wanted, at once or later. */
export type ModuleSource =
  | WebAssembly.Module
  | { readonly read: () => WebAssembly.Module }
  | { readonly fetch: () => Promise<WebAssembly.Module> };

/**
 * The code of a file that no request is expected to run: loaded when the guest first gets to it. Where that takes the host a while
 * (Deno) the guest does not wait: what it runs meanwhile is compiled as it is reached.
 */
export class LaterModule implements LaterCode {
  #module: WebAssembly.Module | undefined;
  #isAskedFor = false;
  #code: FileCode | undefined;

  /** `codeOf` tells what belongs to the module; `onProblem` is told once if it cannot be had. */
  constructor(
    private readonly source: ModuleSource,
    private readonly codeOf: (module: WebAssembly.Module) => FileCode,
    private readonly onProblem: (problem: string) => void,
  ) {}

  isWorthWaiting(): boolean {
    const { source } = this;
    if (this.#module !== undefined) return true;
    if (source instanceof WebAssembly.Module) this.#module = source;
    else if ("read" in source) this.#module = source.read();
    else if (!this.#isAskedFor) {
      this.#isAskedFor = true;
      const failed = (e: unknown) => this.onProblem(e instanceof Error ? e.message : `${e}`);
      source.fetch().then((module) => void (this.#module = module), failed);
    }
    return this.#module !== undefined;
  }

  functionAt(): null {
    return null;
  }

  wait(): FileCode | undefined {
    return this.#code ??= this.#module && this.codeOf(this.#module);
  }
}
