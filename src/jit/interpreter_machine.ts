import { codeRanges } from "./code_ranges.ts";
import { IrFaultReplay } from "./fault_replay.ts";
import { type CodeView, discoverRegion } from "../discover/discover.ts";
import type { Region } from "../discover/region.ts";
import type { IrFunction } from "../ir/function.ts";
import { interpretRegion, type RegionCpu } from "../ir/interpret.ts";
import { liftRegion, type UnsupportedSink } from "../lift/lift.ts";
import { type GuestMemory, PlainGuestMemory } from "../machine/guest_memory.ts";
import { helperBodies } from "../machine/helpers/index.ts";
import { hasStack } from "../machine/helpers/protection.ts";
import type { HelperBody } from "../machine/helpers/types.ts";
import { MODE_CHECKED } from "../machine/code_mode.ts";
import { CODE_GENERATED, CODE_WRITABLE } from "../machine/machine.ts";
import type { Machine, MachineClient } from "../machine/machine.ts";
import { NO_CLIENT } from "../machine/no_client.ts";
import { nextUsedPageOf } from "../machine/used_pages.ts";
import {
  GUEST_LOWEST,
  STATE_FAULT_ERROR,
  STATE_FAULT_HIGH,
  STATE_FUEL,
  STATE_RIP,
  STATE_STOP,
  STOP_CODE_CHANGED,
  STOP_FLOAT_MODE,
  STOP_NONE,
  STOP_SEGV,
  STOP_TEST,
} from "../machine/state.ts";

/** Backward edges between two questions whether to yield. */
const FUEL = 20_000;

/** Regions kept; beyond that all are dropped: a program in its next phase rarely returns to most of them. */
const MAX_CACHED_REGIONS = 20_000;

/** Instructions of a region. Small: what is interpreted may well run once. */
const REGION_INSTRUCTIONS = 500;

/** What the cache keeps of a region. */
interface CachedRegion {
  fn: IrFunction;
  /** Guest addresses of its code: [start, end). */
  start: number;
  end: number;
}

/** Runs guest code by lifting regions and interpreting their IR. Slow and simple: the oracle, and the fallback for misses. */
export class InterpreterMachine implements Machine, RegionCpu, CodeView {
  client: MachineClient = NO_CLIENT;
  readonly faults: IrFaultReplay = new IrFaultReplay();
  /** run() returns STOP_TEST when it is about to enter this guest address. */
  stopAt = -1;
  /** Told of instructions that have no lifter. */
  onUnsupported: UnsupportedSink = () => {};
  /** Of the code being discovered. */
  keepsFlags = false;
  readonly #regions: Map<number, CachedRegion> = new Map();
  #checked = false;

  constructor(
    readonly memory: GuestMemory,
    readonly helpers: readonly (HelperBody | undefined)[] = helperBodies,
  ) {}

  get u8(): Uint8Array {
    return this.memory.u8;
  }

  // Every jump stays in the region, and nothing is taken as constant: any entry and any memory will do.
  isFunctionStart(): boolean {
    return false;
  }

  isReadOnly(): boolean {
    return false;
  }

  run(): number {
    const { memory } = this;
    let pc = memory.i32[STATE_RIP >> 2] >>> 0;
    memory.i32[STATE_STOP >> 2] = STOP_NONE;
    memory.i32[STATE_FAULT_HIGH >> 2] = memory.i32[STATE_FAULT_ERROR >> 2] = 0;
    if (memory.i32[STATE_FUEL >> 2] <= 0) memory.i32[STATE_FUEL >> 2] = FUEL;
    for (;;) {
      if (pc === this.stopAt) return this.#stop(pc);
      const next = interpretRegion(this.#region(pc), this, FUEL);
      if (next >= 0) {
        pc = next;
        if (!hasStack(this, pc)) return STOP_SEGV;
      } else if (next === -STOP_CODE_CHANGED) {
        pc = memory.i32[STATE_RIP >> 2] >>> 0;
        memory.i32[STATE_STOP >> 2] = STOP_NONE;
        this.codeChanged(pc, pc + 1);
      } else if (next === -STOP_FLOAT_MODE) pc = memory.i32[STATE_RIP >> 2] >>> 0;
      else return -next;
    }
  }

  #stop(pc: number): number {
    const words = this.memory.i32;
    words[STATE_RIP >> 2] = pc | 0;
    words[(STATE_RIP >> 2) + 1] = 0;
    return words[STATE_STOP >> 2] = STOP_TEST;
  }

  #region(pc: number): IrFunction {
    const known = this.#regions.get(pc);
    if (known !== undefined) return known.fn;
    const traits = this.client.codeTraits(pc);
    this.keepsFlags = (traits & CODE_GENERATED) !== 0;
    const region = discoverRegion(this, pc, REGION_INSTRUCTIONS);
    const guard = traits & CODE_WRITABLE ? { ranges: codeRanges(this.u8, region), surroundings: null } : null;
    const fn = liftRegion(region, this.client.cpuLevel, this.onUnsupported, guard, this.#checked ? MODE_CHECKED : 0);
    if (this.#regions.size >= MAX_CACHED_REGIONS) this.#regions.clear();
    this.#regions.set(pc, { fn, ...extent(region) });
    return fn;
  }

  fork(): InterpreterMachine {
    const copy = this.#sibling(this.memory.guestEnd);
    copy.memory.u8.set(this.memory.u8);
    for (const [pc, region] of this.#regions) copy.#regions.set(pc, region);
    copy.#checked = this.#checked;
    return copy;
  }

  blank(): InterpreterMachine {
    return this.#sibling(GUEST_LOWEST);
  }

  #sibling(guestEnd: number): InterpreterMachine {
    const machine = new InterpreterMachine(new PlainGuestMemory(guestEnd), this.helpers);
    machine.client = this.client;
    machine.onUnsupported = this.onUnsupported;
    return machine;
  }

  nextUsedPage(from: number, end: number): number {
    return nextUsedPageOf(this.memory.i32, from, end);
  }

  checkAccess(on: boolean): null {
    if (on !== this.#checked) this.#regions.clear();
    this.#checked = on;
    return null;
  }

  codeChanged(start: number, end: number): void {
    for (const [pc, region] of this.#regions) if (region.start < end && start < region.end) this.#regions.delete(pc);
  }

  dispose(): void {
    this.#regions.clear();
  }
}

/** The addresses a region's instructions span. A failed decode counts: what is mapped there later may be code. */
function extent(region: Region): { start: number; end: number } {
  let start = region.entryPc, end = region.entryPc + 1;
  for (const { pc, instructions, failure } of region.blocks) {
    start = Math.min(start, pc);
    end = Math.max(end, instructions.at(-1)?.nextPc ?? pc + 1, failure === null ? 0 : failure.pc + 15);
  }
  return { start, end };
}
