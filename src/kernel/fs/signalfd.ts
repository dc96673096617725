import type { Kernel } from "../kernel.ts";
import type { Process } from "../task/process.ts";
import type { Signal } from "../task/signal.ts";
import { maskHas, takeSignal } from "../task/signals.ts";
import type { Task } from "../task/task.ts";
import type { WaitObserver } from "../wait_queue.ts";
import { FileDescription } from "../vfs/file_description.ts";
import { setUint32 } from "../vfs/words.ts";
import { EAGAIN, EINVAL } from "../abi/errno.ts";
import { O_RDWR } from "../abi/fcntl.ts";
import { POLL_READABLE } from "../abi/poll.ts";

/** struct signalfd_siginfo. */
const SIGINFO_BYTES = 128;

/** signalfd(2): takes pending signals of the reader by read() instead of by a handler. */
export class SignalFd extends FileDescription implements WaitObserver {
  static override readonly savedFields: readonly string[] = [
    ...FileDescription.savedFields,
    "kernel",
    "watched",
    "mask",
  ];
  /** Signals wanted, [low, high]. */
  readonly mask: Uint32Array = new Uint32Array(2);

  /** Processes whose signals wake who waits: all that have looked, since a child shares its parent's descriptor. */
  private readonly watched: Process[] = [];

  constructor(private readonly kernel: Kernel) {
    super();
    this.statusFlags = O_RDWR;
  }

  private watch(p: Process): void {
    if (this.watched.includes(p)) return;
    this.watched.push(p);
    p.signalArrivals.observers.push(this);
  }

  onReadinessChange(): void {
    this.readiness.wake();
  }

  poll(): number {
    const wanted = (s: Signal) => maskHas(this.mask, s.number);
    // What is there to read is the affair of who asks (signalfd(2), fork semantics).
    const t = this.kernel.currentTask;
    this.watch(t.process);
    return t.pendingSignals.some(wanted) || t.process.pendingSignals.some(wanted) ? POLL_READABLE : 0;
  }

  /** There is no position, but seeking is no error (noop_llseek). */
  override seek(): number {
    return this.offset;
  }

  describe(): string {
    return "anon_inode:[signalfd]";
  }

  override read(_k: Kernel, t: Task, bytes: Uint8Array, at: number, length: number): number {
    if (length < SIGINFO_BYTES) return -EINVAL;
    this.watch(t.process);
    let done = 0;
    while (done + SIGINFO_BYTES <= length) {
      const signal = takeSignal(t, (n) => maskHas(this.mask, n));
      if (signal === null) break;
      writeSignalInfo(bytes, at + done, signal);
      done += SIGINFO_BYTES;
    }
    return done || -EAGAIN;
  }

  override write(): number {
    return -EINVAL;
  }

  override release(): void {
    for (const { signalArrivals: { observers } } of this.watched) {
      const i = observers.indexOf(this);
      if (i >= 0) observers.splice(i, 1);
    }
    this.watched.length = 0;
  }

  override fdinfo(): string {
    const hex = (n: number) => n.toString(16).padStart(8, "0");
    return `sigmask:\t${hex(this.mask[1])}${hex(this.mask[0])}\n`;
  }
}

function writeSignalInfo(bytes: Uint8Array, at: number, s: Signal): void {
  bytes.fill(0, at, at + SIGINFO_BYTES);
  setUint32(bytes, at, s.number);
  setUint32(bytes, at + 8, s.code);
  setUint32(bytes, at + 12, s.pid);
  setUint32(bytes, at + 16, s.uid);
  setUint32(bytes, at + 24, s.timerId);
  setUint32(bytes, at + 32, s.overrun);
  setUint32(bytes, at + 40, s.status);
  setUint32(bytes, at + 44, s.valueLow);
  setUint32(bytes, at + 48, s.valueLow);
  setUint32(bytes, at + 52, s.valueHigh);
  setUint32(bytes, at + 72, s.address);
}
