import { describe, expect, it } from "vitest";
import { END_BRANCH, END_JUMP, END_RETURN, IrFunction } from "../ir/function.ts";
import { analyseCfg, dominates } from "./cfg.ts";
import { END_JUMP_ARM, END_JUMP_SELECTED, END_SELECT } from "./irreducible.ts";
import { END_JUMP_SWITCHED, END_SWITCH_SHARED } from "./shared_switch.ts";

function graph(successors: number[][]): IrFunction {
  const fn = new IrFunction(0x1000);
  successors.forEach((succ, i) => {
    fn.newBlock(0x1000 + i);
    Object.assign(fn.blocks[i], { succ: [...succ], kind: [END_RETURN, END_JUMP, END_BRANCH][succ.length] });
  });
  return fn;
}

/** The same, with blocks that go to a shared switch (the last block) in place of their last successor. */
function interpreter(successors: number[][], sites: number[], targets: number[]): IrFunction {
  const fn = graph(successors), at = fn.newBlock(-1);
  Object.assign(fn.blocks[at], {
    kind: END_SWITCH_SHARED,
    succ: [...targets],
    pcs: targets.map((b) => fn.blocks[b].pc),
  });
  for (const b of sites) Object.assign(fn.blocks[b], { kind: END_JUMP_SWITCHED, succ: [at] });
  return fn;
}

/** Where a walk goes that takes the given side at each branch and switch, seen as guest addresses. */
function walk(fn: IrFunction, sides: number[]): number[] {
  const seen: number[] = [];
  let b = 0, selector = -1, pc = -1, k = 0;
  for (let steps = 0; steps < 200 && k < sides.length; steps++) {
    const block = fn.blocks[b];
    if (block.pc >= 0) seen.push(block.pc);
    if (block.succ.length === 0) break;
    if (block.kind === END_JUMP_SELECTED) selector = block.index;
    if (block.kind === END_JUMP_ARM) [selector, pc] = [block.index, block.target];
    if (block.kind === END_JUMP_SWITCHED) {
      const { pcs } = fn.blocks.find(({ kind }) => kind === END_SWITCH_SHARED)!;
      selector = sides[k++] % TARGETS;
      pc = pcs[selector];
    }
    if (block.kind === END_SWITCH_SHARED) {
      if (block.pcs[selector] !== pc) throw new Error("the target is not that of the index");
      b = block.succ[selector];
    } else if (block.kind === END_SELECT) b = block.succ[selector];
    else b = block.succ[block.kind === END_BRANCH ? sides[k++] % 2 : 0];
  }
  return seen;
}

/** A way round on which nothing asks for fuel, as blocks; or none. */
function endless(fn: IrFunction): number[] {
  const { fuel, order } = analyseCfg(fn), state = new Map<number, "open" | "done">(), path: number[] = [];
  const visit = (b: number): boolean => {
    if (fuel[b] !== 0 || state.get(b) === "done") return false;
    path.push(b);
    if (state.get(b) === "open") return true;
    state.set(b, "open");
    if (fn.blocks[b].succ.some(visit)) return true;
    state.set(b, "done");
    path.pop();
    return false;
  };
  return [...order].some(visit) ? path : [];
}

function irreducibleEdges(fn: IrFunction): string[] {
  const cfg = analyseCfg(fn);
  return [...cfg.order].flatMap((b) =>
    fn.blocks[b].succ.filter((s) => cfg.rank[s] <= cfg.rank[b] && !dominates(cfg, s, b)).map((s) => `${b}->${s}`)
  );
}

/** Targets of the switch in tests. */
const TARGETS = 3;

function randomNumbers(): (n: number) => number {
  let seed = 1;
  return (n) => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return (seed >> 8) % n;
  };
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
    const random = randomNumbers();
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

  it("have the switch for a head that all their ways lead to", () => {
    // Block 1 and the switch are entered from outside.
    const fn = interpreter([[1, 4], [], [], [], []], [1, 2, 3, 4], [1, 2, 3]), switched = 5;
    const { loopHeader } = analyseCfg(fn);
    expect(fn.blocks.some(({ kind }) => kind === END_SELECT)).toBe(false);
    expect(fn.blocks.filter(({ kind }) => kind === END_JUMP_ARM)).toMatchObject([
      { index: 0, target: 0x1001, succ: [switched] },
      { index: 0, target: 0x1001, succ: [switched] },
    ]);
    expect(loopHeader[switched]).toBe(1);
  });

  it("ask for fuel on every way round, through switches, too", () => {
    const random = randomNumbers();
    for (let round = 0; round < 1000; round++) {
      const n = 4 + random(6);
      const successors = Array.from({ length: n }, () => Array.from({ length: random(3) }, () => random(n)));
      const sites = [...new Set(Array.from({ length: 1 + random(4) }, () => random(n)))];
      const targets = Array.from({ length: TARGETS }, (_, i) => (random(n - TARGETS + 1) + i) % n);
      if (new Set(targets).size < TARGETS) continue;
      const fn = interpreter(successors, sites, targets), told = JSON.stringify({ successors, sites, targets });
      expect(irreducibleEdges(fn), told).toEqual([]);
      expect(endless(fn), told).toEqual([]);
      const sides = Array.from({ length: 12 }, () => random(6));
      const plain = interpreter(successors, sites, targets);
      expect(walk(fn, sides).slice(0, 12), told).toEqual(walk(plain, sides).slice(0, 12));
    }
  });
});
