import type { Kernel } from "../kernel.ts";
import { blockOnOne } from "../task/block.ts";
import type { Task } from "../task/task.ts";
import { describedDentry } from "../vfs/anonymous.ts";
import { locksOf } from "../vfs/locks.ts";
import { usable } from "./io_wait.ts";
import { full, type SyscallRow } from "./support.ts";
import { F_RDLCK, F_UNLCK, F_WRLCK, LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN } from "../abi/fcntl.ts";
import { EAGAIN, EINVAL } from "../abi/errno.ts";
import { SYS_flock } from "../abi/syscall_numbers.ts";

/** flock(2): a lock of the whole file that belongs to the description. */
function sysFlock(k: Kernel, t: Task, fd: number, operation: number): number {
  const d = usable(t, fd);
  if (typeof d === "number") return d;
  const locks = locksOf(describedDentry(k, d).inode);
  switch (operation & ~LOCK_NB) {
    case LOCK_UN:
      locks.setFlock(d, F_UNLCK);
      return 0;
    case LOCK_SH:
    case LOCK_EX: {
      const type = operation & LOCK_EX ? F_WRLCK : F_RDLCK;
      if (locks.flockConflict(d, type)) {
        // Changing a lock drops the old one first: it is not atomic (flock(2)).
        locks.setFlock(d, F_UNLCK);
        return operation & LOCK_NB ? -EAGAIN : blockOnOne(t, locks.released);
      }
      locks.setFlock(d, type);
      return 0;
    }
    default:
      return -EINVAL;
  }
}

export const flockRows: [number, SyscallRow][] = [[SYS_flock, full("flock", sysFlock, ["fd:fd", "operation"])]];
