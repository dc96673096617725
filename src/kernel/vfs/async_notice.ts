/** Signals for files that can be read or written again: O_ASYNC, and who gets which signal (fcntl(2), F_SETOWN and F_SETSIG). */
import { O_ASYNC } from "../abi/fcntl.ts";
import { POLL_READABLE, POLL_WRITABLE, POLLHUP } from "../abi/poll.ts";
import { SI_KERNEL, SIGIO } from "../abi/signal.ts";
import type { Kernel } from "../kernel.ts";
import { makeSignal, type Signal } from "../task/signal.ts";
import { sendToProcess, sendToTask } from "../task/signals.ts";
import type { WaitObserver } from "../wait_queue.ts";
import type { FileDescription } from "./file_description.ts";

/** si_code of SIGIO. */
const POLL_IN = 1, POLL_OUT = 2;

/** What a file description does about O_ASYNC. Made when one of its calls is. */
export class AsyncNotice implements WaitObserver {
  static readonly savedFields: readonly string[] = ["kernel", "file", "signal", "fd", "toThread"];
  /** F_SETSIG: 0 is SIGIO without details. */
  signal = 0;
  /** si_fd: the descriptor that O_ASYNC was set through. */
  fd = -1;
  /** The owner is a thread. */
  toThread = false;

  constructor(readonly kernel: Kernel, readonly file: FileDescription) {}

  onReadinessChange(): void {
    const { file, kernel } = this, { owner } = file;
    if (owner === 0) return;
    const events = file.poll();
    const isReadable = (events & (POLL_READABLE | POLLHUP)) !== 0;
    if (!isReadable && (events & POLL_WRITABLE) === 0) return;
    const signal = this.#signal(isReadable);
    if (this.toThread) {
      const task = kernel.tasks.get(owner);
      if (task !== undefined) sendToTask(task, signal);
      return;
    }
    for (const p of kernel.processes.values()) {
      if (!p.zombie && (p.pid === owner || p.pgid === -owner)) sendToProcess(p, signal);
    }
  }

  #signal(isReadable: boolean): Signal {
    if (this.signal === 0) return makeSignal(SIGIO, SI_KERNEL);
    // si_band lies where si_pid is, si_fd where si_value is.
    const band = isReadable ? POLL_READABLE : POLL_WRITABLE;
    return makeSignal(this.signal, isReadable ? POLL_IN : POLL_OUT, { pid: band, valueLow: this.fd });
  }
}

/** The notice of a file; made now if there is none. */
export function noticeOf(k: Kernel, file: FileDescription): AsyncNotice {
  return file.notice ??= new AsyncNotice(k, file);
}

/** Sets O_ASYNC, or takes it away. */
export function setAsync(k: Kernel, file: FileDescription, fd: number, on: boolean): void {
  const { observers } = file.readiness;
  if (on === ((file.statusFlags & O_ASYNC) !== 0)) return;
  if (on) {
    const notice = noticeOf(k, file);
    notice.fd = fd;
    observers.push(notice);
    file.statusFlags |= O_ASYNC;
  } else {
    file.statusFlags &= ~O_ASYNC;
    const i = file.notice === null ? -1 : observers.indexOf(file.notice);
    if (i >= 0) observers.splice(i, 1);
  }
}
