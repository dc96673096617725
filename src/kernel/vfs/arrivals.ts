import { EIO } from "../abi/errno.ts";
import { MemoryFile } from "../fs/memory_inodes.ts";
import type { Kernel } from "../kernel.ts";
import { blockOnOne } from "../task/block.ts";
import type { Task } from "../task/task.ts";
import { WaitQueue } from "../wait_queue.ts";
import type { Inode } from "./inode.ts";

/**
 * What has not come by then is asked for again: on Workers it may have been on its way for a request that is gone, and will not
 * come.
 */
const PATIENCE_NS = 10e9;

/**
 * Files of the image, and code of them, that the host has yet to bring. Whoever opens one waits for the whole of it, as for a slow disk, so that
 * everything that reads from what is open, or mapped, finds it there. Not saved: nobody waits so when a guest is frozen.
 */
export class Arrivals {
  /** Tasks that wait, whatever for: each looks again. */
  readonly queue: WaitQueue = new WaitQueue();
  /** Files that are on their way, with the time of the last asking. */
  readonly #asked = new Map<number, number>();
  readonly #failed = new Set<number>();

  /** 0 when the contents of an inode can be read, or what a system call that is to open it returns. */
  await(k: Kernel, t: Task, inode: Inode): number {
    const file = inode instanceof MemoryFile ? inode.contents.shownFile : null;
    if (file === null) return 0;
    const { number } = file;
    if (this.#failed.delete(number)) return -EIO;
    let since = this.#asked.get(number);
    if (since === undefined || k.clock.monotonicNs() - since >= PATIENCE_NS) {
      if (file.bring((problem) => this.#arrived(k, number, problem))) return 0;
      this.#asked.set(number, since = k.clock.monotonicNs());
    }
    return blockOnOne(t, this.queue, since + PATIENCE_NS);
  }

  #arrived(k: Kernel, number: number, problem: string | null): void {
    // Nobody waits any more for what was asked for twice.
    if (!this.#asked.delete(number)) return;
    if (problem !== null) {
      this.#failed.add(number);
      k.host.log(0, `a file of the image could not be read: ${problem}`);
    }
    k.awaitedArrived();
  }

  /** Whether a task waits here, from which only SIGKILL wakes it. */
  isAwaitedBy(t: Task): boolean {
    return t.waitingOn.includes(this.queue);
  }
}
