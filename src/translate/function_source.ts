/**
 * Functions of a file by themselves, for a guest that boots: it gets to few of them, and does not wait for the whole file. They are
 * made as the translation of the file would make them, which takes them over.
 */
import { type CodeEntries, findEntries, type ProgramMemory } from "../discover/entries.ts";
import { buildFunctionPatch } from "../emit/function_patch.ts";
import type { PatchModule, Slots } from "../machine/code_cache.ts";
import { CodeRange } from "../machine/code_range.ts";
import { fileMemory } from "./file_memory.ts";
import type { BegunFile, FileTask } from "./file_task.ts";
import { type MadeRegion, RegionHelper } from "./region_sharing.ts";

/** Makes unique module names, so that faults can be told apart by them. */
let count = 0;

export class FunctionSource {
  readonly #task: FileTask;
  readonly memory: ProgramMemory;
  readonly #found: CodeEntries;
  readonly #helper: RegionHelper;
  /** Null for what cannot be had by itself. */
  readonly #made = new Map<number, MadeRegion | null>();

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
    const made = [...this.#made.values()].filter((made) => made !== null);
    return { found: this.#found, isOfTask: task === this.#task, made };
  }

  /**
   * The function that begins at an address, as a module for a guest that has the file in this memory; null if there is none, or
   * none that is one region.
   */
  patchAt(pc: number, u8: Uint8Array, slots: Slots): PatchModule | null {
    const made = this.#functionAt(pc);
    if (made === null) return null;
    const name = `function${count++}`;
    const { bytes, ...built } = buildFunctionPatch(name, made.region, (target) => slots.slotOf(target));
    const { spans } = made, ranges: CodeRange[] = [];
    for (let i = 0; i < spans.length; i += 2) ranges.push(new CodeRange(u8, spans[i], spans[i + 1]));
    const module = new WebAssembly.Module(bytes);
    return { ...built, name, module, ranges, traits: 0, guard: 0, surroundings: null };
  }

  #functionAt(pc: number): MadeRegion | null {
    let made = this.#made.get(pc);
    if (made === undefined) this.#made.set(pc, made = this.#make(pc));
    return made;
  }

  /** What cannot be made is left to the translation, which says why. */
  #make(pc: number): MadeRegion | null {
    if (!this.#helper.isFunction(pc)) return null;
    try {
      return this.#helper.make(pc);
    } catch {
      return null;
    }
  }
}
