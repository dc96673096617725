import type { Kernel } from "../kernel.ts";
import { blockOnOne } from "../task/block.ts";
import type { Task } from "../task/task.ts";
import type { FileDescription } from "../vfs/file_description.ts";
import { O_ACCMODE, O_NONBLOCK, O_PATH, O_RDONLY, O_WRONLY } from "../abi/fcntl.ts";
import { EAGAIN, EBADF } from "../abi/errno.ts";

/** What a blocking read or write keeps between tries. A signal that ends the call makes `moved` its result. */
export class Transfer {
  static readonly savedFields: readonly string[] = ["moved", "sinceNs", "deadlineNs"];
  moved = 0;
  /** When the call began, for those who ask. */
  sinceNs = 0;
  constructor(readonly deadlineNs: number) {}
}

/** Descriptor `fd` if it is open for reading, else undefined (EBADF). */
export function readable(t: Task, fd: number): FileDescription | undefined {
  const d = t.process.fds.get(fd);
  return d === undefined || (d.statusFlags & O_ACCMODE) === O_WRONLY || (d.statusFlags & O_PATH) ? undefined : d;
}

/** Descriptor `fd` if it is open for writing, else undefined (EBADF). */
export function writable(t: Task, fd: number): FileDescription | undefined {
  const d = t.process.fds.get(fd);
  return d === undefined || (d.statusFlags & O_ACCMODE) === O_RDONLY || (d.statusFlags & O_PATH) ? undefined : d;
}

/** Any descriptor that is not O_PATH; -EBADF otherwise. */
export function usable(t: Task, fd: number): FileDescription | number {
  const d = t.process.fds.get(fd);
  return d === undefined || (d.statusFlags & O_PATH) ? -EBADF : d;
}

/** After -EAGAIN of a read: what the handler returns. */
export function waitToRead(k: Kernel, t: Task, d: FileDescription): number {
  if ((d.statusFlags & O_NONBLOCK) !== 0) return -EAGAIN;
  const n = wait(k, t, d, d.readTimeoutNs, 0);
  return n === -EAGAIN ? d.timedOutRead : n;
}

/** After -EAGAIN of a write of which `moved` bytes have gone: what the handler returns. */
export function waitToWrite(k: Kernel, t: Task, d: FileDescription, moved: number): number {
  return (d.statusFlags & O_NONBLOCK) !== 0 ? moved || -EAGAIN : wait(k, t, d, d.writeTimeoutNs, moved);
}

function wait(k: Kernel, t: Task, d: FileDescription, timeoutNs: number, moved: number): number {
  let transfer = t.restart as Transfer | null;
  if (transfer === null && (timeoutNs !== Infinity || moved > 0)) {
    transfer = t.restart = new Transfer(timeoutNs === Infinity ? Infinity : k.clock.monotonicNs() + timeoutNs);
  }
  if (transfer === null) return blockOnOne(t, d.readiness);
  transfer.moved = moved;
  if (t.wokenByTimeout) {
    t.wokenByTimeout = false;
    return moved || -EAGAIN;
  }
  return blockOnOne(t, d.readiness, transfer.deadlineNs);
}

/** Bytes that this call has moved in earlier tries. */
export function movedBefore(t: Task): number {
  return t.restart === null ? 0 : (t.restart as Transfer).moved;
}

/**
 * Writes `length` bytes from kernel or guest memory, of which `done` have gone already. The result of the call, or BLOCKED.
 */
export function writeFully(
  k: Kernel,
  t: Task,
  d: FileDescription,
  bytes: Uint8Array,
  at: number,
  length: number,
  done: number,
): number {
  for (;;) {
    const n = d.write(k, t, bytes, at + done, length - done);
    if (n < 0) {
      if (n === -EAGAIN) return waitToWrite(k, t, d, done);
      return done || n;
    }
    done += n;
    if (done >= length || n === 0 || !d.writesInPieces || (d.statusFlags & O_NONBLOCK)) return done;
  }
}
