import { EFAULT, EINVAL, EPERM, ESRCH } from "../abi/errno.ts";
import * as abi from "../abi/capability.ts";
import { SYS_capget, SYS_capset } from "../abi/syscall_numbers.ts";
import type { Kernel } from "../kernel.ts";
import { loadU32, readableRange, storeU32, writableRange, writeU32 } from "../memory/user_memory.ts";
import type { Credentials } from "../task/credentials.ts";
import type { Task } from "../task/task.ts";
import { full, type SyscallRow } from "./support.ts";

/** Words of each set that a header's version stands for; -EINVAL, and the version to use stored, if it is unknown. */
function wordsOf(t: Task, header: number, version: number): number {
  if (version === abi.CAPABILITY_VERSION_1) return 1;
  if (version === abi.CAPABILITY_VERSION_2 || version === abi.CAPABILITY_VERSION_3) return 2;
  return writeU32(t, header, abi.CAPABILITY_VERSION_3) < 0 ? -EFAULT : -EINVAL;
}

/** capget(2) */
function sysCapget(k: Kernel, t: Task, header: number, data: number): number {
  const at = readableRange(t, header, 8);
  if (at < 0) return at;
  const version = loadU32(t.memory, at), pid = loadU32(t.memory, at + 4) | 0;
  const words = wordsOf(t, header, version);
  if (words < 0) return data === 0 && words === -EINVAL ? 0 : words;
  if (pid < 0) return -EINVAL;
  const target = pid === 0 ? t.process : k.tasks.get(pid)?.process;
  if (target === undefined) return -ESRCH;
  if (data === 0) return 0;
  const to = writableRange(t, data, words * abi.CAP_USER_DATA_BYTES);
  if (to < 0) return to;
  const { effective, permitted, inheritable } = target.credentials;
  for (let i = 0; i < words; i++) {
    const word = to + i * abi.CAP_USER_DATA_BYTES;
    [effective, permitted, inheritable].forEach((set, j) => storeU32(t.memory, word + 4 * j, i === 0 ? set : 0));
  }
  return 0;
}

/** capset(2): of oneself only. */
function sysCapset(_k: Kernel, t: Task, header: number, data: number): number {
  const at = readableRange(t, header, 8);
  if (at < 0) return at;
  const version = loadU32(t.memory, at), pid = loadU32(t.memory, at + 4) | 0;
  const words = wordsOf(t, header, version);
  if (words < 0) return words;
  if (pid !== 0 && pid !== t.process.pid && pid !== t.tid) return -EPERM;
  const from = readableRange(t, data, words * abi.CAP_USER_DATA_BYTES);
  if (from < 0) return from;
  const [effective, permitted, inheritable] = [0, 4, 8].map((offset) => loadU32(t.memory, from + offset) | 0);
  // The high word holds capabilities that nobody has here; as in Linux bits beyond the last one do not count.
  const HIGH = (1 << (abi.CAP_LAST_CAP - 31)) - 1;
  const asksForHigh = words === 2 &&
    ((loadU32(t.memory, from + 12) | loadU32(t.memory, from + 16) | loadU32(t.memory, from + 20)) & HIGH) !== 0;
  return asksForHigh ? -EPERM : change(t.process.credentials, effective, permitted, inheritable);
}

/** cap_capset() */
function change(c: Credentials, effective: number, permitted: number, inheritable: number): number {
  if (!c.can(abi.CAP_SETPCAP) && inheritable & ~(c.inheritable | c.permitted)) return -EPERM;
  if (inheritable & ~(c.inheritable | c.bounding)) return -EPERM;
  if (permitted & ~c.permitted || effective & ~permitted) return -EPERM;
  c.effective = effective;
  c.permitted = permitted;
  c.inheritable = inheritable;
  c.ambient &= permitted & inheritable;
  return 0;
}

/** PR_CAPBSET_DROP */
export function dropBounding(c: Credentials, capability: number): number {
  if (!c.can(abi.CAP_SETPCAP)) return -EPERM;
  if (capability < 0 || capability > abi.CAP_LAST_CAP) return -EINVAL;
  if (capability < 32) c.bounding &= ~(1 << capability);
  return 0;
}

/** PR_CAPBSET_READ */
export function readBounding(c: Credentials, capability: number): number {
  if (capability < 0 || capability > abi.CAP_LAST_CAP) return -EINVAL;
  return capability < 32 ? c.bounding >>> capability & 1 : 0;
}

/** PR_SET_SECUREBITS */
export function setSecureBits(c: Credentials, bits: number): number {
  const locked = (c.secureBits & abi.SECURE_LOCKS) >>> 1;
  const changesLocked = ((c.secureBits ^ bits) & locked) !== 0 || (c.secureBits & abi.SECURE_LOCKS & ~bits) !== 0;
  if (bits & ~abi.SECURE_ALL || changesLocked || !c.can(abi.CAP_SETPCAP)) return -EPERM;
  c.secureBits = bits;
  return 0;
}

/** PR_CAP_AMBIENT */
export function changeAmbient(c: Credentials, operation: number, capability: number): number {
  if (operation === abi.PR_CAP_AMBIENT_CLEAR_ALL) {
    if (capability !== 0) return -EINVAL;
    c.ambient = 0;
    return 0;
  }
  if (capability < 0 || capability > abi.CAP_LAST_CAP) return -EINVAL;
  const bit = capability < 32 ? 1 << capability : 0;
  switch (operation) {
    case abi.PR_CAP_AMBIENT_IS_SET:
      return c.ambient & bit ? 1 : 0;
    case abi.PR_CAP_AMBIENT_LOWER:
      c.ambient &= ~bit;
      return 0;
    case abi.PR_CAP_AMBIENT_RAISE:
      if (!(c.permitted & c.inheritable & bit) || (c.secureBits & abi.SECBIT_NO_CAP_AMBIENT_RAISE)) return -EPERM;
      c.ambient |= bit;
      return 0;
    default:
      return -EINVAL;
  }
}

export const capabilityRows: [number, SyscallRow][] = [
  [SYS_capget, full("capget", sysCapget, ["header", "data"])],
  [SYS_capset, full("capset", sysCapset, ["header", "data"])],
];
