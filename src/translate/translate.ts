/**
 * The translate station: a program in guest memory to one wasm module, region by region: discover, lift, optimise, emit. Only
 * one region's instructions and IR are in memory at a time; what stays is its wasm code.
 */
import { discoverRegion } from "../discover/discover.ts";
import { CodeMap, codeView } from "../discover/code_map.ts";
import { pointerInInstruction } from "../discover/code_pointers.ts";
import { type CodeEntries, findEntries, type ProgramMemory } from "../discover/entries.ts";
import type { Region } from "../discover/region.ts";
import { CodeModuleBuilder } from "../emit/module.ts";
import type { IrFunction } from "../ir/function.ts";
import { liftRegion } from "../lift/lift.ts";
import { encodeTraps } from "../machine/trap_codec.ts";
import { FLOW_SYSCALL } from "../x86/row.ts";
import { type UnsupportedInstruction, UnsupportedReport } from "./unsupported.ts";

/** As a whole function is better than its pieces, more than the lazy compiler takes at once. */
const MAX_INSTRUCTIONS = 12000;

export interface TranslateOptions {
  /** Module name: letters, digits, "_" and "."; faults are told apart by it. */
  name: string;
  /** Improves a region's IR in place. */
  optimise?: (fn: IrFunction) => void;
  /** Told of progress now and then: regions done and known so far. */
  onProgress?: (done: number, known: number) => void;
  /** Clock for the stage times, in milliseconds. */
  now?: () => number;
}

export interface TranslateStats {
  /** Instructions lifted, and how many different ones these were. */
  instructions: number;
  uniqueInstructions: number;
  /** Bytes of the different ones. */
  x86Bytes: number;
  regions: number;
  functions: number;
  wasmBytes: number;
  milliseconds: { entries: number; discover: number; lift: number; optimise: number; emit: number; assemble: number };
}

export interface Translation {
  name: string;
  wasm: Uint8Array<ArrayBuffer>;
  /** Region entries in table order: entries[i] is in slot i + 1. */
  entries: number[];
  /** Encoded trap table (machine/trap_codec.ts). */
  traps: Uint8Array<ArrayBuffer>;
  /** Instructions that raise SIGILL in the guest because we cannot run them, by mnemonic, most frequent first. */
  unsupported: UnsupportedInstruction[];
  stats: TranslateStats;
}

/** Compiles all code that can be found to be reachable. The same input gives the same bytes. */
export function translateProgram(program: ProgramMemory, options: TranslateOptions): Translation {
  const now = options.now ?? (() => performance.now());
  const ms = { entries: 0, discover: 0, lift: 0, optimise: 0, emit: 0, assemble: 0 };
  let last = now();
  const lap = (stage: keyof typeof ms) => {
    const t = now();
    ms[stage] += t - last;
    last = t;
  };
  const found = findEntries(program);
  const code = codeView(program.u8, found.map, [...program.readOnly, ...program.executable]);
  const builder = new CodeModuleBuilder(options.name, found.roots, (pc) => found.map.has(pc));
  const unsupported = new UnsupportedReport(program.u8);
  const tally = new Tally(found.map);
  lap("entries");
  for (let i = 0; i < builder.entries.length; i++) {
    const region = discoverRegion(code, builder.entries[i], MAX_INSTRUCTIONS);
    tally.add(region);
    wantTaken(region, found, builder);
    lap("discover");
    const fn = liftRegion(region, (insn) => unsupported.add(insn.pc, insn.length, insn.row.text ?? insn.row.mnemonic));
    for (const { failure } of region.blocks) if (failure !== null) unsupported.addFailure(failure);
    lap("lift");
    if (options.optimise !== undefined) {
      options.optimise(fn);
      lap("optimise");
    }
    builder.add(fn);
    lap("emit");
    if ((i & 255) === 0) options.onProgress?.(i, builder.entries.length);
  }
  const { bytes, entries, trapOffsets, trapPcs } = builder.finish();
  const traps = encodeTraps({ trapOffsets, trapPcs });
  lap("assemble");
  return {
    name: options.name,
    wasm: bytes,
    entries,
    traps,
    unsupported: unsupported.list(),
    stats: {
      ...tally.totals(),
      regions: entries.length,
      functions: found.functions,
      wasmBytes: bytes.length,
      milliseconds: ms,
    },
  };
}

/** Functions whose address the region takes, and what follows its system calls (a blocked task goes on there). */
function wantTaken(region: Region, { mayBeTaken }: CodeEntries, builder: CodeModuleBuilder): void {
  for (const block of region.blocks) {
    for (const insn of block.instructions) {
      const address = pointerInInstruction(insn);
      if (address >= 0 && mayBeTaken(address)) builder.want(address);
    }
    const end = block.instructions.at(-1);
    if (end !== undefined && end.row.flow === FLOW_SYSCALL) builder.want(end.nextPc);
  }
}

/** Counts instructions, and different ones by marks of its own. */
class Tally {
  readonly #seen: CodeMap;
  #instructions = 0;
  #unique = 0;
  #bytes = 0;

  constructor(map: CodeMap) {
    this.#seen = new CodeMap(map.ranges);
  }

  add(region: Region): void {
    for (const { instructions } of region.blocks) {
      this.#instructions += instructions.length;
      for (const { pc, length } of instructions) {
        if (this.#seen.get(pc)) continue;
        this.#seen.add(pc, 1);
        this.#unique++;
        this.#bytes += length;
      }
    }
  }

  totals(): { instructions: number; uniqueInstructions: number; x86Bytes: number } {
    return { instructions: this.#instructions, uniqueInstructions: this.#unique, x86Bytes: this.#bytes };
  }
}
