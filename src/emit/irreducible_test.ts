import { describe, expect, it } from "vitest";
import { END_BRANCH, END_JUMP, END_RETURN, IrFunction } from "../ir/function.ts";
import { analyseCfg, dominates } from "./cfg.ts";
import { END_JUMP_SELECTED, END_SELECT } from "./irreducible.ts";

function graph(successors: number[][]): IrFunction {
  const fn = new IrFunction(0x1000);
  successors.forEach((succ, i) => {
    fn.newBlock(0x1000 + i);
    Object.assign(fn.blocks[i], { succ: [...succ], kind: [END_RETURN, END_JUMP, END_BRANCH][succ.length] });
  });
  return fn;
}

/** Where a walk goes that takes the given side at each branch, seen as guest addresses. */
function walk(fn: IrFunction, sides: number[]): number[] {
  const seen: number[] = [];
  let b = 0, selector = -1, k = 0;
  for (let steps = 0; steps < 200 && k < sides.length; steps++) {
    const block = fn.blocks[b];
    if (block.pc >= 0) seen.push(block.pc);
    if (block.succ.length === 0) break;
    if (block.kind === END_JUMP_SELECTED) selector = block.index;
    if (block.kind === END_SELECT) b = block.succ[selector];
    else b = block.succ[block.kind === END_BRANCH ? sides[k++] : 0];
  }
  return seen;
}

function irreducibleEdges(fn: IrFunction): string[] {
  const cfg = analyseCfg(fn);
  return [...cfg.order].flatMap((b) =>
    fn.blocks[b].succ.filter((s) => cfg.rank[s] <= cfg.rank[b] && !dominates(cfg, s, b)).map((s) => `${b}->${s}`)
  );
}

describe("loops with several entries", () => {
  it("get one head, and every path stays as it was", () => {
    const successors = [[1, 2], [2], [1, 3], []];
    const fn = graph(successors);
    expect(irreducibleEdges(fn)).toEqual([]);
    for (const sides of [[0, 1], [1, 1], [0, 0, 0, 1], [1, 0, 0, 0, 1]]) {
      expect(walk(fn, sides)).toEqual(walk(graph(successors), sides));
    }
  });

  it("leave reducible graphs alone", () => {
    const fn = graph([[1], [2, 3], [1], []]);
    analyseCfg(fn);
    expect(fn.blocks.length).toBe(4);
  });

  it("are mended in any graph", () => {
    let seed = 1;
    const random = (n: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return (seed >> 8) % n;
    };
    for (let round = 0; round < 500; round++) {
      const n = 2 + random(8);
      const successors = Array.from({ length: n }, () => Array.from({ length: random(3) }, () => random(n)));
      const fn = graph(successors);
      expect(irreducibleEdges(fn), JSON.stringify(successors)).toEqual([]);
      const sides = Array.from({ length: 12 }, () => random(2));
      expect(walk(fn, sides).slice(0, 12), JSON.stringify(successors)).toEqual(
        walk(graph(successors), sides).slice(0, 12),
      );
    }
  });
});
