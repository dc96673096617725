import { type CodeView, discoverRegion } from "../discover/discover.ts";
import type { IrFunction } from "../ir/function.ts";
import { interpretRegion, type RegionCpu } from "../ir/interpret.ts";
import { liftRegion, type UnsupportedSink } from "../lift/lift.ts";
import { MODE_CHECKED } from "../machine/code_mode.ts";
import { CODE_GENERATED, CODE_WRITABLE } from "../machine/machine.ts";
import { helperBodies } from "../machine/helpers/index.ts";
import { hasStack } from "../machine/helpers/protection.ts";
import { STATE_RIP, STATE_STOP, STATE_STOP_INFO, STOP_CODE_CHANGED, STOP_NONE, STOP_SEGV } from "../machine/state.ts";
import type { MissInterpreter, WasmMachine } from "../machine/wasm_machine.ts";
import { codeRanges } from "./code_ranges.ts";
import { IrFaultReplay } from "./fault_replay.ts";
import type { CodeRange } from "../machine/code_range.ts";

/** Instructions of an interpreted region: small, since it should soon reach compiled code. */
const REGION_INSTRUCTIONS = 300;
/** Regions kept. */
const MAX_REGIONS = 5000;
/** Backward edges between two questions whether to yield. */
const FUEL = 20_000;

interface Cached {
  fn: IrFunction;
  ranges: CodeRange[];
  /** CODE_ bits: where it can be written, it compares these when it is entered. */
  traits: number;
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
      const words = machine.memory.i32;
      if (next === -STOP_CODE_CHANGED) {
        this.#fitting.delete(machine);
        pc = words[STATE_RIP >> 2] >>> 0;
        words[STATE_STOP >> 2] = STOP_NONE;
        continue;
      }
      if (next < 0) return -next;
      words[STATE_RIP >> 2] = next | 0;
      words[(STATE_RIP >> 2) + 1] = 0;
      words[STATE_STOP_INFO >> 2] = 0;
      if (!hasStack(cpu, next)) return STOP_SEGV;
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
      fn = this.#region(machine, pc);
      if (fitting.regions.size >= MAX_REGIONS) fitting.regions.clear();
      fitting.regions.set(pc, fn);
    }
    return fn;
  }

  #region(machine: WasmMachine, pc: number): IrFunction {
    const { memory: { u8, i32 }, client } = machine;
    const mode = machine.isChecked ? MODE_CHECKED : 0;
    const known = this.#regions.get(pc), traits = client.codeTraits(pc) | mode;
    if (known !== undefined && known.traits === traits && !known.ranges.some((r) => r.differs(i32))) {
      return known.fn;
    }
    const code: CodeView = {
      u8,
      isFunctionStart: () => false,
      isReadOnly: () => false,
      keepsFlags: (traits & CODE_GENERATED) !== 0,
    };
    const region = discoverRegion(code, pc, REGION_INSTRUCTIONS);
    const ranges = codeRanges(u8, region);
    const guard = traits & CODE_WRITABLE ? { ranges, surroundings: null } : null;
    const fn = liftRegion(region, client.cpuLevel, this.onUnsupported, guard, mode);
    if (this.#regions.size >= MAX_REGIONS) this.#regions.clear();
    this.#regions.set(pc, { fn, ranges, traits });
    return fn;
  }
}
