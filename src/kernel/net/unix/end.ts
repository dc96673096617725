import { EAGAIN, ECONNRESET, EMSGSIZE } from "../../abi/errno.ts";
import type { Kernel } from "../../kernel.ts";
import { type Ancillary, discardAncillary, type Socket } from "../socket.ts";
import { STREAM_CAPACITY, StreamEnd } from "../stream_end.ts";

/** Bytes [start, end) of a stream that were one message, or that ancillary data goes with. */
interface Mark {
  readonly start: number;
  end: number;
  ancillary: Ancillary | null;
}

/**
 * One end of an AF_UNIX connection: a stream with marks, where messages begin and end (SOCK_SEQPACKET) and where open files
 * travel. The rules are those of net/unix/af_unix.c, which knows no half-dead connections: a closed peer is noticed at once.
 */
export class UnixEnd extends StreamEnd {
  static override readonly savedFields: readonly string[] = [...StreamEnd.savedFields, "marks", "owner"];
  private readonly marks: Mark[] = [];

  /** The socket that reads here; null until the connection is accepted. */
  owner: Socket | null = null;

  /** Whether writes go with the writer's credentials: SO_PASSCRED may be set until they are received. */
  get peerWantsCredentials(): boolean {
    const { owner } = this.unixPeer;
    return owner === null || owner.passesCredentials;
  }

  private get unixPeer(): UnixEnd {
    return this.peer as UnixEnd;
  }

  /** Writes with ancillary data, which goes along with the first byte. */
  writeMarked(bytes: Uint8Array, at: number, length: number, ancillary: Ancillary | null): number {
    const start = this.peer.incoming.written;
    const n = this.write(bytes, at, length);
    if (n <= 0 || ancillary === null) return n;
    const { marks } = this.unixPeer, last = marks[marks.length - 1];
    // Writes of the same writer are read as one.
    if (last !== undefined && last.end === start && isSameWriter(last.ancillary, ancillary)) last.end += n;
    else marks.push({ start, end: start + n, ancillary });
    return n;
  }

  /** Writes a message, whole or not at all. */
  writeMessage(bytes: Uint8Array, at: number, length: number, ancillary: Ancillary | null): number {
    const { incoming } = this.peer;
    if (length > incoming.capacity) return -EMSGSIZE;
    if (!this.finished && length > incoming.free) return -EAGAIN;
    const start = incoming.written;
    // Before the write: it wakes the reader, who looks for the mark.
    const mark = { start, end: start + length, ancillary };
    this.unixPeer.marks.push(mark);
    const n = this.write(bytes, at, length);
    if (n < 0) this.unixPeer.marks.splice(this.unixPeer.marks.indexOf(mark), 1);
    else if (length === 0) this.peer.changed();
    return n;
  }

  /** The mark that a read of `length` bytes would meet first. */
  nextMark(length: number): Mark | undefined {
    const mark = this.marks[0];
    return mark !== undefined && mark.start < this.readPosition + Math.max(length, 1) ? mark : undefined;
  }

  get readPosition(): number {
    return this.incoming.written - this.incoming.length;
  }

  /** Bytes a stream read may take: Linux does not read on past bytes that files travelled with. */
  readLimit(length: number): number {
    const mark = this.nextMark(length);
    return mark === undefined ? length : Math.min(length, mark.end - this.readPosition);
  }

  /** Takes the ancillary data of the mark met by a read that began before `mark.end`. */
  takeAncillary(length: number): Ancillary | null {
    const mark = this.nextMark(length);
    if (mark === undefined) return null;
    const { ancillary } = mark;
    // Files are received once, credentials with every byte.
    if (ancillary !== null) mark.ancillary = { files: [], credentials: ancillary.credentials };
    return ancillary;
  }

  /** Forgets marks that have been read past. */
  dropMarks(): void {
    while (this.marks.length > 0 && this.marks[0].end <= this.readPosition) this.marks.shift();
  }

  /** A message of no bytes is a mark only. */
  get hasMessage(): boolean {
    return this.marks.length > 0;
  }

  removeFirstMark(): void {
    this.marks.shift();
  }

  /** What a read without bytes answers: the error comes before the end of the stream. */
  override emptyRead(length: number): number {
    if (length === 0) return 0;
    if (this.error !== 0) return -this.takeError();
    return this.peer.finished || this.deaf ? 0 : -EAGAIN;
  }

  /** shutdown(SHUT_RD): the peer can write no more. */
  override stopReading(): void {
    super.stopReading();
    this.peer.finish();
  }

  /** unix_release_sock(): both directions end; unread bytes are an error for the peer. */
  closeFor(k: Kernel): void {
    if (this.closed) return;
    this.closed = true;
    this.readiness = null;
    this.discard(k);
    if (this.incoming.length > 0) this.peer.error = ECONNRESET;
    this.incoming.clear();
    this.finished = true;
    this.peer.finished = true;
    this.peer.changed();
  }

  /** Closes the files that nobody will receive. */
  private discard(k: Kernel): void {
    for (const mark of this.marks) if (mark.ancillary !== null) discardAncillary(k, mark.ancillary);
    this.marks.length = 0;
  }
}

/** Whether two writes went with the same credentials and with no files (unix_skb_scm_eq). */
function isSameWriter(a: Ancillary | null, b: Ancillary): boolean {
  if (a === null || a.files.length > 0 || b.files.length > 0) return false;
  const c = a.credentials, d = b.credentials;
  return c !== null && d !== null && c.pid === d.pid && c.uid === d.uid && c.gid === d.gid;
}

export function unixPair(): [UnixEnd, UnixEnd] {
  const a = new UnixEnd(STREAM_CAPACITY), b = new UnixEnd(STREAM_CAPACITY);
  a.peer = b;
  b.peer = a;
  return [a, b];
}
