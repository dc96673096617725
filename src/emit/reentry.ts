/**
 * Makes a region enterable in other places than its entry: its function, called with a number in STATE_REENTER and a negative
 * depth (less REENTER_DEPTH), goes straight to the block of that number. These are the blocks where a loop asks for fuel, the
 * side entries of a region, and what follows its calls and system calls: wherever a task may stop, it can go on later.
 *
 * What for: a task that stops unwinds all its frames, and each is entered again at its return site. Parts of large functions
 * have many entries (discover/parts.ts). And V8 has no on-stack replacement for wasm. A loop entered cold stays in baseline
 * code, several times slower, until its function returns. So a loop that has used up its fuel goes on by a tail call to its own
 * function, whose optimised code may be there by then. No caller's frame unwinds, and no second copy of the loop is needed.
 *
 * An edge from the start into the middle of a loop nest would be irreducible. So the way leads through the nest: a gate
 * (END_REENTER) stands before the region's entry and before every loop with numbered blocks inside. Numbers count from 1 in
 * preorder of the nest, so that those inside a loop are a run behind its own. All registers are in the state block there and
 * after a call alike, so gates and calls share the code that loads them: a landing (END_LANDING) before the return site.
 */
import { END_CALL, END_CALL_INDIRECT, END_SYSCALL, type IrBlock, type IrFunction } from "../ir/function.ts";
import { resumeCode } from "../machine/resume_table.ts";
import { analyseCfg, type Cfg, dominates, END_LANDING, END_REENTER } from "./cfg.ts";
import { type BlockLists, predecessors } from "./loops.ts";
import { scratchBytes, scratchWords } from "./scratch.ts";

/** A region's control flow, and the numbers of its blocks that can be entered again (0: cannot). In scratch memory. */
export interface Reentry {
  cfg: Cfg;
  numbers: Int32Array;
  /** Numbers of fn.sideEntries. */
  sideNumbers: number[];
  /**
   * Where a task that stopped in the region can go on, with the state block as the stop left it: RESUME_WORDS for each place
   * (region_code.ts).
   */
  resumePoints: number[];
}

/**
 * Analyses the region and, if it has anywhere to be entered but its entry, adds the gates; block 0 is one then. Without
 * `resumable` nothing is added for what follows calls.
 */
export function analyseReentry(fn: IrFunction, resumable: boolean): Reentry {
  const { blocks } = fn;
  const landings = resumable ? addLandings(fn) : NO_LANDINGS;
  const movedEntry = fn.sideEntries.length > 0 ? addRoots(fn) : -1;
  const cfg = analyseCfg(fn), { rank } = cfg;
  // Blocks to be numbered besides those that ask for fuel: side entries, and where calls come back.
  const landingOf = scratchWords(blocks.length, -1), entries: number[] = [], pcs: number[] = [];
  for (let i = 0; i < landings.sites.length; i++) {
    const site = landings.sites[i], block = landings.first + i;
    if (rank[block] < 0 || blocks[site].inlined) continue;
    landingOf[site] = block;
    entries.push(block);
    pcs.push(landings.pcs[i]);
  }
  for (const { block, pc } of resumable ? fn.returnSites : []) {
    if (rank[block] < 0 || landingOf[block] >= 0) continue;
    entries.push(block);
    pcs.push(pc);
  }
  const sides = fn.sideEntries.map((b) => landingOf[b] >= 0 ? landingOf[b] : b);
  const numbers = addGates(fn, cfg, movedEntry, sides, entries);
  if (numbers === null) {
    return { cfg, numbers: scratchWords(blocks.length), sideNumbers: [], resumePoints: [] };
  }
  const again = analyseCfg(fn), { order, fuel } = again;
  const fuelNumbers = scratchWords(blocks.length);
  for (let i = 0; i < order.length; i++) if (fuel[order[i]] !== 0) fuelNumbers[order[i]] = numbers[order[i]];
  const resumePoints: number[] = [];
  for (let i = 0; i < entries.length; i++) resumePoints.push(pcs[i], resumeCode(numbers[entries[i]], true));
  let known: Set<number> | null = null;
  for (let b = 0; resumable && b < blocks.length; b++) {
    const number = fuelNumbers[b];
    if (number === 0 || blocks[b].inlined || (known ??= new Set(pcs)).has(blocks[b].pc)) continue;
    resumePoints.push(blocks[b].pc, resumeCode(number, false));
  }
  return { cfg: again, numbers: fuelNumbers, sideNumbers: sides.map((b) => numbers[b]), resumePoints };
}

/** Landing i is block first + i, before block sites[i], at the guest address pcs[i]. */
interface Landings {
  first: number;
  sites: readonly number[];
  pcs: readonly number[];
}

const NO_LANDINGS: Landings = { first: 0, sites: [], pcs: [] };

/** Has calls and system calls come back to landings. */
function addLandings(fn: IrFunction): Landings {
  const first = fn.blocks.length, sites: number[] = [], pcs: number[] = [];
  const landingOf = scratchWords(first, -1);
  for (let b = 0; b < first; b++) {
    const block = fn.blocks[b], { kind, succ } = block;
    if (kind !== END_CALL && kind !== END_CALL_INDIRECT && kind !== END_SYSCALL) continue;
    const [site] = succ;
    let landing = landingOf[site];
    if (landing < 0) {
      landing = landingOf[site] = fn.newBlock(-1);
      sites.push(site);
      pcs.push(kind === END_SYSCALL ? block.target : block.returnPc);
      const made = fn.blocks[landing];
      made.kind = END_LANDING;
      made.succ = [site];
    }
    block.succ = succ.length === 1 ? [landing] : [landing, ...succ.slice(1)];
  }
  return { first, sites, pcs };
}

/**
 * Makes block 0 a gate that leads to everything: to the entry, and to those side entries that nothing else leads to. For the
 * analysis that says which loops the blocks are in; addGates replaces these ways. Gives the block that has the entry's content.
 */
function addRoots(fn: IrFunction): number {
  const entry = moveEntry(fn);
  const seen = new Set<number>();
  const visit = (root: number): void => {
    const work = [root];
    while (work.length > 0) {
      const b = work.pop()!;
      if (seen.has(b)) continue;
      seen.add(b);
      work.push(...fn.blocks[b].succ);
    }
  };
  visit(entry);
  for (const b of fn.sideEntries) {
    if (seen.has(b)) continue;
    fn.blocks[0].succ.push(b);
    fn.blocks[0].pcs.push(0);
    visit(b);
  }
  return entry;
}

/**
 * Numbers the blocks that ask for fuel, and those of `sides` and `entries`; gives the numbers by block, or null if there are none.
 * The heads of all loops around them have gates.
 */
function addGates(
  fn: IrFunction,
  cfg: Cfg,
  movedEntry: number,
  sides: readonly number[],
  entries: readonly number[],
): Int32Array | null {
  const { order, fuel } = cfg, preds = predecessors(fn, cfg), around = loopsAround(fn, cfg, preds);
  const isNode = scratchBytes(fn.blocks.length);
  let any = false;
  const addNode = (b: number): void => {
    any = true;
    for (let n = b; n >= 0 && isNode[n] === 0; n = around[n]) isNode[n] = 1;
  };
  for (let i = 0; i < order.length; i++) if (fuel[order[i]] !== 0) addNode(order[i]);
  for (let i = 0; i < sides.length; i++) addNode(sides[i]);
  for (let i = 0; i < entries.length; i++) addNode(entries[i]);
  if (!any) return null;
  // The nodes inside each loop, in order: the first, and the next after each. Those in no loop are the first place's.
  const firstInside = scratchWords(fn.blocks.length + 1, -1), nextInside = scratchWords(fn.blocks.length, -1);
  for (let i = order.length - 1; i >= 0; i--) {
    const b = order[i], loop = around[b] + 1;
    if (isNode[b] === 0) continue;
    nextInside[b] = firstInside[loop];
    firstInside[loop] = b;
  }
  const entry = movedEntry >= 0 ? movedEntry : moveEntry(fn);
  fn.blocks[0].succ.length = fn.blocks[0].pcs.length = 1;
  const numbers = scratchWords(fn.blocks.length + order.length);
  let count = 0;

  const addArms = (gate: number, first: number): void => {
    for (let b = first; b >= 0; b = nextInside[b]) {
      const target = b === 0 ? entry : b;
      const number = ++count;
      numbers[target] = number;
      fn.blocks[gate].succ.push(target);
      fn.blocks[gate].pcs.push(number);
      if (firstInside[b + 1] < 0) continue;
      // The new gate takes the head's place in the arm just made, too.
      const inner = fn.newBlock(-1);
      fn.blocks[gate].redirect(target, inner);
      fn.blocks[0].redirect(target, inner);
      for (let k = preds.from[b]; k < preds.end[b]; k++) {
        const p = preds.list[k];
        fn.blocks[p === 0 ? entry : p].redirect(target, inner);
      }
      makeGate(fn.blocks[inner], target, number);
      addArms(inner, firstInside[b + 1]);
    }
    fn.blocks[gate].index = count;
  };
  addArms(0, firstInside[0]);
  return numbers;
}

/** For each block the head of the innermost loop around it; for a loop's head, of the loop around that one; -1 for none. */
function loopsAround(fn: IrFunction, cfg: Cfg, { from, end, list }: BlockLists): Int32Array {
  const owner = scratchWords(fn.blocks.length, -1), parents = scratchWords(fn.blocks.length, -1);
  const work: number[] = [];
  // Inner loops have later heads, so they are complete when one around them is walked.
  for (let i = cfg.order.length - 1; i >= 0; i--) {
    const head = cfg.order[i];
    if (cfg.loopHeader[head] === 0) continue;
    owner[head] = head;
    for (let k = from[head]; k < end[head]; k++) if (dominates(cfg, head, list[k])) work.push(list[k]);
    while (work.length > 0) {
      const b = work.pop()!;
      let next = b;
      if (owner[b] < 0) owner[b] = head;
      else {
        let loop = owner[b];
        while (loop !== head && parents[loop] >= 0) loop = parents[loop];
        if (loop === head) continue;
        parents[loop] = head;
        next = loop;
      }
      for (let k = from[next]; k < end[next]; k++) work.push(list[k]);
    }
  }
  for (let b = 0; b < fn.blocks.length; b++) if (owner[b] === b) owner[b] = parents[b];
  return owner;
}

/** Gives the entry's content a block of its own, so that block 0 can be a gate. */
function moveEntry(fn: IrFunction): number {
  const block = fn.newBlock(-1);
  fn.blocks[block] = fn.blocks[0];
  const gate = fn.newBlock(-1);
  fn.blocks[0] = fn.blocks[gate];
  fn.blocks.pop();
  fn.redirect(0, block);
  makeGate(fn.blocks[0], block, 0);
  return block;
}

function makeGate(block: IrBlock, to: number, number: number): void {
  block.kind = END_REENTER;
  block.succ = [to];
  block.pcs = [number];
}
