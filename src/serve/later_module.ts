import type { FileCode, LaterCode } from "../machine/code_cache.ts";
import { resumeRow, type ResumeTable } from "../machine/resume_table.ts";
import { OnCall } from "./on_call.ts";

/** A code module as the host has it: compiled, or to be had when it is wanted, at once or later. */
export type ModuleSource =
  | WebAssembly.Module
  | { readonly read: () => WebAssembly.Module }
  | { readonly fetch: () => Promise<WebAssembly.Module> };

/** What is known of a module that is not here. */
export interface LaterContent {
  /** What belongs to the module. */
  codeOf(module: WebAssembly.Module): FileCode;
  /** Addresses that have a region, and where regions can go on. */
  entries(): ArrayLike<number>;
  readonly resume: ResumeTable;
}

/** Code of a file that no request is expected to run: loaded when the guest first gets to it, which waits for that. */
export class LaterModule implements LaterCode {
  /** Null where the host has the module at once. */
  readonly #fetched: OnCall<WebAssembly.Module> | null;
  #code: FileCode | undefined;
  #entries: ReadonlySet<number> | undefined;

  /** `source` is null if it was left out; `onProblem` is told once if the module cannot be had: the guest goes on without. */
  constructor(
    private readonly source: ModuleSource | null,
    private readonly content: LaterContent,
    onProblem: (problem: string) => void,
  ) {
    this.#fetched = source !== null && "fetch" in source ? new OnCall(source.fetch, onProblem) : null;
  }

  get isLeftOut(): boolean {
    return this.source === null;
  }

  isWorthWaiting(): boolean {
    return !this.isLeftOut && (this.#fetched === null || !this.#fetched.isPending);
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
    return this.#code = module && this.content.codeOf(module);
  }

  has(pc: number, asEntry: boolean): boolean {
    const { content } = this;
    this.#entries ??= new Set(Array.from(content.entries()));
    return this.#entries.has(pc) || (!asEntry && resumeRow(content.resume, pc) >= 0);
  }

  #module(): WebAssembly.Module | undefined {
    const { source } = this;
    if (source === null || source instanceof WebAssembly.Module) return source ?? undefined;
    return "read" in source ? source.read() : this.#fetched?.value;
  }

  bring(done: () => void): boolean {
    return this.#fetched?.bring(done) ?? false;
  }
}
