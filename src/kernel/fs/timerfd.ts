import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import type { Timer } from "../timers.ts";
import { FileDescription } from "../vfs/file_description.ts";
import { setUint32 } from "../vfs/words.ts";
import { EAGAIN, EINVAL } from "../abi/errno.ts";
import { O_RDWR } from "../abi/fcntl.ts";
import { POLL_READABLE } from "../abi/poll.ts";
import { CLOCK_REALTIME, CLOCK_REALTIME_ALARM } from "../abi/time.ts";

/** timerfd_create(2): expirations are counted until they are read. */
export class TimerFd extends FileDescription implements Timer {
  static override readonly savedFields: readonly string[] = [
    ...FileDescription.savedFields,
    "kernel",
    "clock",
    "deadlineNs",
    "intervalNs",
    "expirations",
    "armed",
  ];
  /** Monotonic time of the next expiration while armed. */
  deadlineNs = Infinity;
  intervalNs = 0;
  private expirations = 0;
  private armed = false;

  constructor(private readonly kernel: Kernel, readonly clock: number) {
    super();
    this.statusFlags = O_RDWR;
  }

  get isRealtime(): boolean {
    return this.clock === CLOCK_REALTIME || this.clock === CLOCK_REALTIME_ALARM;
  }

  /** Time until the next expiration in nanoseconds; 0 when disarmed. */
  remainingNs(k: Kernel): number {
    this.catchUp();
    return this.armed ? Math.max(1, this.deadlineNs - k.clock.monotonicNs()) : 0;
  }

  /** Arms for a monotonic time (or disarms with Infinity), forgetting expirations that were not read. */
  set(k: Kernel, deadlineNs: number, intervalNs: number): void {
    if (this.armed) k.timers.disarm(this);
    this.expirations = 0;
    this.deadlineNs = deadlineNs;
    this.intervalNs = intervalNs;
    this.armed = deadlineNs !== Infinity;
    if (this.armed) k.timers.arm(this);
  }

  expire(k: Kernel): void {
    this.armed = false;
    this.count(k);
    this.readiness.wake();
  }

  private count(k: Kernel): void {
    const now = k.clock.monotonicNs();
    if (this.intervalNs === 0) {
      this.expirations++;
      this.deadlineNs = Infinity;
      return;
    }
    const periods = Math.floor((now - this.deadlineNs) / this.intervalNs) + 1;
    this.expirations += periods;
    this.deadlineNs += periods * this.intervalNs;
    this.armed = true;
    k.timers.arm(this);
  }

  /** A guest that polls without ever waiting must see time pass too. */
  private catchUp(): void {
    if (!this.armed || this.kernel.clock.monotonicNs() < this.deadlineNs) return;
    this.kernel.timers.disarm(this);
    this.expire(this.kernel);
  }

  poll(): number {
    this.catchUp();
    return this.expirations > 0 ? POLL_READABLE : 0;
  }

  /** There is no position, but seeking is no error (noop_llseek). */
  override seek(): number {
    return this.offset;
  }

  describe(): string {
    return "anon_inode:[timerfd]";
  }

  override read(_k: Kernel, _t: Task, bytes: Uint8Array, at: number, length: number): number {
    if (length < 8) return -EINVAL;
    this.catchUp();
    if (this.expirations === 0) return -EAGAIN;
    setUint32(bytes, at, this.expirations >>> 0);
    setUint32(bytes, at + 4, Math.floor(this.expirations / 4294967296));
    this.expirations = 0;
    return 8;
  }

  override write(): number {
    return -EINVAL;
  }

  override release(k: Kernel): void {
    if (this.armed) k.timers.disarm(this);
    this.armed = false;
  }

  override fdinfo(): string {
    const left = this.remainingNs(this.kernel);
    const time = (ns: number) => `(${Math.floor(ns / 1e9)}, ${ns % 1e9})`;
    return `clockid: ${this.clock}\nticks: ${this.expirations}\nsettime flags: 00\nit_value: ${
      time(left)
    }\nit_interval: ${time(this.intervalNs)}\n`;
  }
}
