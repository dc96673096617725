/**
 * Makes control flow reducible where it is not. GCC makes loops with several entries when it merges equal code (-Os) and
 * around calls that it knows never to return. Such a loop gets a head of its own that all its entries are reached through:
 * edges to them set a selector and go to the head, which switches on it. Costs one br_table a round; only there.
 */
import { END_JUMP, type IrFunction } from "../ir/function.ts";
import type { Cfg } from "./cfg.ts";

/** Ends of blocks made here, in addition to those of the IR. */
export const END_SELECT = 64; // a loop's head: to succ[selector]
export const END_JUMP_SELECTED = 65; // selector = index; to succ[0]

/** Rewrites edges of the function and adds blocks so that every loop has one entry. */
export function makeReducible(fn: IrFunction, cfg: Cfg): void {
  for (let b = 0; b < fn.blocks.length; b++) if (cfg.rank[b] < 0) fn.blocks[b].succ = [];
  separateEntry(fn);
  // Sets of blocks to look for loops in; heads of loops already dealt with are left out.
  const work: number[][] = [fn.blocks.map((_, i) => i)];
  while (work.length > 0) {
    for (const loop of loopsWithin(fn, work.pop()!)) {
      const inside = new Set(loop);
      const entries = entriesOf(fn, inside);
      if (entries.length === 1) {
        work.push(loop.filter((b) => b !== entries[0]));
        continue;
      }
      addHead(fn, entries, inside);
      // The head is outside `loop`, and with it the way around through the entries.
      work.push(loop);
    }
  }
}

/** Blocks of the loop that edges from outside lead to, in order. */
function entriesOf(fn: IrFunction, inside: ReadonlySet<number>): number[] {
  const entries = new Set<number>();
  fn.blocks.forEach((block, b) => {
    if (inside.has(b)) return;
    for (const s of block.succ) if (inside.has(s)) entries.add(s);
  });
  return [...entries].sort((a, b) => a - b);
}

/** Sends all edges to the entries through a new block that switches. */
function addHead(fn: IrFunction, entries: number[], inside: ReadonlySet<number>): void {
  const count = fn.blocks.length;
  const head = fn.newBlock(-1);
  Object.assign(fn.blocks[head], { kind: END_SELECT, succ: entries });
  // One block an entry sets the selector; edges from inside the loop have theirs, or these would be entries in turn.
  const setSelector = () =>
    new Map(entries.map((entry, index) => {
      const b = fn.newBlock(-1);
      Object.assign(fn.blocks[b], { kind: END_JUMP_SELECTED, index, succ: [head] });
      return [entry, b];
    }));
  const fromOutside = setSelector(), fromInside = setSelector();
  for (let b = 0; b < count; b++) {
    const block = fn.blocks[b];
    const via = inside.has(b) ? fromInside : fromOutside;
    block.succ = block.succ.map((s) => via.get(s) ?? s);
  }
}

/** Puts a block in front of the entry if something leads back to it: the entry is then in no loop. */
function separateEntry(fn: IrFunction): void {
  if (!fn.blocks.some((block) => block.succ.includes(0))) return;
  const moved = fn.newBlock(-1);
  fn.blocks[moved] = { ...fn.blocks[0] };
  for (const block of fn.blocks) block.succ = block.succ.map((s) => s === 0 ? moved : s);
  fn.blocks[0] = {
    ...fn.blocks[0],
    pc: -1,
    first: 0,
    end: 0,
    kind: END_JUMP,
    value: -1,
    index: -1,
    pcs: [],
    succ: [moved],
  };
}

/** Strongly connected components of more than one block, or with an edge to itself (Tarjan 1972, without recursion). */
function loopsWithin(fn: IrFunction, blocks: readonly number[]): number[][] {
  const member = new Set(blocks);
  const index = new Map<number, number>(), low = new Map<number, number>();
  const onStack = new Set<number>();
  const stack: number[] = [], loops: number[][] = [];
  for (const root of blocks) {
    if (index.has(root)) continue;
    const path: [block: number, next: number][] = [[root, 0]];
    enter(root);
    while (path.length > 0) {
      const frame = path[path.length - 1];
      const [b, next] = frame;
      const { succ } = fn.blocks[b];
      if (next < succ.length) {
        frame[1]++;
        const s = succ[next];
        if (!member.has(s)) continue;
        if (!index.has(s)) {
          enter(s);
          path.push([s, 0]);
        } else if (onStack.has(s)) low.set(b, Math.min(low.get(b)!, index.get(s)!));
        continue;
      }
      path.pop();
      const parent = path.at(-1)?.[0];
      if (parent !== undefined) low.set(parent, Math.min(low.get(parent)!, low.get(b)!));
      if (low.get(b) === index.get(b)) leave(b);
    }
  }
  return loops;

  function enter(b: number): void {
    index.set(b, index.size);
    low.set(b, index.get(b)!);
    stack.push(b);
    onStack.add(b);
  }

  function leave(b: number): void {
    const loop: number[] = [];
    for (let m = -1; m !== b;) {
      m = stack.pop()!;
      onStack.delete(m);
      loop.push(m);
    }
    if (loop.length > 1 || fn.blocks[b].succ.includes(b)) loops.push(loop.sort((x, y) => x - y));
  }
}
