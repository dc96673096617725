/**
 * Compiles regions as the guest first reaches them: direct byte emission, one small patch module a miss. Used by boot, by exec,
 * and for misses at run time where the host allows compiling.
 */
import { type CodeView, discoverRegion, wordAt } from "../discover/discover.ts";
import { instructionCount, type Region } from "../discover/region.ts";
import { buildPatchModule } from "../emit/module.ts";
import { liftRegion, type UnsupportedSink } from "../lift/lift.ts";
import { MODE_BITS } from "../machine/code_mode.ts";
import type { CpuLevel } from "../machine/cpu_level.ts";
import type { PatchModule, Slots } from "../machine/code_cache.ts";
import { GUEST_BIAS } from "../machine/state.ts";
import { noResume } from "../machine/resume_table.ts";
import { CODE_GENERATED, type MappedRange } from "../machine/machine.ts";
import { setFloatOperation } from "../machine/helpers/float_operation.ts";
import { codeRanges } from "./code_ranges.ts";
import { floatOperation } from "./float_operation.ts";
import type { LazyCompiler } from "../machine/wasm_machine.ts";

export interface JitOptions {
  /** Told of instructions that have no lifter. */
  onUnsupported?: UnsupportedSink;
  /** Known function starts: jumps there are tail calls. */
  isFunctionStart?: (pc: number) => boolean;
}

/**
 * A function is better compiled once as a whole than in overlapping pieces, one for each entry behind the limit: 4000
 * instructions had perl compile 147 pieces of its largest functions at start.
 */
const MAX_LAZY_INSTRUCTIONS = 12_000;

/**
 * In code made at run time functions that jump to one another are one function for who does not know where they begin, compiled
 * for each entry anew. Where a region consists of what others had already it is cut there: at the entries that are known by now, and
 * at this limit. Erlang boots in a tenth of the time.
 */
const MAX_GENERATED_INSTRUCTIONS = 2000, MAX_SHARED_INSTRUCTIONS = 1000;

/** Makes unique module names, so that faults can be told apart by them. */
let patchCount = 0;

export class JitCompiler implements LazyCompiler {
  /** Blocks of functions that were too large. */
  readonly #cut = new Set<number>();
  /** Blocks of code made at run time that regions have, and the word that each begins with: memory is used again for other code. */
  readonly #generated = new Map<number, number>();

  constructor(readonly options: JitOptions = {}) {
    setFloatOperation(floatOperation);
  }

  compile(
    u8: Uint8Array,
    pc: number,
    slots: Slots,
    level: CpuLevel,
    traits: number,
    surroundings: MappedRange | null,
  ): PatchModule | null {
    const isGenerated = (traits & CODE_GENERATED) !== 0;
    const code: CodeView = {
      u8,
      isFunctionStart: !isGenerated && this.options.isFunctionStart || (() => false),
      isReadOnly: () => true,
      keepsFlags: isGenerated,
    };
    const region = isGenerated ? this.#discoverGenerated(code, pc, slots) : this.#discover(code, pc);
    if (region.blocks[0].instructions.length === 0 && region.blocks[0].failure?.kind === "truncated") return null;
    const name = `patch${patchCount++}`;
    const ranges = codeRanges(u8, region);
    const guard = surroundings === null ? null : { ranges, surroundings };
    const fn = liftRegion(region, level, this.options.onUnsupported, guard, traits & MODE_BITS);
    const built = buildPatchModule(name, [fn], (target) => slots.slotOf(target), (traits & ~MODE_BITS) === 0);
    return {
      name,
      module: new WebAssembly.Module(built.bytes),
      entries: built.entries,
      // Nobody would compare what has changed while a task stood there.
      resume: guard === null ? built.resume : noResume(),
      stubs: built.stubs,
      trapOffsets: built.trapOffsets,
      trapPcs: built.trapPcs,
      trapSites: built.trapSites,
      sites: built.sites,
      ranges,
      traits,
      guard: fn.guard,
      surroundings,
    };
  }

  /** See MAX_GENERATED_INSTRUCTIONS. Where calls return to may be entries, too: the calls do return. */
  #discoverGenerated(code: CodeView, pc: number, slots: Slots): Region {
    const known = this.#generated, isKnown = (at: number) => known.get(at) === wordAt(code.u8, at - GUEST_BIAS);
    let region = isKnown(pc) ? null : discoverRegion(code, pc, MAX_GENERATED_INSTRUCTIONS);
    if (region === null || 2 * region.blocks.reduce((n, block) => n + +isKnown(block.pc), 0) > region.blocks.length) {
      const isFunctionStart = (target: number) => target !== pc && slots.hasSlot(target);
      region = discoverRegion({ ...code, isFunctionStart, isEdge: () => false }, pc, MAX_SHARED_INSTRUCTIONS);
    }
    for (const block of region.blocks) known.set(block.pc, wordAt(code.u8, block.pc - GUEST_BIAS));
    return region;
  }

  /** Cut off at the limit, an interpreter with computed gotos would be compiled anew for each label behind the cut. */
  #discover(code: CodeView, pc: number): Region {
    if (!this.#cut.has(pc)) {
      const region = discoverRegion(code, pc, MAX_LAZY_INSTRUCTIONS);
      if (instructionCount(region) < MAX_LAZY_INSTRUCTIONS) return region;
      for (const block of region.blocks) this.#cut.add(block.pc);
    }
    return discoverRegion({ ...code, skipsOpenTables: true }, pc, MAX_LAZY_INSTRUCTIONS);
  }
}
