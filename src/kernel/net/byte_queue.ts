import { SMALL_PIECE_MAX, smallPiece } from "./byte_slab.ts";

/** Smallest and largest piece of memory that a queue allocates. */
const SEGMENT_MIN = 4096, SEGMENT_MAX = 65536;

/** Part of a queue: bytes[start, end) is unread; bytes[end, bytes.length) may still be written if `growable`. */
export class Segment {
  static readonly savedFields: readonly string[] = ["bytes", "start", "end", "growable"];
  constructor(public bytes: Uint8Array, public start: number, public end: number, public growable: boolean) {}
}

/**
 * Bytes on their way from a writer to a reader, bounded. A list of segments rather than a ring: a reader on the host takes
 * whole segments and a writer on the host hands its own bytes over, both without a copy.
 */
export class ByteQueue {
  static readonly savedFields: readonly string[] = ["capacity", "length", "written", "segments"];
  /** Unread bytes. */
  length = 0;
  /** Bytes ever written; `written - length` is the reader's place in the stream. */
  written = 0;
  private segments: Segment[] = [];

  constructor(readonly capacity: number) {}

  get free(): number {
    return this.length < this.capacity ? this.capacity - this.length : 0;
  }

  /**
   * Whether a writer should be woken: as in Linux (sk_stream_is_writeable) a third must be free, so that writers do not run
   * for a few bytes each.
   */
  get writable(): boolean {
    return this.free * 3 >= this.capacity;
  }

  /** Copies bytes in; returns how many fitted. */
  write(bytes: Uint8Array, at: number, length: number): number {
    const n = Math.min(length, this.free);
    let done = 0;
    while (done < n) {
      let last = this.segments.length > 0 ? this.segments[this.segments.length - 1] : undefined;
      if (last === undefined || !last.growable || last.end === last.bytes.length) {
        const size = Math.max(SEGMENT_MIN, Math.min(SEGMENT_MAX, n - done));
        last = new Segment(new Uint8Array(size), 0, 0, true);
        this.segments.push(last);
      }
      const part = Math.min(n - done, last.bytes.length - last.end);
      last.bytes.set(bytes.subarray(at + done, at + done + part), last.end);
      last.end += part;
      done += part;
    }
    this.length += n;
    this.written += n;
    return n;
  }

  /** Takes the bytes themselves, which the caller must not change any more; returns how many fitted. */
  adopt(bytes: Uint8Array): number {
    const n = Math.min(bytes.length, this.free);
    if (n === 0) return 0;
    // A small piece is copied to the end of the last segment: many tiny segments would cost more than the bytes.
    if (n < 512 && this.segments.length > 0) return this.write(bytes, 0, n);
    this.segments.push(new Segment(bytes, 0, n, false));
    this.length += n;
    this.written += n;
    return n;
  }

  /** Copies up to `length` unread bytes out and forgets them; returns how many. */
  read(into: Uint8Array, at: number, length: number): number {
    const n = Math.min(length, this.length);
    let done = 0;
    while (done < n) {
      const first = this.segments[0];
      const part = Math.min(n - done, first.end - first.start);
      // A piece that is read whole needs no view of its own.
      const isWhole = part === first.bytes.length;
      into.set(isWhole ? first.bytes : first.bytes.subarray(first.start, first.start + part), at + done);
      done += part;
      this.advance(first, part);
    }
    this.length -= n;
    return n;
  }

  /** Copies up to `length` unread bytes out from `skip` on and keeps them (MSG_PEEK). */
  peek(into: Uint8Array, at: number, length: number, skip = 0): number {
    let done = 0;
    for (const s of this.segments) {
      let start = s.start;
      if (skip > 0) {
        const passed = Math.min(skip, s.end - start);
        skip -= passed;
        start += passed;
      }
      const part = Math.min(length - done, s.end - start);
      if (part > 0) into.set(s.bytes.subarray(start, start + part), at + done);
      done += part;
      if (done === length) break;
    }
    return done;
  }

  /** Forgets up to `length` unread bytes. */
  skip(length: number): number {
    const n = Math.min(length, this.length);
    let done = 0;
    while (done < n) {
      const first = this.segments[0];
      const part = Math.min(n - done, first.end - first.start);
      done += part;
      this.advance(first, part);
    }
    this.length -= n;
    return n;
  }

  /**
   * Gives the oldest segment away; undefined if the queue is empty. Without a copy, but where few bytes are in a segment
   * that can be used again.
   */
  take(): Uint8Array | undefined {
    if (this.length === 0) return undefined;
    // What is kept to be used again is empty.
    while (this.segments[0].start === this.segments[0].end) this.segments.shift();
    const first = this.segments[0], length = first.end - first.start;
    this.length -= length;
    const bytes = first.bytes.subarray(first.start, first.end);
    if (this.segments.length === 1 && first.growable && length <= SMALL_PIECE_MAX) {
      const copy = smallPiece(length);
      copy.set(bytes);
      first.start = first.end = 0;
      return copy;
    }
    this.dropFirst();
    return bytes;
  }

  clear(): void {
    this.segments.length = 0;
    this.length = 0;
  }

  private advance(first: Segment, n: number): void {
    first.start += n;
    if (first.start < first.end) return;
    // The last growable segment is used again from its start, so that small messages going to and fro allocate nothing.
    if (this.segments.length === 1 && first.growable) first.start = first.end = 0;
    else this.dropFirst();
  }

  /** Most often there is only one, and to shift an array takes far longer than to pop. */
  private dropFirst(): void {
    if (this.segments.length === 1) this.segments.pop();
    else this.segments.shift();
  }
}
