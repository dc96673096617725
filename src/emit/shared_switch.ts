/**
 * One switch for all indirect jumps of a region through the same table. An interpreter with computed gotos has such a jump at
 * the end of each instruction it knows: two hundred switches over two hundred targets are more edges than a compiler of wasm
 * can take. Jumps set the target and the index and go to the one switch; the processor still predicts it by the ways there.
 */
import { END_SWITCH_PC, type IrFunction } from "../ir/function.ts";

/** Ends of blocks made here: pc = value, index = index (looked up in pcs if that is < 0); to succ[0]. */
export const END_JUMP_SWITCHED = 68;
/** The switch they go to: to the block whose pcs[i] is the pc, where succ[index] is it; else out of the region. */
export const END_SWITCH_SHARED = 69;

/** Switches with fewer targets stay where they are. */
const MIN_TARGETS = 8;

/**
 * Joins the switches over equal targets. One without an index (compilers keep the first instruction's address in a register)
 * looks its index up: with ways of its own to all targets it would make each of them the head of a loop.
 */
export function shareSwitches(fn: IrFunction): void {
  const groups = new Map<string, number[]>(), lookups: number[] = [];
  fn.blocks.forEach(({ kind, index, pcs }, b) => {
    if (kind !== END_SWITCH_PC || pcs.length < MIN_TARGETS) return;
    if (index < 0) return void lookups.push(b);
    const key = pcs.join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [b]);
    else group.push(b);
  });
  const shared: { block: number; targets: Set<number>; pcs: number[] }[] = [];
  for (const group of groups.values()) {
    if (group.length < 2) continue;
    const { succ, pcs } = fn.blocks[group[0]];
    const block = fn.newBlock(-1);
    Object.assign(fn.blocks[block], { kind: END_SWITCH_SHARED, succ, pcs });
    for (const b of group) Object.assign(fn.blocks[b], { kind: END_JUMP_SWITCHED, succ: [block], pcs: [] });
    shared.push({ block, targets: new Set(pcs), pcs });
  }
  for (const b of lookups) {
    const to = shared.find(({ targets }) => fn.blocks[b].pcs.every((pc) => targets.has(pc)));
    if (to !== undefined) Object.assign(fn.blocks[b], { kind: END_JUMP_SWITCHED, succ: [to.block], pcs: to.pcs });
  }
}
