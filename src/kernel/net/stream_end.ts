import { EAGAIN, ECONNRESET, EPIPE } from "../abi/errno.ts";
import { POLL_READABLE, POLL_WRITABLE, POLLERR, POLLHUP, POLLRDHUP } from "../abi/poll.ts";
import type { WaitQueue } from "../wait_queue.ts";
import { ByteQueue } from "./byte_queue.ts";

/** Bytes that may be on their way in one direction. Linux's default for loopback TCP ends up near this. */
export const STREAM_CAPACITY = 256 * 1024;

/**
 * One end of a connection that carries bytes both ways: TCP over loopback, AF_UNIX streams, and the host's side of a
 * guest connection. What one end writes is in the other's `incoming` at once; there is no wire in between.
 *
 * The rules for errors and readiness are those of net/ipv4/tcp.c (tcp_poll, tcp_recvmsg, tcp_sendmsg, tcp_reset).
 */
export class StreamEnd {
  static readonly savedFields: readonly string[] = [
    "incoming",
    "peer",
    "readiness",
    "finished",
    "deaf",
    "closed",
    "leftUnread",
    "broken",
    "error",
    "urgentAt",
    "urgentTaken",
    "holder",
    "onChange",
  ];
  /** What the peer wrote and this end has not read. */
  readonly incoming: ByteQueue;
  peer!: StreamEnd;
  /** The queue of the socket that owns this end; null while the connection waits to be accepted, and for the host's ends. */
  readiness: WaitQueue | null = null;
  /** This end has sent its FIN: it writes no more. */
  finished = false;
  /** shutdown(SHUT_RD): an empty read is the end of the stream, not a wait. */
  deaf = false;
  /** Nobody holds this end any more. */
  closed = false;
  /** Closed while `incoming` still had bytes: a real TCP tells the peer so by a reset (RFC 1122, section 4.2.2.13). */
  leftUnread = false;
  /** A reset has ended the connection. */
  broken = false;
  /** errno to report once: the next call's result, or SO_ERROR. */
  error = 0;
  /** Place in the stream of the byte that is urgent (tcp/urgent.ts), or -1; and that MSG_OOB has read it. */
  urgentAt = -1;
  urgentTaken = false;
  /** The open socket: whom it names as owner, and whether it has SO_OOBINLINE. */
  holder: { readonly owner: number; readonly isInline: boolean } | null = null;
  /** Told of every change, for ends that the host holds. Never set in a snapshot: the host's connections end before it. */
  onChange: (() => void) | null = null;

  constructor(capacity: number) {
    this.incoming = new ByteQueue(capacity);
  }

  /** Nothing more will come once `incoming` is empty. */
  get atEnd(): boolean {
    return this.peer.finished || this.deaf || this.broken;
  }

  /** Neither end will write any more: TCP's state CLOSED. */
  get isOver(): boolean {
    return this.broken || (this.finished && this.peer.finished);
  }

  /** Copies bytes out. 0 at the end of the stream; -EAGAIN if there is nothing yet. */
  read(bytes: Uint8Array, at: number, length: number): number {
    if (this.incoming.length === 0) return this.emptyRead(length);
    const before = this.incoming.writable;
    const n = this.incoming.read(bytes, at, length);
    if (!before && this.incoming.writable) this.peer.changed();
    return n;
  }

  /** Forgets bytes as if they had been read. */
  skip(length: number): number {
    const before = this.incoming.writable;
    const n = this.incoming.skip(length);
    if (!before && this.incoming.writable) this.peer.changed();
    return n;
  }

  /** Gives the oldest bytes away without a copy. */
  take(): Uint8Array | undefined {
    const before = this.incoming.writable;
    const bytes = this.incoming.take();
    if (!before && this.incoming.writable) this.peer.changed();
    return bytes;
  }

  /** What a read without bytes answers: an error that is due, the end, or "not yet". */
  emptyRead(length: number): number {
    if (length === 0) return 0;
    // After a FIN the end stays the end, even if a reset follows.
    if (this.peer.finished) return 0;
    if (this.error !== 0) return -this.takeError();
    return this.broken || this.deaf ? 0 : -EAGAIN;
  }

  /** Copies bytes to the peer. -EAGAIN if nothing fits; -EPIPE (the caller raises SIGPIPE) if no one will read. */
  write(bytes: Uint8Array, at: number, length: number): number {
    const refused = this.refusesWrite(length);
    if (refused !== 1) return refused;
    const n = this.peer.incoming.write(bytes, at, length);
    if (n === 0) return length === 0 ? 0 : -EAGAIN;
    this.peer.changed();
    return n;
  }

  /** As write, but takes the bytes themselves: the caller does not touch them again. */
  give(bytes: Uint8Array): number {
    const refused = this.refusesWrite(bytes.length);
    if (refused !== 1) return refused;
    const n = this.peer.incoming.adopt(bytes);
    if (n === 0) return bytes.length === 0 ? 0 : -EAGAIN;
    this.peer.changed();
    return n;
  }

  /** 1: go on. Otherwise the result of the write. */
  private refusesWrite(length: number): number {
    if (this.error !== 0) return -this.takeError();
    if (this.finished || this.broken) return -EPIPE;
    if (!this.peer.closed) return 1;
    // The first bytes to a closed end vanish and are answered by a reset; the next write then meets it.
    this.breakWith(this.peer.finished ? EPIPE : ECONNRESET);
    return length;
  }

  takeError(): number {
    const error = this.error;
    this.error = 0;
    return error;
  }

  /** Sends the FIN. */
  finish(): void {
    if (this.finished) return;
    this.finished = true;
    this.peer.changed();
    this.changed();
  }

  /** shutdown(SHUT_RD). */
  stopReading(): void {
    this.deaf = true;
    this.changed();
  }

  /** The owner is gone: FIN, or a reset if it left bytes unread. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.readiness = null;
    this.holder = null;
    this.onChange = null;
    if (this.incoming.length > 0 && !this.broken) {
      this.leftUnread = true;
      this.incoming.clear();
      this.peer.breakWith(this.finished ? EPIPE : ECONNRESET);
    } else {
      this.finish();
    }
  }

  /** Ends the connection without a FIN (SO_LINGER of 0, a listener that is closed, a client that vanished). */
  abort(): void {
    if (this.closed) return;
    this.closed = true;
    this.readiness = null;
    this.holder = null;
    this.onChange = null;
    this.incoming.clear();
    if (!this.broken) this.peer.breakWith(this.finished ? EPIPE : ECONNRESET);
  }

  /** A reset arrives at this end. What it had received before stays readable. */
  breakWith(errno: number): void {
    if (this.broken || this.closed) return;
    this.broken = true;
    this.error = errno;
    this.changed();
  }

  poll(): number {
    const noMoreOut = this.finished || this.broken;
    let mask = 0;
    if (this.atEnd) mask |= POLL_READABLE | POLLRDHUP | (noMoreOut ? POLLHUP : 0);
    else if (this.incoming.length > 0) mask |= POLL_READABLE;
    if (noMoreOut || this.peer.incoming.writable || this.peer.closed) mask |= POLL_WRITABLE;
    if (this.error !== 0) mask |= POLLERR;
    return mask;
  }

  /** Tells whoever holds this end that poll() may answer otherwise now. */
  changed(): void {
    if (this.readiness !== null) this.readiness.wake();
    if (this.onChange !== null) this.onChange();
  }
}

/** Two ends joined. */
export function streamPair(capacity: number = STREAM_CAPACITY): [StreamEnd, StreamEnd] {
  const a = new StreamEnd(capacity), b = new StreamEnd(capacity);
  a.peer = b;
  b.peer = a;
  return [a, b];
}
