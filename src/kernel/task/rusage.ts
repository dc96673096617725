import type { GuestMemory } from "../../machine/guest_memory.ts";
import { NS_PER_SECOND } from "../abi/time.ts";
import { storeU64 } from "../memory/user_memory.ts";

/** struct rusage (getrusage(2)): two timevals and fourteen longs. */
export const RUSAGE_BYTES = 144;
const MAXRSS = 32;

/** All CPU time counts as user time: our kernel's own is not told apart. `maxRssKb` is 0 where it is not known. */
export function storeRusage(m: GuestMemory, at: number, cpuNs: number, maxRssKb = 0): void {
  m.u8.fill(0, at, at + RUSAGE_BYTES);
  storeU64(m, at, Math.floor(cpuNs / NS_PER_SECOND));
  storeU64(m, at + 8, Math.floor((cpuNs % NS_PER_SECOND) / 1000));
  storeU64(m, at + MAXRSS, maxRssKb);
}
