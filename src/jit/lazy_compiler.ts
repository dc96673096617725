/**
 * Compiles regions as the guest first reaches them: direct byte emission, one small patch module a miss. Used by boot, by exec,
 * and for misses at run time where the host allows compiling.
 */
import { type CodeView, discoverRegion } from "../discover/discover.ts";
import type { Region } from "../discover/region.ts";
import { buildPatchModule } from "../emit/module.ts";
import { liftRegion, type UnsupportedSink } from "../lift/lift.ts";
import type { CodeRange, PatchModule } from "../machine/code_cache.ts";
import { GUEST_BIAS } from "../machine/state.ts";
import type { LazyCompiler } from "../machine/wasm_machine.ts";

export interface JitOptions {
  /** Told of instructions that have no lifter. */
  onUnsupported?: UnsupportedSink;
  /** Known function starts: jumps there are tail calls. */
  isFunctionStart?: (pc: number) => boolean;
}

/** Makes unique module names, so that faults can be told apart by them. */
let patchCount = 0;

export class JitCompiler implements LazyCompiler {
  constructor(readonly options: JitOptions = {}) {}

  compile(u8: Uint8Array, pc: number, slotOf: (pc: number) => number): PatchModule | null {
    const code: CodeView = {
      u8,
      isFunctionStart: this.options.isFunctionStart ?? (() => false),
      isReadOnly: () => true,
    };
    const region = discoverRegion(code, pc);
    if (region.blocks[0].instructions.length === 0 && region.blocks[0].failure?.kind === "truncated") return null;
    const name = `patch${patchCount++}`;
    const built = buildPatchModule(name, [liftRegion(region, this.options.onUnsupported)], slotOf);
    return {
      name,
      module: new WebAssembly.Module(built.bytes),
      entries: built.entries,
      stubs: built.stubs,
      trapOffsets: built.trapOffsets,
      trapPcs: built.trapPcs,
      ranges: codeRanges(u8, region),
    };
  }
}

/** The bytes a region was made from: its instructions, joined where they are adjacent. Switch tables are checked when run. */
export function codeRanges(u8: Uint8Array, region: Region): CodeRange[] {
  const spans = region.blocks
    .map((b) => {
      const last = b.instructions.at(-1);
      return [b.pc, b.failure !== null ? b.failure.pc + 1 : last === undefined ? b.pc + 1 : last.nextPc];
    })
    .sort((a, b) => a[0] - b[0]);
  const joined: number[][] = [];
  for (const [start, end] of spans) {
    const last = joined.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else joined.push([start, end]);
  }
  return joined.map(([start, end]) => ({ start, bytes: u8.slice(start - GUEST_BIAS, end - GUEST_BIAS) }));
}
