/**
 * Where functions begin in files that a guest has mapped, by their unwind information and symbols. Without that the lazy
 * compiler takes a tail call for a jump, and compiles the callee again and again as a part of each function that ends in one.
 */
import { functionExtents } from "../discover/entries.ts";
import type { ProgramRecord } from "../machine/code_cache.ts";
import type { InodeNumber, Tree } from "../rootfs/tree.ts";
import { fileMemory } from "./file_memory.ts";

const NO_HINTS = { profile: [], pointers: [], imports: [] };

/** An executable mapping of a file, with the functions in it. */
interface MappedFunctions {
  start: number;
  end: number;
  /** A bit for each byte. */
  starts: Uint8Array;
}

export class FunctionStarts {
  readonly #tree: Tree;
  readonly #programs: ReadonlyMap<string, Pick<ProgramRecord, "files">>;
  readonly #known = new Map<string, MappedFunctions>();
  /** The mapping found last: questions come in clusters. */
  #last: MappedFunctions | null = null;

  /** `programs` say where files are mapped, and grow (CodeLibrary.programs). */
  constructor(tree: Tree, programs: ReadonlyMap<string, Pick<ProgramRecord, "files">>) {
    this.#tree = tree;
    this.#programs = programs;
  }

  /** True if a function is known to begin at the guest address. */
  has(pc: number): boolean {
    let mapped = this.#last;
    if (mapped === null || pc < mapped.start || pc >= mapped.end) mapped = this.#find(pc);
    if (mapped === null) return false;
    const at = pc - mapped.start;
    return (mapped.starts[at >> 3] >> (at & 7) & 1) !== 0;
  }

  #find(pc: number): MappedFunctions | null {
    for (const { files } of this.#programs.values()) {
      for (const [file, { start, end }] of files) {
        if (pc >= start && pc < end) return this.#last = this.#functionsOf(file, start, end);
      }
    }
    return null;
  }

  #functionsOf(file: InodeNumber, start: number, end: number): MappedFunctions {
    const key = `${file} ${start}`;
    let mapped = this.#known.get(key);
    if (mapped === undefined) {
      mapped = { start, end, starts: new Uint8Array((end - start + 7) >> 3) };
      this.#known.set(key, mapped);
      this.#read(file, mapped);
    }
    return mapped;
  }

  #read(file: InodeNumber, { start, end, starts }: MappedFunctions): void {
    let extents;
    try {
      extents = functionExtents(fileMemory(this.#tree.read(file), `inode ${file}`, start, NO_HINTS));
    } catch {
      // Damaged, or mapped by other rules than the dynamic linker's: nothing is known of it.
      return;
    }
    for (const { start: at, isPart } of extents) {
      if (!isPart && at >= start && at < end) starts[(at - start) >> 3] |= 1 << ((at - start) & 7);
    }
  }
}
