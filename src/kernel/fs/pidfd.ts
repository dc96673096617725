import { EINVAL } from "../abi/errno.ts";
import { O_RDWR } from "../abi/fcntl.ts";
import { POLL_READABLE, POLLHUP } from "../abi/poll.ts";
import type { Process } from "../task/process.ts";
import { FileDescription } from "../vfs/file_description.ts";
import type { WaitObserver } from "../wait_queue.ts";

/** pidfd_open(2): names a process, and is readable once it has ended. A pid that is used again does not fool it. */
export class PidFd extends FileDescription implements WaitObserver {
  static override readonly savedFields: readonly string[] = [...FileDescription.savedFields, "process"];

  constructor(readonly process: Process) {
    super();
    this.statusFlags = O_RDWR;
    process.ended.observers.push(this);
  }

  /** The process has been waited for: there is nobody to signal any more. */
  get isGone(): boolean {
    return this.process.kernel.processes.get(this.process.pid) !== this.process;
  }

  onReadinessChange(): void {
    this.readiness.wake();
  }

  poll(): number {
    if (!this.process.zombie) return 0;
    return this.isGone ? POLL_READABLE | POLLHUP : POLL_READABLE;
  }

  describe(): string {
    return "anon_inode:[pidfd]";
  }

  override write(): number {
    return -EINVAL;
  }

  override fdinfo(): string {
    const pid = this.isGone ? -1 : this.process.pid;
    return `Pid:\t${pid}\nNSpid:\t${pid}\n`;
  }

  override release(): void {
    const { observers } = this.process.ended;
    const i = observers.indexOf(this);
    if (i >= 0) observers.splice(i, 1);
  }
}
