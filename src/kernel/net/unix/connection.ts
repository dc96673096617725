import {
  EAGAIN,
  ECONNREFUSED,
  ECONNRESET,
  EINVAL,
  EISCONN,
  ENOTCONN,
  EOPNOTSUPP,
  EPIPE,
  EPROTOTYPE,
} from "../../abi/errno.ts";
import { POLL_READABLE, POLL_WRITABLE, POLLHUP } from "../../abi/poll.ts";
import {
  AF_UNIX,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_SEQPACKET,
  SOMAXCONN,
} from "../../abi/socket.ts";
import type { Kernel } from "../../kernel.ts";
import type { Task } from "../../task/task.ts";
import type { SocketAddress, UnixAddress } from "../address.ts";
import { brokenPipe } from "../sigpipe.ts";
import { type Ancillary, credentialsOf, type PeerCredentials, type ReceiveInfo, withCredentials } from "../socket.ts";
import { type UnixEnd, unixPair } from "./end.ts";
import { unixName, UnixSocket } from "./socket.ts";

/** A connection that waits in a listener's queue. */
interface UnixArrival {
  readonly end: UnixEnd;
  readonly name: string;
  readonly credentials: PeerCredentials;
}

/** SOCK_STREAM and SOCK_SEQPACKET of AF_UNIX. */
export class UnixConnectionSocket extends UnixSocket {
  static override readonly savedFields: readonly string[] = [
    ...UnixSocket.savedFields,
    "end",
    "peerName",
    "backlog",
    "arrivals",
    "hopefuls",
  ];
  private end: UnixEnd | null = null;
  private peerName = "";
  /** -1: not listening. */
  private backlog = -1;
  private readonly arrivals: UnixArrival[] = [];
  /** Sockets whose connect() waits for room in this listener's queue. */
  private readonly hopefuls: UnixConnectionSocket[] = [];

  override get isListening(): boolean {
    return this.backlog >= 0;
  }

  private get hasMessages(): boolean {
    return this.type === SOCK_SEQPACKET;
  }

  /** socketpair(2) */
  static pair(k: Kernel, t: Task, type: number): [UnixConnectionSocket, UnixConnectionSocket] {
    const a = new UnixConnectionSocket(k.net.nextSocketNumber(), type);
    const b = new UnixConnectionSocket(k.net.nextSocketNumber(), type);
    const [endA, endB] = unixPair();
    const credentials = credentialsOf(t);
    a.join(endA, "", credentials);
    b.join(endB, "", credentials);
    return [a, b];
  }

  private join(end: UnixEnd, peerName: string, credentials: PeerCredentials): void {
    this.end = end;
    end.readiness = this.readiness;
    end.owner = this;
    this.peerName = peerName;
    this.credentials = credentials;
  }

  override listen(_k: Kernel, t: Task, backlog: number): number {
    if (this.name === "" || this.end !== null) return -EINVAL;
    this.backlog = Math.min(backlog >>> 0, SOMAXCONN);
    this.credentials = credentialsOf(t);
    return 0;
  }

  connect(k: Kernel, t: Task, address: SocketAddress): number {
    const name = unixName(address);
    if (typeof name === "number") return name;
    if (this.isListening) return -EINVAL;
    if (this.end !== null) return -EISCONN;
    const target = k.net.unix.find(k, t, name);
    if (typeof target === "number") return target;
    if (target.type !== this.type) return -EPROTOTYPE;
    const listener = target as UnixConnectionSocket;
    if (!listener.isListening) return -ECONNREFUSED;
    // Unlike TCP a non-blocking connect() to a full queue is EAGAIN, not EINPROGRESS.
    if (listener.arrivals.length > listener.backlog) {
      if (!this.nonBlocking && !listener.hopefuls.includes(this)) listener.hopefuls.push(this);
      return -EAGAIN;
    }
    const [mine, theirs] = unixPair();
    this.join(mine, listener.name, listener.credentials!);
    listener.arrivals.push({ end: theirs, name: this.name, credentials: credentialsOf(t) });
    listener.announceArrival();
    return 0;
  }

  override accept(k: Kernel, _t: Task): UnixConnectionSocket | number {
    if (!this.isListening) return -EINVAL;
    const arrival = this.arrivals.shift();
    if (arrival === undefined) return -EAGAIN;
    const socket = new UnixConnectionSocket(k.net.nextSocketNumber(), this.type);
    socket.name = this.name;
    socket.options = this.options.inherit();
    socket.join(arrival.end, arrival.name, arrival.credentials);
    for (const hopeful of this.hopefuls.splice(0)) hopeful.readiness.wake();
    return socket;
  }

  peerAddress(): UnixAddress | number {
    return this.end === null ? -ENOTCONN : { family: AF_UNIX, name: this.peerName };
  }

  takeError(): number {
    return this.end?.takeError() ?? 0;
  }

  poll(): number {
    if (this.isListening) return this.arrivals.length > 0 ? POLL_READABLE : 0;
    if (this.end === null) return POLL_WRITABLE | POLLHUP;
    return this.end.poll() | (this.end.hasMessage ? POLL_READABLE : 0);
  }

  send(
    _k: Kernel,
    t: Task,
    bytes: Uint8Array,
    at: number,
    length: number,
    flags: number,
    to: SocketAddress | null,
    ancillary: Ancillary | null,
  ): number {
    if (flags & MSG_OOB) return -EOPNOTSUPP;
    const { end } = this;
    if (to !== null && !this.hasMessages) return end === null ? -EOPNOTSUPP : -EISCONN;
    if (end === null) return -ENOTCONN;
    const sent = withCredentials(t, ancillary, this.passesCredentials || end.peerWantsCredentials);
    const n = this.hasMessages ? end.writeMessage(bytes, at, length, sent) : end.writeMarked(bytes, at, length, sent);
    return n === -EPIPE ? brokenPipe(t, flags) : n;
  }

  receive(
    _k: Kernel,
    _t: Task,
    bytes: Uint8Array,
    at: number,
    length: number,
    flags: number,
    info: ReceiveInfo,
  ): number {
    if (flags & MSG_OOB) return this.hasMessages ? -EOPNOTSUPP : -EINVAL;
    const { end } = this;
    if (end === null) return this.hasMessages ? -ENOTCONN : -EINVAL;
    return this.hasMessages
      ? receiveMessage(end, bytes, at, length, flags, info)
      : receiveStream(end, bytes, at, length, flags, info);
  }

  override receiveLimit(length: number): number {
    return this.end === null || this.hasMessages ? length : this.end.readLimit(length);
  }

  override bytesReadable(_k: Kernel): number {
    return this.isListening ? -EINVAL : this.end?.incoming.length ?? 0;
  }

  shutdown(_k: Kernel, how: number): number {
    if (this.end === null) return 0;
    if (how === SHUT_RD || how === SHUT_RDWR) this.end.stopReading();
    if (how === SHUT_WR || how === SHUT_RDWR) this.end.finish();
    return 0;
  }

  override release(k: Kernel): void {
    if (this.isListening || this.end === null) k.net.unix.forget(this);
    for (const arrival of this.arrivals.splice(0)) {
      arrival.end.closeFor(k);
      arrival.end.peer.error = ECONNRESET;
    }
    for (const hopeful of this.hopefuls.splice(0)) hopeful.readiness.wake();
    this.backlog = -1;
    this.end?.closeFor(k);
  }
}

function receiveStream(
  end: UnixEnd,
  bytes: Uint8Array,
  at: number,
  length: number,
  flags: number,
  info: ReceiveInfo,
): number {
  if (end.incoming.length === 0) return end.emptyRead(length);
  const limit = end.readLimit(length);
  if (flags & MSG_PEEK) return end.incoming.peek(bytes, at, limit);
  info.ancillary = end.takeAncillary(limit);
  const n = end.read(bytes, at, limit);
  end.dropMarks();
  return n;
}

function receiveMessage(
  end: UnixEnd,
  bytes: Uint8Array,
  at: number,
  length: number,
  flags: number,
  info: ReceiveInfo,
): number {
  const mark = end.nextMark(1);
  if (mark === undefined) return end.emptyRead(1);
  const size = mark.end - mark.start, n = Math.min(length, size);
  if (n < size) info.flags |= MSG_TRUNC;
  if (flags & MSG_PEEK) {
    end.incoming.peek(bytes, at, n);
  } else {
    info.ancillary = mark.ancillary;
    end.removeFirstMark();
    end.read(bytes, at, n);
    if (size > n) end.skip(size - n);
  }
  return flags & MSG_TRUNC ? size : n;
}
