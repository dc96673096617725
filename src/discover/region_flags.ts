/** Which flags are live where in a region. */
import { FLAGS_ARITH } from "../machine/state.ts";
import { AddressMap } from "./address_map.ts";
import type { CodeView } from "./discover.ts";
import { flagsLiveBefore, flagsReadAt } from "./flag_liveness.ts";
import type { Region } from "./region.ts";
import { successors } from "./successors.ts";

/** Numbers of the blocks by address. */
const blockAt = new AddressMap();

function livenessOf(length: number) {
  const bytes = () => new Uint8Array(length);
  return { read: bytes(), written: bytes(), liveIn: bytes(), atExit: bytes() };
}

let livenessSpace = livenessOf(64);

/** Room for so many blocks, the same each time; `liveIn` is zero. */
function liveness(blocks: number) {
  if (livenessSpace.read.length < blocks) livenessSpace = livenessOf(2 * blocks);
  livenessSpace.liveIn.fill(0, 0, blocks);
  return livenessSpace;
}

/** Backward liveness of the arithmetic flags over the region; sets flagsLiveOut, returns what is live at the entry. */
export function solveFlagLiveness(region: Region, code: CodeView): number {
  const { blocks } = region, count = blocks.length;
  // Of each block: flags read before they are written, those that are written, live at its start, live when it leaves.
  const { read, written, liveIn, atExit } = liveness(count);
  blockAt.clear();
  for (let i = 0; i < count; i++) blockAt.set(blocks[i].pc, i);
  const readOutside = (pc: number): number => code.isFunctionStart(pc) ? flagsReadAt(code.u8, pc) : FLAGS_ARITH;
  /** Numbers of the blocks after each: those from from[i] on. */
  const after: number[] = [], from: number[] = [];
  for (let i = 0; i < count; i++) {
    const { instructions } = blocks[i], { pcs, flagsAtExit } = successors(blocks[i], region);
    let exit = flagsAtExit;
    from.push(after.length);
    for (let k = 0; k < pcs.length; k++) {
      const b = blockAt.get(pcs[k]);
      if (b >= 0) after.push(b);
      else exit |= readOutside(pcs[k]);
    }
    atExit[i] = exit;
    let open = 0, killed = 0;
    for (let k = instructions.length - 1; k >= 0; k--) {
      open = flagsLiveBefore(instructions[k], open);
      killed |= FLAGS_ARITH & ~flagsLiveBefore(instructions[k], FLAGS_ARITH);
    }
    read[i] = open;
    written[i] = killed;
  }
  from.push(after.length);
  for (let changed = true; changed;) {
    changed = false;
    for (let i = count - 1; i >= 0; i--) {
      let live = atExit[i];
      for (let k = from[i]; k < from[i + 1]; k++) live |= liveIn[after[k]];
      blocks[i].flagsLiveOut = live;
      live = (live & ~written[i]) | read[i];
      if (liveIn[i] === live) continue;
      liveIn[i] = live;
      changed = true;
    }
  }
  return liveIn[0];
}
