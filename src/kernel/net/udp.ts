import {
  EACCES,
  EADDRNOTAVAIL,
  EAGAIN,
  ECONNREFUSED,
  EDESTADDRREQ,
  EINVAL,
  EMSGSIZE,
  ENOPROTOOPT,
  ENOTCONN,
} from "../abi/errno.ts";
import { POLL_READABLE, POLL_WRITABLE, POLLERR, POLLHUP, POLLRDHUP } from "../abi/poll.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
  IPV6_V6ONLY,
  MSG_ERRQUEUE,
  MSG_PEEK,
  MSG_TRUNC,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SO_BROADCAST,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_DGRAM,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
  SOL_UDP,
  SOL_UDPLITE,
} from "../abi/socket.ts";
import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import {
  ANY_IPV4,
  ANY_IPV6,
  inet,
  type InetAddress,
  isLocal,
  isWildcard,
  shownTo,
  type SocketAddress,
  unmapped,
  unreachable,
} from "./address.ts";
import { datagramControls, type DatagramHeader, headerOf } from "./datagram_controls.ts";
import { checkInetAddress } from "./inet.ts";
import type { PortBinding } from "./port_table.ts";
import { brokenPipe } from "./sigpipe.ts";
import { type Ancillary, type ReceiveInfo, Socket } from "./socket.ts";
import { UdpStack } from "./udp_stack.ts";

/** 65535 less the IPv4 and UDP headers. */
const DATAGRAM_MAX = 65507;
/** What a queued datagram weighs beside its bytes, about as sk_buff does. */
const DATAGRAM_OVERHEAD = 768;

/** A datagram that waits to be received. `from` is IPv4 as such. */
interface Datagram {
  readonly bytes: Uint8Array;
  readonly from: InetAddress;
  readonly to: InetAddress;
  readonly header: DatagramHeader;
}

/** SOCK_DGRAM of AF_INET and AF_INET6, over loopback (udp(7)). */
export class UdpSocket extends Socket {
  static override readonly savedFields: readonly string[] = [
    ...Socket.savedFields,
    "stack",
    "binding",
    "boundIp",
    "peer",
    "queue",
    "queuedBytes",
    "error",
    "noReceive",
    "noSend",
  ];
  binding: PortBinding | null = null;
  /** As bind() was given it, or as connect() chose it. */
  private boundIp: string;
  /** Set by connect(); IPv4 as such. */
  peer: InetAddress | null = null;
  private readonly queue: Datagram[] = [];
  /** Of the datagrams that wait, with what they weigh beside. */
  queuedBytes = 0;
  private error = 0;
  private noReceive = false;
  private noSend = false;

  constructor(number: number, domain: number, readonly stack: UdpStack, protocol: number = IPPROTO_UDP) {
    super(number, domain, SOCK_DGRAM, protocol);
    this.boundIp = domain === AF_INET ? ANY_IPV4 : ANY_IPV6;
  }

  override knowsLevel(level: number): boolean {
    return level === SOL_SOCKET || level === SOL_IP || level === SOL_UDP ||
      (level === SOL_UDPLITE && this.protocol === IPPROTO_UDPLITE) ||
      (level === SOL_IPV6 && this.domain === AF_INET6);
  }

  override beforeSetOption(level: number, name: number, _value: number): number {
    if (level === SOL_IPV6 && this.domain !== AF_INET6) return -ENOPROTOOPT;
    return level === SOL_IPV6 && name === IPV6_V6ONLY && this.binding !== null ? -EINVAL : 0;
  }

  bind(_k: Kernel, t: Task, address: SocketAddress): number {
    const target = checkInetAddress(this.domain, address);
    if (typeof target === "number") return target;
    if (this.binding !== null) return -EINVAL;
    const ip = unmapped(target.ip);
    if (!isWildcard(ip) && !isLocal(ip)) return -EADDRNOTAVAIL;
    return this.claim(t, ip, target.port, target.ip);
  }

  private claim(t: Task, ip: string, port: number, shown: string): number {
    const binding = this.stack.ports.claim(this.domain, ip, port, {
      v6only: this.options.has(SOL_IPV6, IPV6_V6ONLY),
      reuseAddress: this.options.has(SOL_SOCKET, SO_REUSEADDR),
      reusePort: this.options.has(SOL_SOCKET, SO_REUSEPORT),
      uid: t.process.credentials.euid,
    });
    if (typeof binding === "number") return binding;
    this.binding = binding;
    this.boundIp = shown;
    this.stack.bound.push(this);
    return 0;
  }

  private autobind(t: Task): number {
    return this.binding === null ? this.claim(t, this.domain === AF_INET ? ANY_IPV4 : ANY_IPV6, 0, this.boundIp) : 0;
  }

  connect(_k: Kernel, t: Task, address: SocketAddress): number {
    if (address.family === AF_UNSPEC) {
      this.peer = null;
      return 0;
    }
    const target = checkInetAddress(this.domain, address);
    if (typeof target === "number") return target;
    const to = this.routed(target);
    if (typeof to === "number") return to;
    const bound = this.autobind(t);
    if (bound < 0) return bound;
    this.peer = to;
    if (isWildcard(this.boundIp)) this.boundIp = UdpStack.source(this, to).ip;
    return 0;
  }

  /** A destination this machine can reach, IPv4 as such; or a negative errno. */
  private routed(target: InetAddress): InetAddress | number {
    let ip = unmapped(target.ip);
    if (ip === ANY_IPV4) ip = "127.0.0.1";
    if (ip === ANY_IPV6) ip = "::1";
    if (ip === "255.255.255.255" && !this.options.has(SOL_SOCKET, SO_BROADCAST)) return -EACCES;
    return isLocal(ip) ? inet(ip, target.port) : unreachable(ip);
  }

  localAddress(): InetAddress {
    return shownTo(this.domain, inet(unmapped(this.boundIp), this.binding?.port ?? 0));
  }

  peerAddress(): InetAddress | number {
    return this.peer === null ? -ENOTCONN : shownTo(this.domain, this.peer);
  }

  takeError(): number {
    const { error } = this;
    this.error = 0;
    return error;
  }

  poll(): number {
    let mask = POLL_WRITABLE;
    if (this.queue.length > 0 || this.noReceive) mask |= POLL_READABLE;
    if (this.noReceive) mask |= POLLRDHUP | (this.noSend ? POLLHUP : 0);
    if (this.error !== 0) mask |= POLLERR;
    return mask;
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
    if (length > DATAGRAM_MAX) return -EMSGSIZE;
    if (this.error !== 0) return -this.takeError();
    if (this.noSend) return brokenPipe(t, flags);
    let target = this.peer;
    if (to !== null && to.family !== AF_UNSPEC) {
      const checked = checkInetAddress(this.domain, to);
      if (typeof checked === "number") return checked;
      if (checked.port === 0) return -EINVAL;
      const reached = this.routed(checked);
      if (typeof reached === "number") return reached;
      target = reached;
    }
    if (target === null) return -EDESTADDRREQ;
    const bound = this.autobind(t);
    if (bound < 0) return bound;
    const from = UdpStack.source(this, target);
    const receiver = this.stack.receiver(from, target);
    if (receiver !== null) {
      const header = headerOf(this.options, target, ancillary?.header);
      receiver.deliver({ bytes: bytes.slice(at, at + length), from, to: target, header });
    } else if (this.peer !== null) this.refuse(); // the ICMP message comes back to connected sockets only
    return length;
  }

  private refuse(): void {
    this.error = ECONNREFUSED;
    this.readiness.wake();
  }

  /** A full receive buffer drops the datagram: that is UDP. */
  private deliver(datagram: Datagram): void {
    if (this.queuedBytes > this.options.get(SOL_SOCKET, SO_RCVBUF)!) return;
    this.queue.push(datagram);
    this.queuedBytes += datagram.bytes.length + DATAGRAM_OVERHEAD;
    this.readiness.wake();
  }

  receive(
    k: Kernel,
    _t: Task,
    bytes: Uint8Array,
    at: number,
    length: number,
    flags: number,
    info: ReceiveInfo,
  ): number {
    if (flags & MSG_ERRQUEUE) return -EAGAIN;
    if (this.error !== 0) return -this.takeError();
    // After shutdown(SHUT_RD) only a call that would wait is told so; datagrams are received all the same (inet_shutdown).
    if (this.queue.length === 0) return this.noReceive && this.waits(flags) ? 0 : -EAGAIN;
    const datagram = this.queue[0], size = datagram.bytes.length;
    const n = Math.min(length, size);
    bytes.set(datagram.bytes.subarray(0, n), at);
    info.from = shownTo(this.domain, datagram.from);
    if (this.options.isAnySet) {
      info.controls = datagramControls(
        this.options,
        this.domain,
        datagram.to,
        datagram.header,
        () => k.clock.realtimeMs(),
      );
    }
    if (n < size) info.flags |= MSG_TRUNC;
    if (!(flags & MSG_PEEK)) {
      this.queue.shift();
      this.queuedBytes -= size + DATAGRAM_OVERHEAD;
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
    // Takes effect even so: it wakes whoever waits on the socket.
    return this.peer === null ? -ENOTCONN : 0;
  }

  override release(_k: Kernel): void {
    this.stack.remove(this);
    if (this.binding !== null) this.stack.ports.release(this.binding);
    this.binding = null;
  }
}
