/**
 * Takes small functions into those that call them. A call of a region stores all registers that it has changed, and loads them
 * again; inside one region they stay where they are. What the guest can see is the same: the return address is pushed, and
 * compared when it is popped. The function keeps its own region, in which a task goes on that has stopped in a copy of it.
 */
import { blockTargets } from "../discover/successors.ts";
import { instructionCount, type Region, type RegionBlock } from "../discover/region.ts";
import {
  END_CALL,
  END_CALL_INDIRECT,
  END_EXIT,
  END_EXIT_INDIRECT,
  END_JUMP,
  END_RETURN,
  END_RETURN_INSIDE,
  type IrBlock,
  type IrFunction,
} from "../ir/function.ts";
import type { CpuLevel } from "../machine/cpu_level.ts";
import { RSP } from "../machine/state.ts";
import type { Instruction } from "../x86/instruction.ts";
import { FLOW_CALL, FLOW_CALL_INDIRECT, FLOW_JUMP_INDIRECT, FLOW_NEXT, FLOW_SYSCALL } from "../x86/row.ts";
import { liftBlocks, upperHalvesOf } from "./lift.ts";

/** Largest function that is taken in, in instructions: where a small loop calls it, and elsewhere. */
export const MAX_INLINE_INSTRUCTIONS = 24;
const MAX_INLINE_OUTSIDE_LOOPS = 10;
/** Blocks that are looked at for a small loop. */
const SMALL_LOOP = 24;

/** Calls inside functions that were taken in are taken in so deep. */
const MAX_DEPTH = 3;

/** A function may grow by its own size and this, in instructions. */
const GROWTH = 200;

/** A small function, as it is taken into others. */
export interface InlineFunction {
  region: Region;
  instructions: number;
  /** Registers whose upper halves it uses (IrFunction.upperHalves). */
  upperHalves: number;
  /** A task may stop in it, and return from it later. */
  mayStop: boolean;
}

/** A function as it is taken into others; null if it cannot be. `region` may be cut off above the largest size. */
export function inlineFunction(region: Region): InlineFunction | null {
  const instructions = instructionCount(region);
  if (instructions > MAX_INLINE_INSTRUCTIONS || region.jumpTables.size > 0) return null;
  if (region.blocks.some(({ failure }) => failure !== null)) return null;
  const ends = region.blocks.map(({ instructions: list }) => list[list.length - 1]);
  if (ends.some((end) => end === undefined || end.row.flow === FLOW_SYSCALL)) return null;
  const inside = new Set(region.blocks.map(({ pc }) => pc));
  const mayStop = region.blocks.some((block) => goesFar(block, region, inside) || block.instructions.some(seesStack));
  return { region, instructions, upperHalves: upperHalvesOf(region), mayStop };
}

/** True for a block that ends in a call, a jump out of the function, or one back to a loop's head. */
function goesFar(block: RegionBlock, region: Region, inside: ReadonlySet<number>): boolean {
  const { row: { flow }, pc: end } = block.instructions[block.instructions.length - 1];
  if (flow === FLOW_CALL || flow === FLOW_CALL_INDIRECT || flow === FLOW_JUMP_INDIRECT) return true;
  return blockTargets(block, region).some((pc) => pc <= end || !inside.has(pc));
}

/** True if an instruction may keep the return address, as setjmp() does. */
function seesStack({ row, operands }: Instruction): boolean {
  if (row.flow !== FLOW_NEXT || MOVES_STACK.has(row.mnemonic)) return false;
  return operands.some(({ base, index, reg }) => base === RSP || index === RSP || reg === RSP);
}

const MOVES_STACK = new Set(["push", "pop", "add", "sub"]);

export interface InlineOptions {
  level: CpuLevel;
  /** The function at an address, if it is one to be taken in. */
  functionAt(pc: number): InlineFunction | null;
  /** Largest number of instructions that a function may have in the end. */
  limit: number;
}

/** Takes functions into the lifted region `fn`, which has so many instructions. */
export function inlineCalls(fn: IrFunction, instructions: number, { level, functionAt, limit }: InlineOptions): void {
  if (fn.keepsFlags) return;
  let left = Math.min(limit, 2 * instructions + GROWTH) - instructions;
  let depths: Map<number, number> | null = null, looped: Set<number> | null = null;
  // Grows meanwhile.
  for (let b = 0; b < fn.blocks.length; b++) {
    const block = fn.blocks[b];
    const called = calledBy(block);
    if (called === 0) continue;
    const depth: number = depths?.get(b) ?? 0;
    const callee = depth < MAX_DEPTH ? functionAt(called) : null;
    if (callee === null || callee.instructions > left) continue;
    const isLooped: boolean = looped?.has(b) || isInSmallLoop(fn, b);
    if (!isLooped && callee.instructions > MAX_INLINE_OUTSIDE_LOOPS) continue;
    if ((callee.upperHalves & ~fn.upperHalves) !== 0) continue;
    left -= callee.instructions;
    const first = fn.blocks.length;
    const entry = liftBlocks(fn, callee.region, level, () => {}).get(callee.region.entryPc);
    const { returnPc, succ: [site] } = block;
    for (let i = first; i < fn.blocks.length; i++) {
      (depths ??= new Map()).set(i, depth + 1);
      if (isLooped) (looped ??= new Set()).add(i);
      comeBack(fn, i, returnPc, site);
    }
    if (block.kind === END_CALL) {
      block.kind = END_JUMP;
      block.succ = [entry];
    } else block.succ = [site, entry];
    if (callee.mayStop && !block.inlined) fn.returnSites.push({ pc: returnPc, block: site });
  }
}

/** True for a block from which control comes back to it through few others. */
function isInSmallLoop({ blocks }: IrFunction, b: number): boolean {
  // Few: looking through them takes less than a set.
  const seen: number[] = [];
  const add = (succ: readonly number[]): void => {
    for (const s of succ) if (!seen.includes(s)) seen.push(s);
  };
  add(blocks[b].succ);
  for (let i = 0; i < seen.length; i++) {
    if (seen[i] === b) return true;
    if (seen.length <= SMALL_LOOP) add(blocks[seen[i]].succ);
  }
  return false;
}

/** The address that a block calls, for certain or probably; 0 if there is none. */
function calledBy({ kind, target, likely }: IrBlock): number {
  return kind === END_CALL ? target : kind === END_CALL_INDIRECT ? likely : 0;
}

/** Has a block that leaves the function go on behind the call instead. */
function comeBack(fn: IrFunction, b: number, returnPc: number, site: number): void {
  const block = fn.blocks[b];
  block.inlined = true;
  if (block.kind === END_RETURN) block.kind = END_RETURN_INSIDE;
  else if (block.kind === END_EXIT) block.kind = END_CALL;
  else if (block.kind === END_EXIT_INDIRECT) block.kind = END_CALL_INDIRECT;
  else return;
  block.returnPc = returnPc;
  block.succ = [site];
}
