/** Natural loops of a reducible region. */
import type { IrFunction } from "../ir/function.ts";
import type { Cfg } from "./cfg.ts";

const NONE: number[] = [], FEW = 3;

/** Predecessors among reachable blocks, each once. */
export function predecessors(fn: IrFunction, cfg: Cfg): number[][] {
  const preds: number[][] = fn.blocks.map(() => NONE);
  for (const b of cfg.order) {
    for (const s of fn.blocks[b].succ) {
      const known = preds[s], n = known.length;
      // Edges of one block come together, so that a double one is the last.
      if (n > 0 && known[n - 1] === b) continue;
      // Arrays that grow make room for many; most blocks have one or two.
      if (n < FEW) preds[s] = [...known, b];
      else known.push(b);
    }
  }
  return preds;
}

/** Blocks of the loop of a head: those from which an edge back to it is reached without passing it. */
export function loopBody(cfg: Cfg, preds: readonly number[][], head: number): Set<number> {
  const body = new Set([head]);
  const work = preds[head].filter((p) => cfg.rank[p] >= cfg.rank[head]);
  while (work.length > 0) {
    const b = work.pop()!;
    if (body.has(b)) continue;
    body.add(b);
    for (const p of preds[b]) work.push(p);
  }
  return body;
}
