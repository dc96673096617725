import { type CodeView, discoverRegion } from "../discover/discover.ts";
import type { IrFunction } from "../ir/function.ts";
import { interpretRegion, type RegionCpu } from "../ir/interpret.ts";
import { liftRegion, type UnsupportedSink } from "../lift/lift.ts";
import type { CpuLevel } from "../machine/cpu_level.ts";
import { helperBodies } from "../machine/helpers/index.ts";
import { STATE_RIP, STATE_STOP_INFO, STOP_NONE } from "../machine/state.ts";
import type { MissInterpreter, WasmMachine } from "../machine/wasm_machine.ts";
import { codeRanges } from "./code_ranges.ts";
import { IrFaultReplay } from "./fault_replay.ts";
import { type CodeRange, sameBytes } from "../machine/code_cache.ts";

/** Instructions of an interpreted region: small, since it should soon reach compiled code. */
const REGION_INSTRUCTIONS = 300;
/** Regions kept. */
const MAX_REGIONS = 5000;
/** Backward edges between two questions whether to yield. */
const FUEL = 20_000;

interface Cached {
  fn: IrFunction;
  ranges: CodeRange[];
}

/**
 * Runs what has no compiled code where the host forbids compiling (Workers): region by region through the IR interpreter, until
 * a pc that has code.
 */
export class IrMissInterpreter implements MissInterpreter {
  readonly #regions = new Map<number, Cached>();
  /** Regions known to fit a machine's memory as it is: comparing their bytes each time would cost more than running them. */
  readonly #fitting = new WeakMap<WasmMachine, { codeVersion: number; regions: Map<number, IrFunction> }>();

  readonly faults: IrFaultReplay = new IrFaultReplay();

  constructor(readonly onUnsupported: UnsupportedSink = () => {}) {}

  run(machine: WasmMachine, isCompiled: (pc: number) => boolean): number {
    const cpu: RegionCpu = {
      memory: machine.memory,
      client: machine.client,
      helpers: helperBodies,
      faults: this.faults,
    };
    let pc = machine.memory.i32[STATE_RIP >> 2] >>> 0;
    for (;;) {
      const next = interpretRegion(this.#fittingRegion(machine, pc), cpu, FUEL);
      if (next < 0) return -next;
      const words = machine.memory.i32;
      words[STATE_RIP >> 2] = next | 0;
      words[(STATE_RIP >> 2) + 1] = 0;
      words[STATE_STOP_INFO >> 2] = 0;
      if (isCompiled(next)) return STOP_NONE;
      pc = next;
    }
  }

  #fittingRegion(machine: WasmMachine, pc: number): IrFunction {
    let fitting = this.#fitting.get(machine);
    if (fitting === undefined || fitting.codeVersion !== machine.codeVersion) {
      fitting = { codeVersion: machine.codeVersion, regions: new Map() };
      this.#fitting.set(machine, fitting);
    }
    let fn = fitting.regions.get(pc);
    if (fn === undefined) {
      fn = this.#region(machine.memory.u8, pc, machine.client.cpuLevel);
      if (fitting.regions.size >= MAX_REGIONS) fitting.regions.clear();
      fitting.regions.set(pc, fn);
    }
    return fn;
  }

  #region(u8: Uint8Array, pc: number, level: CpuLevel): IrFunction {
    const known = this.#regions.get(pc);
    if (known !== undefined && known.ranges.every((r) => sameBytes(u8, r))) return known.fn;
    const code: CodeView = { u8, isFunctionStart: () => false, isReadOnly: () => false };
    const region = discoverRegion(code, pc, REGION_INSTRUCTIONS);
    const fn = liftRegion(region, level, this.onUnsupported);
    if (this.#regions.size >= MAX_REGIONS) this.#regions.clear();
    this.#regions.set(pc, { fn, ranges: codeRanges(u8, region) });
    return fn;
  }
}
