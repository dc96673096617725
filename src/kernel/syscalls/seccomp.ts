import { CAP_SYS_ADMIN } from "../abi/capability.ts";
import { EACCES, EBUSY, EFAULT, EINVAL, EOPNOTSUPP, ESRCH } from "../abi/errno.ts";
import * as abi from "../abi/seccomp.ts";
import { SYS_seccomp } from "../abi/syscall_numbers.ts";
import type { Kernel } from "../kernel.ts";
import { loadU32, readableRange, writableRange } from "../memory/user_memory.ts";
import { type BpfProgram, isValidFilter } from "../task/bpf.ts";
import { SeccompFilter, seccompMode } from "../task/seccomp.ts";
import type { Task } from "../task/task.ts";
import { partial, type SyscallRow } from "./support.ts";

const FLAGS = abi.SECCOMP_FILTER_FLAG_TSYNC | abi.SECCOMP_FILTER_FLAG_LOG | abi.SECCOMP_FILTER_FLAG_SPEC_ALLOW |
  abi.SECCOMP_FILTER_FLAG_NEW_LISTENER | abi.SECCOMP_FILTER_FLAG_TSYNC_ESRCH;

/** struct seccomp_notif_sizes: seccomp_notif, seccomp_notif_resp, seccomp_data. */
const NOTIF_SIZES = [80, 24, 64];

const ACTIONS: readonly number[] = [
  abi.SECCOMP_RET_KILL_PROCESS,
  abi.SECCOMP_RET_KILL_THREAD,
  abi.SECCOMP_RET_TRAP,
  abi.SECCOMP_RET_ERRNO,
  abi.SECCOMP_RET_USER_NOTIF,
  abi.SECCOMP_RET_TRACE,
  abi.SECCOMP_RET_LOG,
  abi.SECCOMP_RET_ALLOW,
];

function sysSeccomp(_k: Kernel, t: Task, operation: number, flags: number, args: number): number {
  switch (operation) {
    case abi.SECCOMP_SET_MODE_STRICT:
      return flags !== 0 || args !== 0 ? -EINVAL : setStrict(t);
    case abi.SECCOMP_SET_MODE_FILTER:
      return setFilter(t, flags, args);
    case abi.SECCOMP_GET_ACTION_AVAIL: {
      if (flags !== 0) return -EINVAL;
      const at = readableRange(t, args, 4);
      if (at < 0) return at;
      return ACTIONS.includes(loadU32(t.memory, at) | 0) ? 0 : -EOPNOTSUPP;
    }
    case abi.SECCOMP_GET_NOTIF_SIZES: {
      if (flags !== 0) return -EINVAL;
      const at = writableRange(t, args, 6);
      if (at < 0) return at;
      NOTIF_SIZES.forEach((size, i) => t.memory.view.setUint16(at + 2 * i, size, true));
      return 0;
    }
    default:
      return -EINVAL;
  }
}

/** prctl(PR_SET_SECCOMP) */
export function setSeccompMode(t: Task, mode: number, args: number): number {
  if (mode === abi.SECCOMP_MODE_STRICT) return setStrict(t);
  return mode === abi.SECCOMP_MODE_FILTER ? setFilter(t, 0, args) : -EINVAL;
}

/** A mode once set is not left for another. */
function setStrict(t: Task): number {
  if (seccompMode(t) === abi.SECCOMP_MODE_FILTER) return -EINVAL;
  if (t.seccomp === null) t.seccomp = new SeccompFilter(null, null);
  return 0;
}

function setFilter(t: Task, flags: number, args: number): number {
  if (flags & ~FLAGS) return -EINVAL;
  const syncs = (flags & abi.SECCOMP_FILTER_FLAG_TSYNC) !== 0;
  if (flags & abi.SECCOMP_FILTER_FLAG_NEW_LISTENER) {
    if (syncs && (flags & abi.SECCOMP_FILTER_FLAG_TSYNC_ESRCH) === 0) return -EINVAL;
    // As where another filter has a listener already: nobody here would answer.
    return -EBUSY;
  }
  const program = readProgram(t, args);
  if (typeof program === "number") return program;
  const { process } = t;
  if (!process.noNewPrivs && !process.credentials.can(CAP_SYS_ADMIN)) return -EACCES;
  if (!isValidFilter(program)) return -EINVAL;
  if (seccompMode(t) === abi.SECCOMP_MODE_STRICT) return -EINVAL;
  if (syncs) {
    const other = process.tasks.find((task) => task !== t && !isAncestor(task.seccomp, t.seccomp));
    if (other !== undefined) return flags & abi.SECCOMP_FILTER_FLAG_TSYNC_ESRCH ? -ESRCH : other.tid;
  }
  t.seccomp = new SeccompFilter(program, t.seccomp);
  if (syncs) { for (const task of process.tasks) task.seccomp = t.seccomp; }
  return 0;
}

/** True if a thread with the first chain only has filters that the second one has, too. */
function isAncestor(filter: SeccompFilter | null, of: SeccompFilter | null): boolean {
  if (filter === null) return true;
  for (let f = of; f !== null; f = f.previous) if (f === filter) return true;
  return false;
}

/** struct sock_fprog: a count, and a pointer to instructions. */
function readProgram(t: Task, pointer: number): BpfProgram | number {
  const head = readableRange(t, pointer, abi.SOCK_FPROG_BYTES);
  if (head < 0) return -EFAULT;
  const count = loadU32(t.memory, head) & 0xffff, from = loadU32(t.memory, head + 8);
  if (count === 0 || count > abi.BPF_MAXINSNS) return -EINVAL;
  const at = readableRange(t, from, count * abi.SOCK_FILTER_BYTES);
  if (at < 0) return -EFAULT;
  const program = new Int32Array(count * 4), { view } = t.memory;
  for (let i = 0; i < count; i++) {
    const insn = at + i * abi.SOCK_FILTER_BYTES;
    program.set([view.getUint16(insn, true), view.getUint8(insn + 2), view.getUint8(insn + 3)], i * 4);
    program[i * 4 + 3] = view.getInt32(insn + 4, true);
  }
  return program;
}

export const seccompRows: readonly (readonly [number, SyscallRow])[] = [
  [SYS_seccomp, partial("seccomp", sysSeccomp, "no listeners: EBUSY", ["op:int", "flags", "args"])],
];
