/** What a server asked for that is not there: for who wonders why it does not come up. */
import { firstOf } from "../errors.ts";
import { HIGHEST_END } from "../kernel/memory/layout.ts";
import { syscallName } from "../kernel/abi/syscall_numbers.ts";
import type { Kernel } from "../kernel/kernel.ts";

/** System calls named. */
const MOST = 4;
const GIB = 2 ** 30;

/** "it asked for system calls that are not there: setdomainname; it was refused a mapping of 10.0 GiB: ..."; "" if for nothing. */
export function describeShortfalls(k: Kernel): string {
  const said: string[] = [];
  const names = [...k.unimplemented.keys()].map(syscallName);
  if (names.length > 0) said.push(`it asked for system calls that are not there: ${firstOf(names, MOST)}`);
  if (k.largestRefusal > 0) {
    const wanted = (k.largestRefusal / GIB).toFixed(1);
    said.push(`it was refused a mapping of ${wanted} GiB: addresses end at ${Math.round(HIGHEST_END / GIB)} GiB`);
  }
  return said.join("; ");
}
