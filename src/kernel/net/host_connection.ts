import type { StreamEnd } from "./stream_end.ts";

/** How a stream that the host reads has ended: properly, or by a reset with possibly missing bytes. */
export type StreamEnding = "eof" | "reset";

/**
 * A TCP connection whose client is the host. Nothing here waits: write() takes what fits, read() gives what is there, and
 * `onChange` is called, possibly from inside a guest's syscall, whenever one of them may answer otherwise. The callback
 * must only take a note: the guest is in the middle of its step.
 */
export interface HostConnection {
  onChange: (() => void) | null;
  /**
   * Takes up to all of the bytes, without a copy: they must not be changed afterwards. Returns how many were taken; 0 means
   * that the guest has yet to read what came before, -1 that it will read no more.
   */
  write(bytes: Uint8Array): number;
  /** Bytes from the guest, null if there are none yet, or how the stream has ended. */
  read(): Uint8Array | null | StreamEnding;
  /** Whether read() would answer something other than null. */
  readonly readable: boolean;
  /** Whether write() would answer something other than 0. */
  readonly writable: boolean;
  /**
   * Whether the guest waits for this connection together with other things (epoll, poll): it is no server that does nothing
   * else until this one connection speaks, so several connections do not wait for each other.
   */
  readonly isWatched: boolean;
  /** Sends the FIN: the guest reads what is left, then the end. */
  shutdownWrite(): void;
  /** Closes in good order. */
  close(): void;
  /** Resets: the guest sees ECONNRESET or EPIPE, as of a client that vanished. */
  abort(): void;
}

/** The host's end of a loopback connection. */
export class LoopbackConnection implements HostConnection {
  constructor(private readonly end: StreamEnd) {}

  get onChange(): (() => void) | null {
    return this.end.onChange;
  }

  set onChange(callback: (() => void) | null) {
    this.end.onChange = callback;
  }

  get readable(): boolean {
    return this.end.incoming.length > 0 || this.end.atEnd;
  }

  get writable(): boolean {
    return this.end.peer.incoming.writable || this.end.finished || this.end.broken || this.end.peer.closed;
  }

  get isWatched(): boolean {
    const queue = this.end.peer.readiness;
    return queue !== null && (queue.observers.length > 0 || queue.waiters.some((task) => task.waitingOn.length > 1));
  }

  write(bytes: Uint8Array): number {
    // A guest that has closed gets no more, and this end must not be reset for trying: the answer may still be unread.
    if (this.end.finished || this.end.broken || this.end.peer.closed || this.end.closed) return -1;
    const n = this.end.give(bytes);
    return n < 0 ? 0 : n;
  }

  read(): Uint8Array | null | StreamEnding {
    const { end } = this;
    const bytes = end.take();
    if (bytes !== undefined) return bytes;
    // A guest that closes with a request partly unread resets the connection, but all it wrote is here: nothing was lost
    // on a wire, and for the reader that is a plain end.
    if (end.peer.finished || end.peer.leftUnread) return "eof";
    return end.broken || end.closed ? "reset" : null;
  }

  shutdownWrite(): void {
    if (!this.end.broken && !this.end.closed) this.end.finish();
  }

  close(): void {
    this.end.close();
  }

  abort(): void {
    this.end.abort();
  }
}
