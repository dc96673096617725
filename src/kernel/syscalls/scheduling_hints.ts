import { EFAULT, EINVAL, EOPNOTSUPP, EPERM, ESRCH } from "../abi/errno.ts";
import * as sys from "../abi/syscall_numbers.ts";
import type { Kernel } from "../kernel.ts";
import { writableRange, writeU32 } from "../memory/user_memory.ts";
import type { Task } from "../task/task.ts";
import { partial, refused, type SyscallRow } from "./support.ts";

const IOPRIO_WHO_PROCESS = 1, IOPRIO_WHO_USER = 3;
const IOPRIO_CLASS_SHIFT = 13, IOPRIO_CLASS_RT = 1, IOPRIO_CLASS_IDLE = 3;

/** Whether ioprio_get or ioprio_set names somebody: 0, -EINVAL or -ESRCH. */
function ioprioTarget(k: Kernel, which: number, who: number): number {
  if (which < IOPRIO_WHO_PROCESS || which > IOPRIO_WHO_USER) return -EINVAL;
  return which === IOPRIO_WHO_PROCESS && who !== 0 && !k.tasks.has(who) ? -ESRCH : 0;
}

/** ioprio_get(2): nobody has a priority of their own. */
function sysIoprioGet(k: Kernel, _t: Task, which: number, who: number): number {
  return ioprioTarget(k, which, who);
}

/** ioprio_set(2): checked; there is no disk to take turns at. */
function sysIoprioSet(k: Kernel, t: Task, which: number, who: number, priority: number): number {
  const target = ioprioTarget(k, which, who);
  if (target !== 0) return target;
  // Above the level, bits 3 to 12 are hints.
  const group = priority >>> IOPRIO_CLASS_SHIFT, level = priority & 7;
  if (group > IOPRIO_CLASS_IDLE || (group === 0 && level !== 0)) return -EINVAL;
  return group === IOPRIO_CLASS_RT && !t.process.credentials.privileged ? -EPERM : 0;
}

const MPOL_DEFAULT = 0, MPOL_MAX = 6, MPOL_MODE_FLAGS = 0xe000, MPOL_F_MEMS_ALLOWED = 4;

/** get_mempolicy(2): the default policy on the one node. */
function sysGetMempolicy(
  k: Kernel,
  t: Task,
  mode: number,
  mask: number,
  _maxNode: number,
  _address: number,
  flags: number,
): number {
  if (flags & ~7) return -EINVAL;
  if (mode !== 0 && writeU32(t, mode, MPOL_DEFAULT) < 0) return -EFAULT;
  if (mask === 0) return 0;
  const bits = k.arg64(2);
  if (bits < 1) return -EINVAL;
  const bytes = Math.ceil(bits / 64) * 8;
  const at = writableRange(t, mask, bytes);
  if (at < 0) return at;
  t.memory.u8.fill(0, at, at + bytes);
  if (flags & MPOL_F_MEMS_ALLOWED) t.memory.u8[at] = 1;
  return 0;
}

/** set_mempolicy(2), mbind(2): every policy means the one node. */
function sysSetMempolicy(_k: Kernel, _t: Task, mode: number): number {
  const policy = mode & ~MPOL_MODE_FLAGS;
  return policy < MPOL_DEFAULT || policy > MPOL_MAX ? -EINVAL : 0;
}

function sysMbind(k: Kernel, t: Task, address: number, _length: number, mode: number): number {
  return address % 4096 !== 0 ? -EINVAL : sysSetMempolicy(k, t, mode);
}

const ONE_NODE = "there is one memory node";

/** Hints on where memory and time come from, of which there is one each. */
export const schedulingHintRows: [number, SyscallRow][] = [
  [sys.SYS_ioprio_get, partial("ioprio_get", sysIoprioGet, "always none", ["which:int", "who:int"])],
  [
    sys.SYS_ioprio_set,
    partial("ioprio_set", sysIoprioSet, "checked and forgotten", ["which:int", "who:int", "ioprio"]),
  ],
  [sys.SYS_get_mempolicy, partial("get_mempolicy", sysGetMempolicy, ONE_NODE, ["mode", "mask", "maxnode:uint"])],
  [sys.SYS_set_mempolicy, partial("set_mempolicy", sysSetMempolicy, ONE_NODE, ["mode:int", "mask", "maxnode:uint"])],
  [sys.SYS_mbind, partial("mbind", sysMbind, ONE_NODE, ["addr", "len:uint", "mode:int", "mask", "maxnode:uint"])],
  [sys.SYS_migrate_pages, refused("migrate_pages", EPERM, ONE_NODE)],
  [sys.SYS_move_pages, refused("move_pages", EPERM, ONE_NODE)],
  [sys.SYS_set_mempolicy_home_node, refused("set_mempolicy_home_node", EOPNOTSUPP, ONE_NODE)],
];
