import type { FileCode, LaterCode } from "../machine/code_cache.ts";
import { OnCall } from "./on_call.ts";

/** A code module as the host has it: compiled, or to be had when it is wanted, at once or later. */
export type ModuleSource =
  | WebAssembly.Module
  | { readonly read: () => WebAssembly.Module }
  | { readonly fetch: () => Promise<WebAssembly.Module> };

/** The code of a file that no request is expected to run: loaded when the guest first gets to it, which waits for that. */
export class LaterModule implements LaterCode {
  /** Null where the host has the module at once. */
  readonly #fetched: OnCall<WebAssembly.Module> | null;
  #code: FileCode | undefined;

  /** `codeOf` tells what belongs to the module; `onProblem` is told once if it cannot be had: the guest goes on without. */
  constructor(
    private readonly source: ModuleSource,
    private readonly codeOf: (module: WebAssembly.Module) => FileCode,
    onProblem: (problem: string) => void,
  ) {
    this.#fetched = "fetch" in source ? new OnCall(source.fetch, onProblem) : null;
  }

  isWorthWaiting(): boolean {
    return this.#fetched === null || !this.#fetched.isPending;
  }

  functionAt(): null {
    return null;
  }

  get code(): FileCode | undefined {
    return this.#code;
  }

  wait(): FileCode | undefined {
    if (this.#code !== undefined) return this.#code;
    const module = this.#module();
    return this.#code = module && this.codeOf(module);
  }

  #module(): WebAssembly.Module | undefined {
    const { source } = this;
    if (source instanceof WebAssembly.Module) return source;
    return "read" in source ? source.read() : this.#fetched?.value;
  }

  bring(done: () => void): boolean {
    return this.#fetched?.bring(done) ?? false;
  }
}
