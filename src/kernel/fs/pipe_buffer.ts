import { EBUSY } from "../abi/errno.ts";
import { PIPE_BUF } from "../abi/fcntl.ts";

/** Default capacity of a pipe: 16 pages (pipe(7)). */
export const PIPE_CAPACITY = 65536;
const SMALLEST_RING = 4096;

/** The bytes in a pipe: a ring that grows up to the capacity. */
export class PipeBuffer {
  static readonly savedFields: readonly string[] = ["ring", "head", "used", "capacity"];
  private ring = new Uint8Array(0);
  private head = 0;
  used = 0;
  capacity = PIPE_CAPACITY;

  get free(): number {
    return this.capacity - this.used;
  }

  /** Room for an atomic write: what POLLOUT promises (POSIX; Linux asks for a free page). */
  get isWritable(): boolean {
    return this.capacity - this.used >= PIPE_BUF;
  }

  /** Takes up to `length` bytes out. */
  take(bytes: Uint8Array, at: number, length: number): number {
    const n = this.peek(bytes, at, length);
    this.skip(n);
    return n;
  }

  /** Copies up to `length` bytes without taking them out (tee). */
  peek(bytes: Uint8Array, at: number, length: number): number {
    const n = Math.min(length, this.used);
    const first = Math.min(n, this.ring.length - this.head);
    bytes.set(this.ring.subarray(this.head, this.head + first), at);
    if (first < n) bytes.set(this.ring.subarray(0, n - first), at + first);
    return n;
  }

  skip(n: number): void {
    this.used -= n;
    // An empty ring starts over, so that most transfers are one piece.
    this.head = this.used === 0 ? 0 : (this.head + n) % this.ring.length;
  }

  /** Puts in as much of `length` as there is room for. */
  put(bytes: Uint8Array, at: number, length: number): number {
    const n = Math.min(length, this.capacity - this.used);
    if (this.used + n > this.ring.length) this.resize(this.used + n);
    const tail = (this.head + this.used) % this.ring.length;
    const first = Math.min(n, this.ring.length - tail);
    this.ring.set(bytes.subarray(at, at + first), tail);
    if (first < n) this.ring.set(bytes.subarray(at + first, at + n), 0);
    this.used += n;
    return n;
  }

  /** F_SETPIPE_SZ: the new capacity, or -EBUSY when it cannot hold what is there. */
  setCapacity(size: number): number {
    let capacity = PIPE_BUF;
    while (capacity < size) capacity *= 2;
    if (capacity < this.used) return -EBUSY;
    if (this.ring.length > capacity) this.resize(capacity);
    return this.capacity = capacity;
  }

  private resize(atLeast: number): void {
    let length = SMALLEST_RING;
    while (length < atLeast) length *= 2;
    const ring = new Uint8Array(length);
    const n = this.peek(ring, 0, this.used);
    this.ring = ring;
    this.head = 0;
    this.used = n;
  }
}
