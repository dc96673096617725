/**
 * Which processes have their loads and stores checked. To check is to run code made for that (machine/code_mode.ts), which is
 * slower and is made as it is reached: so it is for those only that count on faults. They have a handler for SIGSEGV, and take
 * away with mprotect what a program may do with memory of its own that it has written: collectors that want to hear of the first
 * store to a page, or of the first load.
 *
 * Not counted is memory that was reserved without access first: runtimes open it piece by piece, and close for good what is
 * finished (V8's read-only heap). Nor is memory that becomes code. Nor pages that hold nothing: guards of stacks, polled pages.
 */
import { MAP_ANONYMOUS, MAP_PRIVATE, MAP_TYPE, PROT_EXEC, PROT_NONE, PROT_WRITE } from "../abi/mman.ts";
import { SIG_DFL, SIG_IGN, SIGSEGV } from "../abi/signal.ts";
import { GUEST_BIAS } from "../../machine/state.ts";
import type { Kernel } from "../kernel.ts";
import type { Process } from "../task/process.ts";
import type { AddressSpace } from "./address_space.ts";
import type { Vma } from "./vma.ts";

/** Flags of a Vma, beside the MAP_ flags: reserved without access; written, and then closed. */
export const VMA_RESERVED = 0x1000_0000, VMA_WITHDRAWN = 0x2000_0000;

/** Notes that mprotect gives the mapping this protection. */
export function noteProtection(space: AddressSpace, v: Vma, prot: number): void {
  if (v.flags & VMA_WITHDRAWN) {
    if (prot & PROT_WRITE) v.flags &= ~VMA_WITHDRAWN;
    return;
  }
  const closes = (v.prot & PROT_WRITE) !== 0 && (prot & PROT_WRITE) === 0 || v.prot !== PROT_NONE && prot === PROT_NONE;
  if (!closes || prot & ~v.prot & PROT_EXEC || v.flags & VMA_RESERVED) return;
  if ((v.flags & (MAP_TYPE | MAP_ANONYMOUS)) === (MAP_PRIVATE | MAP_ANONYMOUS) && holdsSomething(space, v)) {
    v.flags |= VMA_WITHDRAWN;
  }
}

function holdsSomething({ machine }: AddressSpace, v: Vma): boolean {
  const { u8 } = machine.memory, from = v.start - GUEST_BIAS, to = Math.min(v.end - GUEST_BIAS, u8.length);
  return machine.nextUsedPage(from, to) < to;
}

/**
 * Begins to check the process's accesses, or ceases to, after mappings or handlers have changed. A handler that goes does not
 * end it: processes that share the memory for a while (vfork) set theirs back.
 */
export function reviewChecks(k: Kernel, { space, signalHandlers }: Process): void {
  const anyWithdrawn = space.vmas.some((v) => v.flags & VMA_WITHDRAWN);
  if (!anyWithdrawn && !space.checked) return;
  const handler = signalHandlers.handler[SIGSEGV];
  const on = anyWithdrawn && (space.checked || (handler !== SIG_DFL && handler !== SIG_IGN));
  if (on === space.checked) return;
  space.setChecked(on);
  // The code that is running was made for the other mode.
  k.yieldRequested = true;
}
