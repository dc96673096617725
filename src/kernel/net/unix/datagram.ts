import { EAGAIN, ECONNREFUSED, ECONNRESET, EMSGSIZE, ENOTCONN, EPERM, EPIPE, EPROTOTYPE } from "../../abi/errno.ts";
import { POLL_READABLE, POLL_WRITABLE, POLLERR, POLLHUP, POLLRDHUP } from "../../abi/poll.ts";
import {
  AF_UNIX,
  AF_UNSPEC,
  MSG_PEEK,
  MSG_TRUNC,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOL_SOCKET,
} from "../../abi/socket.ts";
import type { Kernel } from "../../kernel.ts";
import type { Task } from "../../task/task.ts";
import type { SocketAddress, UnixAddress } from "../address.ts";
import { brokenPipe } from "../sigpipe.ts";
import { type Ancillary, credentialsOf, discardAncillary, type ReceiveInfo, withCredentials } from "../socket.ts";
import { unixName, UnixSocket } from "./socket.ts";

/** /proc/sys/net/unix/max_dgram_qlen */
const QUEUE_MAX = 10;

interface Message {
  readonly bytes: Uint8Array;
  readonly from: string;
  ancillary: Ancillary | null;
}

/** SOCK_DGRAM of AF_UNIX: reliable, in order, one queue per receiver. */
export class UnixDatagramSocket extends UnixSocket {
  static override readonly savedFields: readonly string[] = [
    ...UnixSocket.savedFields,
    "peer",
    "queue",
    "senders",
    "error",
    "noReceive",
    "noSend",
    "closed",
  ];
  private peer: UnixDatagramSocket | null = null;
  private readonly queue: Message[] = [];
  /** Sockets that found this queue full, to be told when it is not. */
  private readonly senders: UnixDatagramSocket[] = [];
  private error = 0;
  private noReceive = false;
  private noSend = false;
  private closed = false;

  constructor(number: number) {
    super(number, SOCK_DGRAM);
  }

  static pair(k: Kernel, t: Task): [UnixDatagramSocket, UnixDatagramSocket] {
    const a = new UnixDatagramSocket(k.net.nextSocketNumber()), b = new UnixDatagramSocket(k.net.nextSocketNumber());
    a.peer = b;
    b.peer = a;
    a.credentials = b.credentials = credentialsOf(t);
    return [a, b];
  }

  connect(k: Kernel, t: Task, address: SocketAddress): number {
    if (address.family === AF_UNSPEC) {
      this.leavePeer();
      return 0;
    }
    const target = this.find(k, t, address);
    if (typeof target === "number") return target;
    if (target !== this.peer) this.leavePeer();
    this.peer = target;
    return 0;
  }

  /** unix_dgram_disconnected(): a peer that is connected to this socket learns that it is left. */
  private leavePeer(): void {
    if (this.peer !== null && this.peer !== this && this.peer.peer === this) {
      this.peer.error = ECONNRESET;
      this.peer.readiness.wake();
    }
    this.peer = null;
  }

  private find(k: Kernel, t: Task, address: SocketAddress): UnixDatagramSocket | number {
    const name = unixName(address);
    if (typeof name === "number") return name;
    const target = k.net.unix.find(k, t, name);
    if (typeof target === "number") return target;
    if (!(target instanceof UnixDatagramSocket)) return -EPROTOTYPE;
    return target.acceptsFrom(this) ? target : -EPERM;
  }

  /** A socket that is connected takes messages from its peer only. */
  private acceptsFrom(sender: UnixDatagramSocket): boolean {
    return this.peer === null || this.peer === sender;
  }

  peerAddress(): UnixAddress | number {
    return this.peer === null ? -ENOTCONN : { family: AF_UNIX, name: this.peer.name };
  }

  takeError(): number {
    const { error } = this;
    this.error = 0;
    return error;
  }

  poll(): number {
    let mask = 0;
    if (this.queue.length > 0 || this.noReceive) mask |= POLL_READABLE;
    if (this.noReceive) mask |= POLLRDHUP | (this.noSend ? POLLHUP : 0);
    if (this.error !== 0) mask |= POLLERR;
    if (this.peer === null || this.peer.closed || !this.peer.isFull) mask |= POLL_WRITABLE;
    else this.peer.remember(this);
    return mask;
  }

  private get isFull(): boolean {
    return this.queue.length > QUEUE_MAX;
  }

  private remember(sender: UnixDatagramSocket): void {
    if (!this.senders.includes(sender)) this.senders.push(sender);
  }

  send(
    k: Kernel,
    t: Task,
    bytes: Uint8Array,
    at: number,
    length: number,
    flags: number,
    to: SocketAddress | null,
    ancillary: Ancillary | null,
  ): number {
    if (length > this.options.get(SOL_SOCKET, SO_SNDBUF)! - 32) return -EMSGSIZE;
    const target = to === null ? this.peer : this.find(k, t, to);
    if (target === null) return this.error !== 0 ? -this.takeError() : -ENOTCONN;
    if (typeof target === "number") return target;
    if (this.noSend) return brokenPipe(t, flags);
    if (target.closed) {
      if (target === this.peer) this.peer = null;
      return -ECONNREFUSED;
    }
    if (target.noReceive) return -EPIPE;
    if (target.isFull && target !== this) {
      target.remember(this);
      return -EAGAIN;
    }
    const sent = withCredentials(t, ancillary, this.passesCredentials || target.passesCredentials);
    target.queue.push({ bytes: bytes.slice(at, at + length), from: this.name, ancillary: sent });
    target.readiness.wake();
    return length;
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
    if (this.queue.length === 0) {
      if (this.error !== 0) return -this.takeError();
      return this.noReceive && this.waits(flags) ? 0 : -EAGAIN;
    }
    const message = this.queue[0], size = message.bytes.length, n = Math.min(length, size);
    bytes.set(message.bytes.subarray(0, n), at);
    // An unnamed sender is no address at all (unix_copy_addr).
    info.from = message.from === "" ? null : { family: AF_UNIX, name: message.from };
    if (n < size) info.flags |= MSG_TRUNC;
    if (!(flags & MSG_PEEK)) {
      info.ancillary = message.ancillary;
      this.queue.shift();
      for (const sender of this.senders.splice(0)) sender.readiness.wake();
    }
    return flags & MSG_TRUNC ? size : n;
  }

  override bytesReadable(_k: Kernel): number {
    return this.queue.length === 0 ? 0 : this.queue[0].bytes.length;
  }

  shutdown(_k: Kernel, how: number): number {
    if (how === SHUT_RD || how === SHUT_RDWR) this.noReceive = true;
    if (how === SHUT_WR || how === SHUT_RDWR) this.noSend = true;
    this.readiness.wake();
    return 0;
  }

  override release(k: Kernel): void {
    this.closed = true;
    k.net.unix.forget(this);
    for (const message of this.queue.splice(0)) if (message.ancillary !== null) discardAncillary(k, message.ancillary);
    for (const sender of this.senders.splice(0)) sender.readiness.wake();
  }
}
