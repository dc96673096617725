/** Edges and natural loops of a region, in scratch memory. */
import type { IrFunction } from "../ir/function.ts";
import type { Cfg } from "./cfg.ts";
import { scratchWords } from "./scratch.ts";

/** Blocks that lead to each block, or that it leads to: those of b are list[from[b]] up to, without, list[end[b]]. */
export interface BlockLists {
  from: Int32Array;
  end: Int32Array;
  list: Int32Array;
}

/** Predecessors among reachable blocks, each once. */
export function predecessors(fn: IrFunction, { order }: Cfg): BlockLists {
  const { blocks } = fn, n = blocks.length;
  const from = scratchWords(n + 1), end = scratchWords(n);
  for (let i = 0; i < order.length; i++) {
    const { succ } = blocks[order[i]];
    for (let k = 0; k < succ.length; k++) from[succ[k]]++;
  }
  let edges = 0;
  for (let b = 0; b < n; b++) {
    const count = from[b];
    from[b] = end[b] = edges;
    edges += count;
  }
  const list = scratchWords(edges);
  for (let i = 0; i < order.length; i++) {
    const b = order[i], { succ } = blocks[b];
    for (let k = 0; k < succ.length; k++) {
      const s = succ[k], at = end[s];
      // Edges of one block come together, so that a double one is the last.
      if (at > from[s] && list[at - 1] === b) continue;
      list[at] = b;
      end[s] = at + 1;
    }
  }
  return { from, end, list };
}

/** Finds the blocks of loops, one loop after the other. */
export class LoopWalk {
  /** Those of the loop walked last, its head first. */
  readonly blocks: Int32Array;
  readonly #cfg: Cfg;
  readonly #preds: BlockLists;
  /** The head of the loop that a block was found in last. */
  readonly #foundIn: Int32Array;

  constructor(fn: IrFunction, cfg: Cfg, preds: BlockLists) {
    this.#cfg = cfg;
    this.#preds = preds;
    this.blocks = scratchWords(fn.blocks.length);
    this.#foundIn = scratchWords(fn.blocks.length, -1);
  }

  /** Blocks of the loop of a head: those from which an edge back to it is reached without passing it. Gives how many. */
  walk(head: number): number {
    const { blocks } = this, { rank } = this.#cfg, { from, end, list } = this.#preds, foundIn = this.#foundIn;
    let count = 0;
    foundIn[head] = head;
    blocks[count++] = head;
    for (let done = 0; done < count; done++) {
      const b = blocks[done];
      for (let k = from[b]; k < end[b]; k++) {
        const p = list[k];
        if (foundIn[p] === head || (b === head && rank[p] < rank[head])) continue;
        foundIn[p] = head;
        blocks[count++] = p;
      }
    }
    return count;
  }
}
