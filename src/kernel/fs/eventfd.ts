import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { FileDescription } from "../vfs/file_description.ts";
import { getUint32, setUint32 } from "../vfs/words.ts";
import { EAGAIN, EINVAL } from "../abi/errno.ts";
import { O_RDWR } from "../abi/fcntl.ts";
import { POLL_READABLE, POLL_WRITABLE } from "../abi/poll.ts";

/** eventfd(2): a 64-bit counter, kept in two halves because programs go up to 2^64 - 2. */
export class EventFd extends FileDescription {
  static override readonly savedFields: readonly string[] = [
    ...FileDescription.savedFields,
    "low",
    "high",
    "isSemaphore",
  ];
  private high = 0;

  constructor(private low: number, private readonly isSemaphore: boolean) {
    super();
    this.statusFlags = O_RDWR;
  }

  poll(): number {
    const isFull = this.high === 0xffffffff && this.low === 0xfffffffe;
    return (this.low !== 0 || this.high !== 0 ? POLL_READABLE : 0) | (isFull ? 0 : POLL_WRITABLE);
  }

  /** There is no position, but seeking is no error (noop_llseek). */
  override seek(): number {
    return this.offset;
  }

  describe(): string {
    return "anon_inode:[eventfd]";
  }

  override get writesInPieces(): boolean {
    return false;
  }

  override read(_k: Kernel, _t: Task, bytes: Uint8Array, at: number, length: number): number {
    if (length < 8) return -EINVAL;
    if (this.low === 0 && this.high === 0) return -EAGAIN;
    if (this.isSemaphore) {
      setUint32(bytes, at, 1);
      setUint32(bytes, at + 4, 0);
      if (this.low === 0) this.high--;
      this.low = (this.low - 1) >>> 0;
    } else {
      setUint32(bytes, at, this.low);
      setUint32(bytes, at + 4, this.high);
      this.low = this.high = 0;
    }
    this.readiness.wake();
    return 8;
  }

  override write(_k: Kernel, _t: Task, bytes: Uint8Array, at: number, length: number): number {
    if (length < 8) return -EINVAL;
    const low = getUint32(bytes, at), high = getUint32(bytes, at + 4);
    if (low === 0xffffffff && high === 0xffffffff) return -EINVAL;
    const sum = this.low + low;
    const newLow = sum >>> 0, newHigh = this.high + high + (sum > 0xffffffff ? 1 : 0);
    // The counter stops short of 2^64 - 1.
    if (newHigh > 0xffffffff || (newHigh === 0xffffffff && newLow === 0xffffffff)) return -EAGAIN;
    this.low = newLow;
    this.high = newHigh;
    if (low !== 0 || high !== 0) this.readiness.wake();
    return 8;
  }

  override fdinfo(): string {
    const count = (this.high * 4294967296 + this.low).toString(16).padStart(16, " ");
    return `eventfd-count: ${count}\neventfd-id: 1\neventfd-semaphore: ${this.isSemaphore ? 1 : 0}\n`;
  }
}
