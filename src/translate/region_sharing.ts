/**
 * How several may make the regions of one program. The translation goes through its entries in their order, and offers functions as
 * it gets to know of them; helpers take from the other end. What they make is put where it would have been made, so that who made
 * what, and how many there were, makes no difference to the module.
 */
import { bug } from "../errors.ts";
import type { CodeEntries, ProgramMemory } from "../discover/entries.ts";
import type { RegionBlock } from "../discover/region.ts";
import { DetachedEmitter, type DetachedRegion } from "../emit/detached_region.ts";
import type { InlineFunction } from "../lift/inline.ts";
import type { CpuLevel } from "../machine/cpu_level.ts";
import { RegionMaker } from "./region_maker.ts";

/** A function's region, made by a helper. */
export interface MadeRegion {
  region: DetachedRegion;
  /** Functions that were looked at to be taken in: address, and instructions or 0 if that cannot be; in this order. */
  asked: number[];
  /** Where its blocks begin, also of what was taken in. */
  blocks: number[];
  /** Instructions without a meaning here: what UnsupportedReport.add is told. */
  unsupported: [pc: number, length: number, name: string, feature: string][];
}

/** The translation's side. */
export interface RegionSharing {
  /** What was found of the program's code, which is the same for all; told once, before anything is offered. */
  begin(found: CodeEntries): void;
  /** Functions that will be asked for, each once. */
  offer(pc: number): void;
  /** What a helper made of one, which may be waited for; null if the caller is to make it. */
  take(pc: number): MadeRegion | null;
  /** Nothing will be asked for any more. */
  end(): void;
}

/** Regions that were made before the translation began; the others may be made by others. */
export class MadeBefore implements RegionSharing {
  readonly #made: ReadonlyMap<number, MadeRegion>;
  readonly #others: RegionSharing | undefined;

  constructor(made: readonly MadeRegion[], others?: RegionSharing) {
    this.#made = new Map(made.map((m) => [m.region.entryPc, m]));
    this.#others = others;
  }

  begin(found: CodeEntries): void {
    this.#others?.begin(found);
  }

  offer(pc: number): void {
    if (!this.#made.has(pc)) this.#others?.offer(pc);
  }

  take(pc: number): MadeRegion | null {
    return this.#made.get(pc) ?? this.#others?.take(pc) ?? null;
  }

  end(): void {
    this.#others?.end();
  }
}

/** Small functions that are kept at once: some megabytes. */
const MAX_SMALL = 2000;

/** Makes regions of functions as `translateProgram` would, but for what depends on functions that were cut into parts. */
export class RegionHelper {
  readonly #maker: RegionMaker;
  readonly #emitter: DetachedEmitter;
  readonly #small = new Map<number, InlineFunction | null>();

  /** `found`: as the translation has found it. `largest`: instructions of the largest region, in place of the default. */
  constructor(program: ProgramMemory, level: CpuLevel, found: CodeEntries, largest?: number) {
    this.#maker = new RegionMaker(program, level, largest, found);
    this.#emitter = new DetachedEmitter((pc) => found.map.has(pc));
  }

  isFunction(pc: number): boolean {
    return this.#maker.isFunction(pc);
  }

  /** As make(), for who leaves what cannot be made to the translation, which says why. */
  tryToMake(pc: number, madeOf?: RegionBlock[]): MadeRegion | null {
    try {
      return this.make(pc, madeOf);
    } catch {
      return null;
    }
  }

  /** Null if it is too large for one region. `madeOf` gets its blocks, also of what was taken in. */
  make(pc: number, madeOf?: RegionBlock[]): MadeRegion | null {
    const maker = this.#maker, { region, instructions } = maker.find(pc, maker.code);
    if (instructions > maker.largest) return null;
    const asked: number[] = [], unsupported: MadeRegion["unsupported"] = [];
    madeOf?.push(...region.blocks);
    const fn = maker.lift(region, (callee) => {
      const known = this.#smallFunction(callee);
      asked.push(callee, known?.instructions ?? 0);
      if (known !== null) madeOf?.push(...known.region.blocks);
      return known;
    }, (insn) => {
      unsupported.push([insn.pc, insn.length, insn.row.text ?? insn.row.mnemonic, insn.row.feature]);
    });
    const blocks = fn.blocks.map((block) => block.pc);
    const made = this.#emitter.emit(fn);
    fn.recycle();
    if (made.entryPc !== pc) throw bug("a region of another entry", { pc });
    return { region: made, asked, blocks, unsupported };
  }

  #smallFunction(pc: number): InlineFunction | null {
    let known = this.#small.get(pc);
    if (this.#small.size > MAX_SMALL) this.#small.clear();
    if (known === undefined) this.#small.set(pc, known = this.#maker.smallFunction(pc, this.#maker.code));
    return known;
  }
}
