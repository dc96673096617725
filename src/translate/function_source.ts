/**
 * Functions of a file by themselves, for a guest that boots: it gets to few of them, and does not wait for the whole file. They are
 * made as the translation of the file would make them, which takes them over.
 */
import { type CodeEntries, findEntries, type ProgramMemory } from "../discover/entries.ts";
import { codeSpans, type RegionBlock } from "../discover/region.ts";
import { buildFunctionPatch } from "../emit/function_patch.ts";
import type { PatchModule, Slots } from "../machine/code_cache.ts";
import { CodeRange } from "../machine/code_range.ts";
import { fileMemory } from "./file_memory.ts";
import type { BegunFile, FileTask } from "./file_task.ts";
import { type MadeRegion, RegionHelper } from "./region_sharing.ts";

/** Makes unique module names, so that faults can be told apart by them. */
let count = 0;

interface MadeFunction {
  made: MadeRegion;
  /** Where the code is that it was made from. */
  spans: [start: number, end: number][];
}

export class FunctionSource {
  readonly #task: FileTask;
  /** The file as it was translated. */
  readonly memory: ProgramMemory;
  readonly #found: CodeEntries;
  readonly #helper: RegionHelper;
  /** Null for what cannot be had by itself. */
  readonly #made = new Map<number, MadeFunction | null>();

  /** Throws a TranslatorError if the file is not for the place. */
  constructor(task: FileTask) {
    this.#task = task;
    const { bytes, path, start, level, ...hints } = task;
    this.memory = fileMemory(bytes, path, start, hints);
    this.#found = findEntries(this.memory);
    this.#helper = new RegionHelper(this.memory, level, this.#found);
  }

  /** What has been done for a translation of the file. */
  begunFor(task: FileTask): BegunFile {
    const made = [...this.#made.values()].flatMap((known) => known?.made ?? []);
    return { found: this.#found, isOfTask: task === this.#task, made };
  }

  /**
   * The function that begins at an address, as a module for a guest that has the file in this memory; null if there is none, or
   * none that is one region.
   */
  patchAt(pc: number, u8: Uint8Array, slots: Slots): PatchModule | null {
    const known = this.#functionAt(pc);
    if (known === null) return null;
    const name = `function${count++}`, { made, spans } = known;
    const { bytes, ...built } = buildFunctionPatch(name, made.region, (target) => slots.slotOf(target));
    const ranges = spans.map(([start, end]) => new CodeRange(u8, start, end));
    const module = new WebAssembly.Module(bytes);
    return { ...built, name, module, ranges, traits: 0, guard: 0, surroundings: null };
  }

  #functionAt(pc: number): MadeFunction | null {
    let known = this.#made.get(pc);
    if (known === undefined) this.#made.set(pc, known = this.#make(pc));
    return known;
  }

  #make(pc: number): MadeFunction | null {
    if (!this.#helper.isFunction(pc)) return null;
    const blocks: RegionBlock[] = [], made = this.#helper.tryToMake(pc, blocks);
    return made && { made, spans: codeSpans(blocks) };
  }
}
