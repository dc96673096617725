/**
 * The registers at a fault. Compiled code keeps them in locals, which a wasm trap does not show; but the state block has them as
 * they were where the straight run of instructions began that ended in the fault. So the run is gone through again, on values
 * alone: what it stored has been stored, and is not stored twice. A value loaded from where the run itself stored later is
 * lost, and with it what was computed from it; such registers keep what the state block says.
 */
import type { Region } from "../discover/region.ts";
import { ACCESS_BYTES } from "../ir/access.ts";
import { Frame } from "../ir/frame.ts";
import type { IrBlock, IrFunction } from "../ir/function.ts";
import { HELPERS } from "../ir/helpers.ts";
import { executeOperation } from "../ir/interpret.ts";
import { KIND_LOAD, KIND_STORE, OP, OP_KIND, OP_VALUES } from "../ir/ops.ts";
import { VAR_COUNT, VAR_GPR, VAR_HOME } from "../ir/variables.ts";
import { liftRegion } from "../lift/lift.ts";
import type { CpuLevel } from "../machine/cpu_level.ts";
import type { FaultReplay } from "../machine/fault_site.ts";
import type { GuestMemory } from "../machine/guest_memory.ts";
import { NO_CLIENT } from "../machine/no_client.ts";
import { FLAGS_ARITH, GUEST_BIAS, RSP, STATE_SCRATCH, STOP_SEGV } from "../machine/state.ts";
import type { TrapSite } from "../machine/trap_table.ts";
import { decode, isFailure } from "../x86/decode.ts";
import { FLOW_NEXT } from "../x86/row.ts";
import type { Instruction } from "../x86/instruction.ts";
import { noteFaultAddress } from "./fault_address.ts";

/** Longest run that is gone through; regions are smaller. */
const MAX_RUN = 1 << 14;
/** Bytes of STATE_SCRATCH that helpers may write. */
const SCRATCH_BYTES = 64;

/** A stretch of linear memory that operation `by` has read or written. */
interface Access {
  by: number;
  at: number;
  bytes: number;
}

/** True where a set of variables (two masks) has one. */
export function hasVariable(low: number, high: number, variable: number): boolean {
  return ((variable < 32 ? low >>> variable : high >>> (variable - 32)) & 1) !== 0;
}

export class IrFaultReplay implements FaultReplay {
  replay(memory: GuestMemory, runs: readonly TrapSite[], pc: number, stop: number, level: CpuLevel): void {
    const unknown = new Uint8Array(VAR_COUNT), [root] = runs;
    for (let v = 0; v < VAR_COUNT; v++) unknown[v] = hasVariable(root.stale, root.staleHigh, v) ? 1 : 0;
    const rsp = VAR_HOME[VAR_GPR + RSP] >> 2;
    memory.i32[rsp] += root.rspDistance;
    const path = instructionsOf(memory, runs, pc);
    if (path === null) unknown.fill(1);
    else if (path.instructions.length > 0) new StraightRun(memory, path, unknown, level).apply();
    if (stop === STOP_SEGV) noteFaultAddress(memory, pc, unknown, level);
  }
}

/** What was done between the start of the first run and the fault. */
interface Path {
  instructions: Instruction[];
  /** Variables stored on the way, at the start of the instruction with this number. */
  stored: { at: number; low: number; high: number }[];
}

/** The instructions of the runs, up to `end`; null if these are not there. Jumps between runs do nothing to registers. */
function instructionsOf({ u8 }: GuestMemory, runs: readonly TrapSite[], end: number): Path | null {
  const instructions: Instruction[] = [], stored: Path["stored"] = [];
  for (let i = 0; i < runs.length; i++) {
    const { start, stored: low, storedHigh: high } = runs[i];
    if (i > 0 && (low | high) !== 0) stored.push({ at: instructions.length, low, high });
    const isLast = i + 1 === runs.length, until = isLast ? end >>> 0 : runs[i + 1].start;
    for (let at = start; at !== until;) {
      const insn = decode(u8, at - GUEST_BIAS, u8.length, at);
      if (isFailure(insn) || instructions.length >= MAX_RUN) return null;
      if (insn.row.flow !== FLOW_NEXT) {
        if (isLast || !JUMPS.has(insn.row.mnemonic)) return null;
        break;
      }
      instructions.push(insn);
      at = insn.nextPc;
    }
  }
  return { instructions, stored };
}

/** Control transfers inside a region that leave registers alone. */
const JUMPS = new Set(["jmp", "jcc", "jrcxz", "jecxz"]);

/** A region of these instructions in a row. */
export function straightRegion(run: Instruction[]): Region {
  const [{ pc }] = run;
  return {
    entryPc: pc,
    blocks: [{ pc, instructions: run, failure: null, flagsLiveOut: FLAGS_ARITH }],
    jumpTables: new Map(),
    likelyTargets: new Map(),
    deadEnds: new Set(),
    flagsLiveIn: FLAGS_ARITH,
    sideEntries: [],
    upperHalves: 0xffff,
  };
}

/** One pass over a block of operations that have been done already. */
class StraightRun {
  readonly #fn: IrFunction;
  readonly #block: IrBlock;
  readonly #frame = new Frame();
  readonly #loads: Access[] = [];
  readonly #stores: Access[] = [];
  /** 1 for operations whose value cannot be told. */
  readonly #lost: Uint8Array;
  /** Operation up to which what the state block has of a variable is younger than the run's start. */
  readonly #touched = new Int32Array(VAR_COUNT).fill(-1);
  /** Value of a variable at the end of the run, or -1. */
  readonly #result = new Int32Array(VAR_COUNT).fill(-1);

  /** `unknown`: 1 for variables of which the state block has not what they were at the start. */
  constructor(readonly memory: GuestMemory, path: Path, readonly unknown: Uint8Array, level: CpuLevel) {
    this.#fn = liftRegion(straightRegion(path.instructions), level);
    this.#block = this.#fn.blocks[0];
    this.#lost = new Uint8Array(this.#fn.count);
    this.#frame.reserve(this.#fn.count);
    this.#frame.pool = this.#fn.pool;
    this.#frame.cpu = { memory, client: NO_CLIENT };
    this.#noteStored(path);
  }

  /** Variables that were stored on the way are in the state block from that instruction on. */
  #noteStored({ instructions, stored }: Path): void {
    const { pc } = this.#fn, { first, end } = this.#block;
    let v = first, done = 0;
    const passed = new Set<number>();
    for (const { at, low, high } of stored) {
      for (; done < at; done++) passed.add(instructions[done].pc);
      while (v < end && passed.has(pc[v] >>> 0)) v++;
      for (let variable = 0; variable < VAR_COUNT; variable++) {
        if (hasVariable(low, high, variable)) this.#touched[variable] = v;
      }
    }
  }

  /** Puts the values at the run's end into the state block; `unknown` tells afterwards what is not right there. */
  apply(): void {
    for (let v = this.#block.first; v < this.#block.end; v++) this.#evaluate(v);
    while (this.#spreadLosses());
    const { op, b } = this.#fn;
    for (let variable = 0; variable < VAR_COUNT; variable++) {
      const set = this.#result[variable];
      if (set < 0) {
        if (this.#touched[variable] >= 0) this.unknown[variable] = 0;
        continue;
      }
      this.unknown[variable] = this.#lost[b[set]];
      if (this.#lost[b[set]] === 0) executeOperation(this.#frame, op[set], set, variable, b[set], -1);
    }
  }

  #evaluate(v: number): void {
    const { op, a, b, c } = this.#fn;
    switch (op[v]) {
      case OP.setvar:
        this.#result[a[v]] = v;
        return;
      case OP.trap_if:
      case OP.probe:
      case OP.check:
        return;
      case OP.helper:
        // It has had its effects; the variables it got and gave are in the state block since.
        this.#lost[v] = 1;
        this.#stores.push({ by: v, at: STATE_SCRATCH, bytes: SCRATCH_BYTES });
        for (const variable of [...HELPERS[a[v]].reads, ...HELPERS[a[v]].writes]) {
          this.#touched[variable] = v;
          this.#result[variable] = -1;
        }
        return;
      case OP.memory_copy:
      case OP.memory_fill:
        this.#stores.push({ by: v, at: this.#u32(a[v]), bytes: this.#u32(c[v]) });
        return;
    }
    const kind = OP_KIND[op[v]];
    if (kind === KIND_STORE) {
      this.#stores.push({ by: v, at: this.#u32(a[v]) + c[v], bytes: ACCESS_BYTES[op[v]] });
      return;
    }
    if (kind === KIND_LOAD) this.#loads.push({ by: v, at: this.#u32(a[v]) + b[v], bytes: ACCESS_BYTES[op[v]] });
    try {
      executeOperation(this.#frame, op[v], v, a[v], b[v], c[v]);
    } catch {
      // Values that are lost may be bad addresses and divisors; others were not.
      this.#lost[v] = 1;
    }
  }

  #u32(value: number): number {
    return this.#frame.u32[value * 4];
  }

  /** Marks values that cannot be told, given those marked so far. True if there are new ones. */
  #spreadLosses(): boolean {
    const lost = this.#lost, { op, a, b, c } = this.#fn;
    let any = false;
    const lose = (v: number) => {
      if (lost[v] !== 0) return;
      lost[v] = 1;
      any = true;
    };
    for (let v = this.#block.first; v < this.#block.end; v++) {
      if (op[v] === OP.getvar && this.#isUnknownAt(a[v], v)) lose(v);
      const values = OP_VALUES[op[v]];
      if (values & 1 && a[v] >= 0 && lost[a[v]]) lose(v);
      if (values & 2 && b[v] >= 0 && lost[b[v]]) lose(v);
      if (values & 4 && c[v] >= 0 && lost[c[v]]) lose(v);
    }
    for (const store of this.#stores) {
      const anywhere = op[store.by] !== OP.helper && lost[a[store.by]] !== 0;
      for (const load of this.#loads) {
        if (load.by < store.by && (anywhere || overlap(load, store))) lose(load.by);
      }
    }
    return any;
  }

  #isUnknownAt(variable: number, at: number): boolean {
    const touched = this.#touched[variable];
    return touched >= 0 ? at < touched : this.unknown[variable] !== 0;
  }
}

function overlap(x: Access, y: Access): boolean {
  return x.at < y.at + y.bytes && y.at < x.at + x.bytes;
}
