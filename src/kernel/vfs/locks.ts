import type { Kernel } from "../kernel.ts";
import { WaitQueue } from "../wait_queue.ts";
import type { FdTable } from "../task/fd_table.ts";
import type { FileDescription } from "./file_description.ts";
import type { Inode } from "./inode.ts";
import { F_RDLCK, F_UNLCK, F_WRLCK } from "../abi/fcntl.ts";

/** Who holds a record lock: POSIX locks belong to a descriptor table, OFD locks and flock to a description. */
export type LockOwner = FdTable | FileDescription;

export interface RecordLock {
  owner: LockOwner;
  /** F_RDLCK or F_WRLCK. */
  type: number;
  /** Bytes [start, end]; end is inclusive, Infinity up to the end of the file wherever it is. */
  start: number;
  end: number;
  /** For F_GETLK: -1 for OFD locks. */
  pid: number;
}

/** Locks on one inode (fcntl(2) advisory record locking, flock(2)). The two kinds do not see each other. */
export class FileLocks {
  static readonly savedFields: readonly string[] = ["records", "flocks", "released"];
  records: RecordLock[] = [];
  flocks: { owner: FileDescription; type: number }[] = [];
  /** Woken when a lock goes away or weakens. */
  readonly released = new WaitQueue();

  /** The first record lock that stands in the way, or null. */
  conflict(owner: LockOwner, type: number, start: number, end: number): RecordLock | null {
    for (const l of this.records) {
      if (l.owner !== owner && l.start <= end && start <= l.end && (l.type === F_WRLCK || type === F_WRLCK)) {
        if (!isGone(l.owner)) return l;
      }
    }
    return null;
  }

  /** Sets (or with F_UNLCK clears) the owner's locks in the range: splits, shrinks and merges what it had there. */
  set(owner: LockOwner, type: number, start: number, end: number, pid: number): void {
    const kept: RecordLock[] = [];
    for (const l of this.records) {
      if (isGone(l.owner)) continue;
      if (l.owner !== owner || l.end < start || l.start > end) {
        kept.push(l);
        continue;
      }
      if (l.start < start) kept.push({ ...l, end: start - 1 });
      if (l.end > end) kept.push({ ...l, start: end + 1 });
    }
    if (type !== F_UNLCK) {
      const added: RecordLock = { owner, type, start, end, pid };
      for (let i = kept.length - 1; i >= 0; i--) {
        const l = kept[i];
        if (l.owner !== owner || l.type !== type || (l.end + 1 !== added.start && added.end + 1 !== l.start)) continue;
        added.start = Math.min(added.start, l.start);
        added.end = Math.max(added.end, l.end);
        kept.splice(i, 1);
      }
      kept.push(added);
    }
    this.records = kept;
    this.released.wake();
  }

  /** The flock of another description that stands in the way of `type`. */
  flockConflict(owner: FileDescription, type: number): boolean {
    return this.flocks.some((l) => l.owner !== owner && (l.type === F_WRLCK || type === F_WRLCK));
  }

  setFlock(owner: FileDescription, type: number): void {
    this.flocks = this.flocks.filter((l) => l.owner !== owner);
    if (type === F_RDLCK || type === F_WRLCK) this.flocks.push({ owner, type });
    this.released.wake();
  }
}

/** A process that ended without closing one by one leaves an empty table behind. */
function isGone(owner: LockOwner): boolean {
  return "users" in owner && owner.size === 0;
}

export function locksOf(inode: Inode): FileLocks {
  return inode.locks ??= new FileLocks();
}

/** Drops what `owner` holds on the inode: the description is released, or a descriptor of the process is closed. */
export function releaseLocks(_k: Kernel, inode: Inode, owner: LockOwner): void {
  const locks = inode.locks!;
  locks.set(owner, F_UNLCK, 0, Infinity, 0);
  if (!("users" in owner)) locks.setFlock(owner, F_UNLCK);
  if (locks.records.length === 0 && locks.flocks.length === 0 && locks.released.waiters.length === 0) {
    inode.locks = null;
  }
}

/** Closing any descriptor of a file drops all POSIX locks the process has on it (fcntl(2)). */
export function releasePosixLocks(k: Kernel, fds: FdTable, description: FileDescription): void {
  const inode = description.dentry?.inode;
  if (inode !== undefined && inode.locks !== null) releaseLocks(k, inode, fds);
}
