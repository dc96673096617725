/**
 * Makes control flow reducible where it is not. GCC makes loops with several entries when it merges equal code (-Os) and
 * around calls that it knows never to return. Such a loop gets a head of its own that all its entries are reached through:
 * edges to them set a selector and go to the head, which switches on it. Costs one br_table a round; only there. The loop of an
 * interpreter has a switch that all its ways lead to, and that is its head already: the other entries become targets of it.
 */
import { END_JUMP, type IrBlock, type IrFunction } from "../ir/function.ts";
import type { Cfg } from "./cfg.ts";
import { END_SWITCH_SHARED } from "./shared_switch.ts";

/** Ends of blocks made here, in addition to those of the IR. */
export const END_SELECT = 64; // a loop's head: to succ[selector]
export const END_JUMP_SELECTED = 65; // selector = index; to succ[0]
export const END_JUMP_ARM = 70; // pc = target, index = index; to the shared switch succ[0]

/** Rewrites edges of the function and adds blocks so that every loop has one entry. */
export function makeReducible(fn: IrFunction, cfg: Cfg): void {
  for (let b = 0; b < fn.blocks.length; b++) if (cfg.rank[b] < 0) fn.blocks[b].succ = [];
  separateEntry(fn);
  const finder = new LoopFinder(fn);
  // Sets of blocks to look for loops in; heads of loops already dealt with are left out.
  const work: number[][] = [fn.blocks.map((_, i) => i)];
  while (work.length > 0) {
    for (const loop of finder.within(work.pop()!)) {
      const entries = finder.entriesOf(loop);
      if (entries.length === 1) {
        const [head] = entries;
        if (loop.length > 1) work.push(loop.filter((b) => b !== head));
        continue;
      }
      const inside = new Set(loop), head = joinSwitch(fn, entries, inside);
      if (head < 0) addHead(fn, entries, inside);
      finder.edgesChanged();
      // The head is outside what is left of the loop, and with it the way around through the entries.
      work.push(loop.filter((b) => b !== head));
    }
  }
}

/** Sends all edges to the entries through a new block that switches. */
function addHead(fn: IrFunction, entries: readonly number[], inside: ReadonlySet<number>): void {
  const head = fn.newBlock(-1);
  Object.assign(fn.blocks[head], { kind: END_SELECT, succ: entries });
  goThrough(fn, head, entries, inside, (index) => ({ kind: END_JUMP_SELECTED, index, succ: [head] }));
}

/**
 * Makes a shared switch of the loop its head: the entries become targets of it, which edges to them choose by its target and
 * index. Gives the switch, or -1 if none will do.
 */
function joinSwitch(fn: IrFunction, entries: readonly number[], inside: ReadonlySet<number>): number {
  const isSwitch = (b: number) => fn.blocks[b].kind === END_SWITCH_SHARED;
  const head = entries.find(isSwitch) ?? [...inside].find(isSwitch);
  if (head === undefined) return -1;
  const others = entries.filter((b) => b !== head), { succ, pcs } = fn.blocks[head];
  // An index says nothing by itself, as the program computes it: with it comes the address, which the arm compares.
  if (others.some((b) => fn.blocks[b].pc < 0)) return -1;
  for (const b of others) {
    if (succ.includes(b)) continue;
    succ.push(b);
    pcs.push(fn.blocks[b].pc);
  }
  goThrough(fn, head, others, inside, (i) => {
    const index = succ.indexOf(others[i]);
    return { kind: END_JUMP_ARM, index, target: pcs[index], succ: [head] };
  });
  return head;
}

/** Sends edges to the entries through blocks that `ends` gives the end of, by the entry's index; but not those of the head. */
function goThrough(
  fn: IrFunction,
  head: number,
  entries: readonly number[],
  inside: ReadonlySet<number>,
  ends: (index: number) => Partial<IrBlock>,
): void {
  const count = fn.blocks.length;
  // One block an entry; edges from inside the loop have theirs, or these would be entries in turn.
  const made = () =>
    new Map(entries.map((entry, index) => {
      const b = fn.newBlock(-1);
      Object.assign(fn.blocks[b], ends(index));
      return [entry, b];
    }));
  const fromOutside = made(), fromInside = made();
  for (let b = 0; b < count; b++) {
    if (b === head) continue;
    const { succ } = fn.blocks[b], via = inside.has(b) ? fromInside : fromOutside;
    // In place: see IrBlock.redirect.
    for (let k = 0; k < succ.length; k++) succ[k] = via.get(succ[k]) ?? succ[k];
  }
}

/** Puts a block in front of the entry if something leads back to it: the entry is then in no loop. */
function separateEntry(fn: IrFunction): void {
  if (!fn.blocks.some((block) => block.succ.includes(0))) return;
  const moved = fn.newBlock(-1), entry = fn.blocks[moved];
  const { resumePc, target, returnPc, trap, likely, inlined } = fn.blocks[moved] = fn.blocks[0];
  fn.blocks[0] = entry;
  fn.redirect(0, moved);
  Object.assign(entry, { resumePc, kind: END_JUMP, target, returnPc, trap, likely, succ: [moved], inlined });
}

/** Finds loops: strongly connected components of more than one block, or with an edge to itself (Tarjan 1972, without recursion). */
class LoopFinder {
  readonly #fn: IrFunction;
  /** Of each block, the number of the set that it was looked for in last, and of the loop asked about last. */
  #setOf!: Int32Array;
  #loopOf!: Int32Array;
  #sets = 0;
  #loops = 0;
  /** Order in which blocks were reached in their set, the lowest one that each leads to, and 1 while on the stack. */
  #index!: Int32Array;
  #low!: Int32Array;
  #onStack!: Uint8Array;
  /** Blocks that lead to each: #list[#from[b]] up to #from[b + 1]. */
  #from!: Int32Array;
  #list!: Int32Array;

  constructor(fn: IrFunction) {
    this.#fn = fn;
    this.edgesChanged();
  }

  /** There are other blocks and edges now. */
  edgesChanged(): void {
    const { blocks } = this.#fn, n = blocks.length;
    this.#sets = this.#loops = 0;
    this.#setOf = new Int32Array(n);
    this.#loopOf = new Int32Array(n);
    this.#index = new Int32Array(n);
    this.#low = new Int32Array(n);
    this.#onStack = new Uint8Array(n);
    const from = this.#from = new Int32Array(n + 2);
    for (let b = 0; b < n; b++) for (const s of blocks[b].succ) from[s + 2]++;
    for (let b = 2; b < n + 2; b++) from[b] += from[b - 1];
    this.#list = new Int32Array(from[n + 1]);
    for (let b = 0; b < n; b++) for (const s of blocks[b].succ) this.#list[from[s + 1]++] = b;
  }

  /** Blocks of the loop that edges from outside lead to, in order. */
  entriesOf(loop: readonly number[]): number[] {
    const number = ++this.#loops, entries: number[] = [];
    for (const b of loop) this.#loopOf[b] = number;
    for (const b of loop) {
      for (let k = this.#from[b]; k < this.#from[b + 1]; k++) {
        if (this.#loopOf[this.#list[k]] === number) continue;
        entries.push(b);
        break;
      }
    }
    return entries;
  }

  /** The loops among these blocks; the blocks of each in order. */
  within(members: readonly number[]): number[][] {
    const { blocks } = this.#fn, number = ++this.#sets, setOf = this.#setOf;
    const index = this.#index, low = this.#low, onStack = this.#onStack;
    const stack: number[] = [], loops: number[][] = [], path: number[] = [], next: number[] = [];
    let reached = 0;
    const enter = (b: number): void => {
      index[b] = low[b] = ++reached;
      stack.push(b);
      onStack[b] = 1;
      path.push(b);
      next.push(0);
    };
    for (const b of members) {
      setOf[b] = number;
      index[b] = 0;
    }
    for (const root of members) {
      if (index[root] !== 0) continue;
      enter(root);
      while (path.length > 0) {
        const top = path.length - 1, b = path[top], { succ } = blocks[b];
        if (next[top] < succ.length) {
          const s = succ[next[top]++];
          if (setOf[s] !== number) continue;
          if (index[s] === 0) enter(s);
          else if (onStack[s] === 1) low[b] = Math.min(low[b], index[s]);
          continue;
        }
        path.pop();
        next.pop();
        if (top > 0) low[path[top - 1]] = Math.min(low[path[top - 1]], low[b]);
        if (low[b] !== index[b]) continue;
        const loop: number[] = [];
        for (let m = -1; m !== b;) {
          m = stack.pop()!;
          onStack[m] = 0;
          loop.push(m);
        }
        if (loop.length > 1 || succ.includes(b)) loops.push(loop.sort((x, y) => x - y));
      }
    }
    return loops;
  }
}
