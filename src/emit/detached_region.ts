/**
 * Regions that were emitted apart from the module that they go into, where the indices of the functions that they call are not
 * known: perhaps in another thread. When they are, the code is what it would have been there, byte for byte.
 */
import type { IrFunction } from "../ir/function.ts";
import { ByteArena, WordArena } from "./arena.ts";
import { moveHints } from "./branch_hints.ts";
import { putU32, u32Length } from "./bytes.ts";
import { CodeLayout } from "./code_layout.ts";
import { RegionEmitter } from "./region.ts";
import { CALL_WORDS, NOTE_WORDS, type RegionCode, type RegionTarget } from "./region_code.ts";

/** A region whose calls are open (RegionCode.openCalls). */
export interface DetachedRegion extends RegionCode {
  /** Guest pcs that became targets, in the order in which emitting it asked for them. */
  targets: number[];
}

export class DetachedEmitter {
  readonly #emitter: RegionEmitter;
  #targets: number[] = [];

  /** `accepts`: whether a pc may become an entry (CodeModuleBuilder). */
  constructor(accepts: (pc: number) => boolean) {
    const none: RegionTarget = { kind: "none" };
    const { plan } = new CodeLayout((pc) => {
      if (!accepts(pc)) return none;
      this.#targets.push(pc);
      return { kind: "open", pc };
    });
    this.#emitter = new RegionEmitter(plan);
  }

  emit(fn: IrFunction): DetachedRegion {
    this.#targets = [];
    return { ...this.#emitter.emit(fn), targets: this.#targets };
  }
}

/** Puts indices in; what it gives is in memory of its own. */
export class RegionAttacher {
  readonly #bytes = new ByteArena();
  readonly #words = new WordArena();

  attach(region: DetachedRegion, indexOf: (pc: number) => number): RegionCode {
    const { targets, openCalls, body, traps, hints, ...facts } = region;
    for (let i = 0; i < targets.length; i++) indexOf(targets[i]);
    const calls = openCalls.length / CALL_WORDS, indices = this.#words.reserve(calls);
    let length = body.length;
    for (let i = 0; i < calls; i++) length += u32Length(indices[i] = indexOf(openCalls[CALL_WORDS * i + 1] >>> 0)) - 1;
    const out = this.#bytes.reserve(length);
    let from = 0, to = 0;
    for (let i = 0; i < calls; i++) {
      const at = openCalls[CALL_WORDS * i];
      out.set(body.subarray(from, at), to);
      to += at - from;
      to = putU32(out, to, indices[i]);
      from = at + 1;
    }
    out.set(body.subarray(from), to);
    const { notes } = traps, moved = this.#words.keep(notes);
    const shift = shifts(openCalls, indices);
    for (let i = 0; i < moved.length; i += NOTE_WORDS) moved[i] += shift(moved[i]);
    return {
      ...facts,
      body: out,
      traps: { notes: moved, sites: this.#words.keep(traps.sites) },
      hints: moveHints(hints, shifts(openCalls, indices)),
      resumePoints: this.#words.keep(facts.resumePoints),
      openCalls: NO_CALLS,
    };
  }
}

const NO_CALLS = new Int32Array(0);

/** By how much what was at an offset has moved; the offsets asked for ascend. */
function shifts(openCalls: Int32Array, indices: Int32Array): (offset: number) => number {
  let call = 0, shift = 0;
  return (offset) => {
    for (; call < indices.length && openCalls[CALL_WORDS * call] < offset; call++) {
      shift += u32Length(indices[call]) - 1;
    }
    return shift;
  };
}
