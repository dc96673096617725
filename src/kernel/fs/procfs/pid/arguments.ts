import { ESRCH } from "../../../abi/errno.ts";
import type { Kernel } from "../../../kernel.ts";
import type { Process } from "../../../task/process.ts";
import { GUEST_BIAS } from "../../../../machine/state.ts";

/** /proc/<pid>/cmdline: as the process has it in memory now, so that titles set by rewriting argv show. */
export function cmdline(_k: Kernel, p: Process): Uint8Array {
  if (p.zombie) return new Uint8Array(0);
  const { argStart, argEnd, envStart, envEnd } = p.space;
  const bytes = slice(p, argStart, argEnd);
  // setproctitle: an overwritten final NUL says that the title goes on into the environment, up to its NUL.
  if (bytes.length === 0 || bytes[bytes.length - 1] === 0 || envStart !== argEnd) return bytes;
  const all = slice(p, argStart, envEnd), nul = all.indexOf(0);
  return nul < 0 ? all : all.subarray(0, nul);
}

/** /proc/<pid>/environ. */
export function environ(_k: Kernel, p: Process): Uint8Array | number {
  return p.zombie ? -ESRCH : slice(p, p.space.envStart, p.space.envEnd);
}

function slice(p: Process, start: number, end: number): Uint8Array {
  return start === 0 ? new Uint8Array(0) : p.machine.memory.u8.slice(start - GUEST_BIAS, end - GUEST_BIAS);
}
