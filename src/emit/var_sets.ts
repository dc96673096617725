/** Sets of a region's state variables, for each of its blocks. */
import type { IrFunction } from "../ir/function.ts";
import { HELPERS } from "../ir/helpers.ts";
import { OP } from "../ir/ops.ts";
import { scratchWords } from "./scratch.ts";

/** Pairs of 32-bit masks: low for variables 0..31 (general registers, flags), high for 32..63 (xmm, upper halves of ymm). */
export class VarSets {
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** In scratch memory: for one region. */
  constructor(blocks: number) {
    this.low = scratchWords(blocks);
    this.high = scratchWords(blocks);
  }
}

/** What a block writes, and what it reads before. */
export function summarise(fn: IrFunction, b: number, set: VarSets, use: VarSets): void {
  const { op: ops, a } = fn, { first, end } = fn.blocks[b];
  let s = 0, sHigh = 0, u = 0, uHigh = 0;
  for (let i = first; i < end; i++) {
    const op = ops[i];
    if (op === OP.getvar) {
      const v = a[i];
      if (v < 32) u |= ~s & (1 << v);
      else uHigh |= ~sHigh & (1 << (v - 32));
    } else if (op === OP.setvar) {
      const v = a[i];
      if (v < 32) s |= 1 << v;
      else sHigh |= 1 << (v - 32);
    } else if (op === OP.helper) {
      const { reads, writes } = HELPERS[a[i]];
      for (const v of reads) {
        if (v < 32) u |= ~s & (1 << v);
        else uHigh |= ~sHigh & (1 << (v - 32));
      }
      for (const v of writes) {
        if (v < 32) s |= 1 << v;
        else sHigh |= 1 << (v - 32);
      }
    }
  }
  set.low[b] = s;
  set.high[b] = sHigh;
  use.low[b] = u;
  use.high[b] = uHigh;
}
