import { EINVAL } from "../abi/errno.ts";
import { SYS_getrandom } from "../abi/syscall_numbers.ts";
import type { Kernel } from "../kernel.ts";
import { writableRange } from "../memory/user_memory.ts";
import type { Task } from "../task/task.ts";
import { full, type SyscallRow } from "./support.ts";

const GRND_NONBLOCK = 1, GRND_RANDOM = 2, GRND_INSECURE = 4;
/** getrandom(2): a single call gives at most this. */
const MOST_BYTES = 33554431;
/** crypto.getRandomValues takes no more at a time. */
const HOST_CHUNK = 65536;

function sysGetrandom(k: Kernel, t: Task, buffer: number, _length: number, flags: number): number {
  if (flags & ~(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) return -EINVAL;
  if ((flags & (GRND_RANDOM | GRND_INSECURE)) === (GRND_RANDOM | GRND_INSECURE)) return -EINVAL;
  const wanted = k.arg64(1), length = wanted < 0 ? MOST_BYTES : Math.min(wanted, MOST_BYTES);
  const at = writableRange(t, buffer, length);
  if (at < 0) return at;
  for (let done = 0; done < length; done += HOST_CHUNK) {
    k.host.randomFill(t.memory.u8.subarray(at + done, at + Math.min(length, done + HOST_CHUNK)));
  }
  return length;
}

export const randomRows: readonly (readonly [number, SyscallRow])[] = [
  [SYS_getrandom, full("getrandom", sysGetrandom, ["buf", "count:uint", "flags"])],
];
