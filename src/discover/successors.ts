/** Where control goes from the blocks of a region. */
import {
  FLOW_BRANCH,
  FLOW_CALL,
  FLOW_CALL_INDIRECT,
  FLOW_JUMP,
  FLOW_JUMP_INDIRECT,
  FLOW_NEXT,
  FLOW_SYSCALL,
  FLOW_TRAP,
} from "../x86/row.ts";
import { isLinkage } from "./flag_liveness.ts";
import type { Region, RegionBlock } from "./region.ts";

/** Addresses a block may go on to inside the region; `leaves` if it may also leave with flags that somebody may read. */
export function successors(block: RegionBlock, region: Region): { pcs: number[]; flagsAtExit: number } {
  const last = block.instructions.at(-1);
  if (block.failure !== null || last === undefined) return { pcs: [], flagsAtExit: 0 };
  const next = last.nextPc;
  switch (last.row.flow) {
    case FLOW_NEXT:
    case FLOW_SYSCALL:
      return { pcs: [next], flagsAtExit: 0 };
    case FLOW_BRANCH:
      return { pcs: [last.operands[0].immLo >>> 0, next], flagsAtExit: 0 };
    case FLOW_JUMP:
      return { pcs: [last.operands[0].immLo >>> 0], flagsAtExit: 0 };
    case FLOW_JUMP_INDIRECT: {
      // What the known targets of a switch do not read, the others do not either, in code that compilers make.
      const table = region.jumpTables.get(last.pc);
      return {
        pcs: table?.targets ?? [],
        flagsAtExit: (table === undefined && !isLinkage(block.instructions)) || region.keepsFlags ? 63 : 0,
      };
    }
    case FLOW_TRAP:
      // A SIGTRAP handler may look at the flags. After other traps nobody does: they end paths that are errors.
      return { pcs: [], flagsAtExit: last.row.mnemonic === "int3" ? 63 : 0 };
    default:
      // Calls and returns: the System V ABI leaves flags undefined there. A callee or a return site that does read them is
      // seen when it is discovered (Region.flagsLiveIn, and successors of calls below).
      return { pcs: [], flagsAtExit: region.keepsFlags ? 63 : 0 };
  }
}

/** Addresses at which control may go on inside the function after a block, behind its call included. */
export function blockTargets(block: RegionBlock, region: Region): number[] {
  const { pcs } = successors(block, region);
  const last = block.instructions.at(-1);
  const isCall = last?.row.flow === FLOW_CALL || last?.row.flow === FLOW_CALL_INDIRECT;
  return isCall && !region.deadEnds.has(last.nextPc) ? [last.nextPc] : pcs;
}
