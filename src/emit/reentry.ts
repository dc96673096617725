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
import { analyseCfg, type Cfg, dominates, END_LANDING, END_REENTER } from "./cfg.ts";
import { predecessors } from "./loops.ts";
import { scratchWords } from "./scratch.ts";

/** A region's control flow, and the numbers of its blocks that can be entered again (0: cannot). */
export interface Reentry {
  cfg: Cfg;
  numbers: Int32Array;
  /** Numbers of fn.sideEntries. */
  sideNumbers: number[];
  /** Where a task that stopped in the region can go on, with the state block as the stop left it. */
  resumePoints: ResumePoint[];
}

/** A guest address at which a region can be entered by a number. */
export interface ResumePoint {
  pc: number;
  number: number;
  /** It follows a call or a system call; else a loop begins there. */
  isReturn: boolean;
}

/**
 * Analyses the region and, if it has anywhere to be entered but its entry, adds the gates; block 0 is one then. Without
 * `resumable` nothing is added for what follows calls.
 */
export function analyseReentry(fn: IrFunction, resumable: boolean): Reentry {
  const landings = resumable ? addLandings(fn) : new Map<number, Landing>();
  const movedEntry = fn.sideEntries.length > 0 ? addRoots(fn) : -1;
  const cfg = analyseCfg(fn);
  const reached = [...landings].filter(([site, { block }]) => cfg.rank[block] >= 0 && !fn.blocks[site].inlined);
  const landingOf = new Map(reached.map(([site, { block }]) => [site, block]));
  const sides = fn.sideEntries.map((b) => landingOf.get(b) ?? b);
  const sites = resumable ? fn.returnSites.filter(({ block }) => cfg.rank[block] >= 0 && !landingOf.has(block)) : [];
  const numbers = addGates(fn, cfg, movedEntry, [...sides, ...landingOf.values(), ...sites.map(({ block }) => block)]);
  if (numbers.size === 0) {
    return { cfg, numbers: scratchWords(fn.blocks.length), sideNumbers: [], resumePoints: [] };
  }
  const again = analyseCfg(fn);
  const fuelNumbers = scratchWords(fn.blocks.length);
  for (const b of again.order) if (again.fuel[b]) fuelNumbers[b] = numbers.get(b) ?? 0;
  const resumePoints = [...reached.map(([, landing]) => landing), ...sites]
    .map(({ block, pc }) => ({ pc, number: numbers.get(block)!, isReturn: true }));
  const known = new Set(resumePoints.map(({ pc }) => pc));
  for (let b = 0; resumable && b < fn.blocks.length; b++) {
    const { pc, inlined } = fn.blocks[b], number = fuelNumbers[b];
    if (number > 0 && !inlined && !known.has(pc)) resumePoints.push({ pc, number, isReturn: false });
  }
  return { cfg: again, numbers: fuelNumbers, sideNumbers: sides.map((b) => numbers.get(b)!), resumePoints };
}

interface Landing {
  block: number;
  /** Guest address that is landed at. */
  pc: number;
}

/** Has calls and system calls come back to landings; gives these by the blocks behind them. */
function addLandings(fn: IrFunction): Map<number, Landing> {
  const landings = new Map<number, Landing>();
  for (let b = 0, count = fn.blocks.length; b < count; b++) {
    const { kind, succ, returnPc, target } = fn.blocks[b];
    if (kind !== END_CALL && kind !== END_CALL_INDIRECT && kind !== END_SYSCALL) continue;
    const [site] = succ, pc = kind === END_SYSCALL ? target : returnPc;
    let landing = landings.get(site);
    if (landing === undefined) {
      landing = { block: fn.newBlock(-1), pc };
      landings.set(site, landing);
      const block = fn.blocks[landing.block];
      block.kind = END_LANDING;
      block.succ = [site];
    }
    fn.blocks[b].succ = succ.length === 1 ? [landing.block] : [landing.block, ...succ.slice(1)];
  }
  return landings;
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

/** `entries` are blocks to be numbered besides those that ask for fuel. */
function addGates(fn: IrFunction, cfg: Cfg, movedEntry: number, entries: readonly number[]): Map<number, number> {
  const numbers = new Map<number, number>();
  const around = loopsAround(fn, cfg);
  // These, and the heads of all loops around them.
  const nodes = new Set<number>();
  const addNode = (b: number): void => {
    for (let n = b; n >= 0; n = around(n)) nodes.add(n);
  };
  for (const b of cfg.order) if (cfg.fuel[b]) addNode(b);
  for (const b of entries) addNode(b);
  if (nodes.size === 0) return numbers;
  const inside = new Map<number, number[]>();
  for (const b of cfg.order) {
    if (!nodes.has(b)) continue;
    const list = inside.get(around(b));
    if (list === undefined) inside.set(around(b), [b]);
    else list.push(b);
  }
  const entry = movedEntry >= 0 ? movedEntry : moveEntry(fn);
  fn.blocks[0].succ.length = fn.blocks[0].pcs.length = 1;

  const addArms = (gate: number, blocks: readonly number[]): void => {
    for (const b of blocks) {
      const target = b === 0 ? entry : b;
      const number = numbers.size + 1;
      numbers.set(target, number);
      fn.blocks[gate].succ.push(target);
      fn.blocks[gate].pcs.push(number);
      const inner = inside.get(b);
      // The new gate takes the head's place in the arm just made, too.
      if (inner !== undefined) addArms(addGate(fn, target, number), inner);
    }
    fn.blocks[gate].index = numbers.size;
  };
  addArms(0, inside.get(-1)!);
  return numbers;
}

/** Gives for a block the head of the innermost loop around it; for a loop's head, of the loop around that one; -1 for none. */
function loopsAround(fn: IrFunction, cfg: Cfg): (block: number) => number {
  const { from, end, list } = predecessors(fn, cfg);
  const owner = scratchWords(fn.blocks.length, -1), parents = scratchWords(fn.blocks.length, -1);
  // Inner loops have later heads, so they are complete when one around them is walked.
  for (let i = cfg.order.length - 1; i >= 0; i--) {
    const head = cfg.order[i];
    if (!cfg.loopHeader[head]) continue;
    owner[head] = head;
    const work: number[] = [];
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
  return (b) => owner[b] === b ? parents[b] : owner[b];
}

/** Gives the entry's content a block of its own, so that block 0 can be a gate. */
function moveEntry(fn: IrFunction): number {
  const block = fn.newBlock(-1);
  fn.blocks[block] = fn.blocks[0];
  const gate = fn.newBlock(-1);
  fn.blocks[0] = fn.blocks[gate];
  fn.blocks.pop();
  redirect(fn, 0, block);
  makeGate(fn.blocks[0], block, 0);
  return block;
}

function addGate(fn: IrFunction, head: number, number: number): number {
  const gate = fn.newBlock(-1);
  redirect(fn, head, gate);
  makeGate(fn.blocks[gate], head, number);
  return gate;
}

function makeGate(block: IrBlock, to: number, number: number): void {
  block.kind = END_REENTER;
  block.succ = [to];
  block.pcs = [number];
}

function redirect(fn: IrFunction, from: number, to: number): void {
  for (const block of fn.blocks) {
    if (leadsTo(block.succ, from)) block.succ = block.succ.map((s) => s === from ? to : s);
  }
}

/** As includes(), which takes longer for one or two. */
function leadsTo(succ: readonly number[], b: number): boolean {
  for (let i = 0; i < succ.length; i++) if (succ[i] === b) return true;
  return false;
}
