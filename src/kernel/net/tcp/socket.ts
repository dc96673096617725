import {
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAGAIN,
  EALREADY,
  ECONNABORTED,
  ECONNREFUSED,
  EINPROGRESS,
  EINVAL,
  EISCONN,
  ENETUNREACH,
  ENOPROTOOPT,
  ENOTCONN,
  EPIPE,
} from "../../abi/errno.ts";
import { POLL_READABLE, POLL_WRITABLE, POLLERR, POLLHUP, POLLRDHUP } from "../../abi/poll.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  IPPROTO_TCP,
  IPV6_V6ONLY,
  MSG_ERRQUEUE,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SIOCATMARK,
  SO_OOBINLINE,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SOCK_STREAM,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
  SOL_TCP,
  SOMAXCONN,
  TCP_MAXSEG,
} from "../../abi/socket.ts";
import { writeU32 } from "../../memory/user_memory.ts";
import type { Kernel } from "../../kernel.ts";
import type { Task } from "../../task/task.ts";
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
} from "../address.ts";
import { checkInetAddress } from "../inet.ts";
import type { PortBinding } from "../port_table.ts";
import { brokenPipe } from "../sigpipe.ts";
import { type Ancillary, type ReceiveInfo, Socket } from "../socket.ts";
import { Connected } from "./connected.ts";
import { Connecting } from "./connecting.ts";
import { Init } from "./init.ts";
import {
  bytesToMark,
  markUrgent,
  peekUpToMark,
  pollUrgent,
  readableBeforeMark,
  readUpToMark,
  receiveUrgent,
} from "./urgent.ts";
import { Listening } from "./listening.ts";
import type { TcpStack } from "./stack.ts";

/** The middle values of tcp_rmem and tcp_wmem, and what the send buffer grows to for loopback's large segments. */
const RECEIVE_BUFFER = 131072, SEND_BUFFER = 16384, SEND_BUFFER_CONNECTED = 2626560;
/** Segment sizes before there is a connection (RFC 9293, section 3.7.1), and with one: half of the first window. */
const SEGMENT = 536, SEGMENT_CONNECTED = 32768;

/** SOCK_STREAM of AF_INET and AF_INET6. Holds one of four states and moves between them. */
export class TcpSocket extends Socket {
  static override readonly savedFields: readonly string[] = [...Socket.savedFields, "stack", "state"];
  state: Init | Connecting | Listening | Connected = new Init();

  constructor(number: number, domain: number, readonly stack: TcpStack) {
    super(number, domain, SOCK_STREAM, IPPROTO_TCP);
  }

  get v6only(): boolean {
    return this.options.has(SOL_IPV6, IPV6_V6ONLY);
  }

  override get isListening(): boolean {
    return this.state instanceof Listening;
  }

  override knowsLevel(level: number): boolean {
    return level === SOL_SOCKET || level === SOL_TCP || level === SOL_IP ||
      (level === SOL_IPV6 && this.domain === AF_INET6);
  }

  override beforeSetOption(level: number, name: number, _value: number): number {
    // ipv6(7): only before bind.
    const s = this.state;
    if (level === SOL_IPV6 && name === IPV6_V6ONLY && !(s instanceof Init && s.binding === null)) return -EINVAL;
    if (level === SOL_IPV6 && this.domain !== AF_INET6) return -ENOPROTOOPT;
    return 0;
  }

  override unsetOption(level: number, name: number): number | undefined {
    const isConnected = this.state instanceof Connected;
    if (level === SOL_SOCKET && name === SO_RCVBUF) return RECEIVE_BUFFER;
    if (level === SOL_SOCKET && name === SO_SNDBUF) return isConnected ? SEND_BUFFER_CONNECTED : SEND_BUFFER;
    if (level === SOL_TCP && name === TCP_MAXSEG) return isConnected ? SEGMENT_CONNECTED : SEGMENT;
    return undefined;
  }

  bind(_k: Kernel, t: Task, address: SocketAddress): number {
    const target = checkInetAddress(this.domain, address);
    if (typeof target === "number") return target;
    if (!(this.state instanceof Init) || this.state.binding !== null) return -EINVAL;
    const ip = unmapped(target.ip);
    if (target.ip !== ip && this.v6only) return -EINVAL;
    if (!isWildcard(ip) && !isLocal(ip)) return -EADDRNOTAVAIL;
    const binding = this.claim(t, ip, target.port);
    if (typeof binding === "number") return binding;
    this.state.binding = binding;
    this.state.bound = { ...target, port: binding.port };
    return 0;
  }

  private claim(t: Task, ip: string, port: number): PortBinding | number {
    return this.stack.ports.claim(this.domain, ip, port, {
      v6only: this.v6only,
      reuseAddress: this.options.has(SOL_SOCKET, SO_REUSEADDR),
      reusePort: this.options.has(SOL_SOCKET, SO_REUSEPORT),
      uid: t.process.credentials.euid,
    });
  }

  override listen(_k: Kernel, t: Task, backlog: number): number {
    // The argument is unsigned for Linux: a negative one is a large one.
    const limit = Math.min(backlog >>> 0, SOMAXCONN);
    if (this.state instanceof Listening) {
      this.state.backlog = limit;
      return 0;
    }
    if (!(this.state instanceof Init)) return -EINVAL;
    let { binding, bound } = this.state;
    if (binding === null || bound === null) {
      const any = this.domain === AF_INET ? ANY_IPV4 : ANY_IPV6;
      const claimed = this.claim(t, any, 0);
      if (typeof claimed === "number") return claimed;
      binding = claimed;
      bound = inet(any, binding.port);
    }
    if (!this.stack.ports.mayListen(binding)) return -EADDRINUSE;
    binding.listening = true;
    this.state = new Listening(binding, bound, limit);
    this.stack.addListener(this);
    return 0;
  }

  override accept(k: Kernel, _t: Task): TcpSocket | number {
    if (!(this.state instanceof Listening)) return -EINVAL;
    const { binding } = this.state;
    const arrival = this.state.take();
    if (arrival === undefined) return -EAGAIN;
    const socket = new TcpSocket(k.net.nextSocketNumber(), this.domain, this.stack);
    socket.options = this.options.inherit();
    binding.holders++;
    socket.enter(new Connected(arrival.end, arrival.local, arrival.remote, binding, true));
    return socket;
  }

  connect(_k: Kernel, t: Task, address: SocketAddress): number {
    this.settle();
    if (address.family === AF_UNSPEC) return this.disconnect();
    const s = this.state;
    if (s instanceof Connecting) {
      if (s.refused) return this.fail(s);
      if (this.isEstablished(s)) return this.establish(s);
      return this.nonBlocking ? -EALREADY : -EAGAIN;
    }
    if (s instanceof Connected) {
      if (s.announced) return -EISCONN;
      s.announced = true;
      return 0;
    }
    if (s instanceof Listening) return -EISCONN;
    const target = checkInetAddress(this.domain, address);
    if (typeof target === "number") return target;
    return this.start(s, t, target);
  }

  /** The first connect(): over loopback the outcome is known at once, unless the listener's queue is full. */
  private start(s: Init, t: Task, target: InetAddress): number {
    const wanted = unmapped(target.ip);
    if (target.ip !== wanted && this.v6only) return -ENETUNREACH;
    // Connecting to the wildcard means this machine (inet(7)).
    const ip = wanted === ANY_IPV4 ? "127.0.0.1" : wanted === ANY_IPV6 ? "::1" : wanted;
    if (!isLocal(ip)) return unreachable(ip);
    const binding = s.binding ?? this.claim(t, ip.includes(":") ? ANY_IPV6 : ANY_IPV4, 0);
    if (typeof binding === "number") return -EADDRNOTAVAIL;
    const from = isWildcard(binding.ip) ? ip : binding.ip;
    const local = inet(from, binding.port), remote = inet(ip, target.port);
    const opened = this.stack.open(local, remote);
    const next = new Connecting(opened?.end ?? null, local, remote, binding, s.bound, opened?.listener ?? null);
    if (opened === null) next.refuse(ECONNREFUSED);
    this.enter(next);
    if (this.nonBlocking) return -EINPROGRESS;
    if (opened === null) return this.fail(next);
    return this.isEstablished(next) ? this.establish(next) : -EAGAIN;
  }

  private isEstablished(s: Connecting): boolean {
    const queue = s.listener?.state;
    return !(queue instanceof Listening && s.end !== null && queue.isWaiting(s.end.peer));
  }

  private establish(s: Connecting): number {
    this.state = new Connected(s.end!, s.local, s.remote, s.binding, true);
    return 0;
  }

  /** connect() reports a failure: the socket is as it was before, bound if bind() was called (tcp_disconnect). */
  private fail(s: Connecting): number {
    const init = new Init();
    if (s.bound === null) {
      if (s.binding !== null) this.stack.ports.release(s.binding);
    } else {
      init.binding = s.binding;
      init.bound = s.bound;
    }
    this.state = init;
    return -(s.error || ECONNABORTED);
  }

  /** A non-blocking connect() whose outcome is there becomes what it is. */
  private settle(): void {
    const s = this.state;
    if (!(s instanceof Connecting) || s.refused) return;
    if (s.end !== null && s.end.broken) s.refuse(s.end.takeError());
    else if (this.isEstablished(s)) this.state = new Connected(s.end!, s.local, s.remote, s.binding, false);
  }

  /** connect(AF_UNSPEC) */
  private disconnect(): number {
    const s = this.state;
    if (s instanceof Listening) return -EISCONN;
    if (s instanceof Connected || s instanceof Connecting) {
      s.end?.abort();
      if (s.binding !== null) this.stack.ports.release(s.binding);
      this.state = new Init();
    }
    return 0;
  }

  private enter(state: Connecting | Connected): void {
    this.state = state;
    if (state.end !== null) {
      state.end.readiness = this.readiness;
      state.end.holder = this;
    }
  }

  localAddress(): InetAddress {
    const s = this.state;
    if (s instanceof Connected || s instanceof Connecting) return shownTo(this.domain, s.local);
    return s.bound ?? inet(this.domain === AF_INET ? ANY_IPV4 : ANY_IPV6, 0);
  }

  peerAddress(): InetAddress | number {
    this.settle();
    const s = this.state;
    return s instanceof Connected && !s.end.isOver ? shownTo(this.domain, s.remote) : -ENOTCONN;
  }

  takeError(): number {
    this.settle();
    const s = this.state;
    if (s instanceof Connected) return s.end.takeError();
    if (!(s instanceof Connecting)) return 0;
    const { error } = s;
    s.error = 0;
    return error;
  }

  poll(): number {
    this.settle();
    const s = this.state;
    if (s instanceof Connected) return s.end.urgentAt < 0 ? s.end.poll() : pollUrgent(s.end, this.isInline);
    if (s instanceof Listening) return s.ready.length > 0 ? POLL_READABLE : 0;
    if (s instanceof Init) return POLL_WRITABLE | POLLHUP;
    if (!s.refused) return 0;
    return POLL_WRITABLE | POLL_READABLE | POLLRDHUP | POLLHUP | (s.error !== 0 ? POLLERR : 0);
  }

  get isInline(): boolean {
    return this.options.has(SOL_SOCKET, SO_OOBINLINE);
  }

  override receiveLimit(length: number): number {
    const s = this.state;
    if (!(s instanceof Connected) || s.end.urgentAt < 0) return length;
    return Math.min(length, bytesToMark(s.end) || length);
  }

  override ioctl(k: Kernel, t: Task, request: number, arg: number): number {
    const s = this.state;
    if (request !== SIOCATMARK) return super.ioctl(k, t, request, arg);
    const isAtMark = s instanceof Connected && s.end.urgentAt >= 0 && bytesToMark(s.end) === 0;
    return writeU32(t, arg, isAtMark ? 1 : 0);
  }

  send(
    k: Kernel,
    t: Task,
    bytes: Uint8Array,
    at: number,
    length: number,
    flags: number,
    _to: SocketAddress | null,
    _ancillary: Ancillary | null,
  ): number {
    this.settle();
    const s = this.state;
    if (s instanceof Connecting && !s.refused) return -EAGAIN;
    if (!(s instanceof Connected)) return -this.takeError() || brokenPipe(t, flags);
    const n = s.end.write(bytes, at, length);
    if (flags & MSG_OOB && n === length && n > 0) markUrgent(k, s.end.peer);
    return n === -EPIPE ? brokenPipe(t, flags) : n;
  }

  receive(
    _k: Kernel,
    _t: Task,
    bytes: Uint8Array,
    at: number,
    length: number,
    flags: number,
    _info: ReceiveInfo,
  ): number {
    if (flags & MSG_ERRQUEUE) return -EAGAIN;
    this.settle();
    const s = this.state;
    if (s instanceof Connecting) return s.refused ? -this.takeError() : -EAGAIN;
    if (!(s instanceof Connected)) return -ENOTCONN;
    const { end } = s;
    if (flags & MSG_OOB) return receiveUrgent(end, this.isInline, bytes, at, length, flags);
    if (end.urgentAt >= 0) {
      if (flags & MSG_PEEK) return peekUpToMark(end, this.isInline, bytes, at, length) || end.emptyRead(length);
      length = readUpToMark(end, this.isInline, length);
    }
    if (end.incoming.length === 0) return end.emptyRead(length);
    if (flags & MSG_PEEK) return end.incoming.peek(bytes, at, length);
    if (flags & MSG_TRUNC) return end.skip(length); // tcp(7): the bytes are discarded
    return end.read(bytes, at, length);
  }

  override bytesReadable(_k: Kernel): number {
    const s = this.state;
    if (s instanceof Listening) return -EINVAL;
    if (!(s instanceof Connected)) return 0;
    return s.end.urgentAt < 0 ? s.end.incoming.length : readableBeforeMark(s.end, this.isInline);
  }

  shutdown(_k: Kernel, how: number): number {
    this.settle();
    const s = this.state;
    if (s instanceof Listening) {
      // Linux ends the listening and lets the socket be used again; blocked accepts fail with EINVAL.
      if (how === SHUT_WR) return 0;
      this.stopListening(s);
      const init = new Init();
      init.binding = s.binding;
      init.bound = s.bound;
      this.state = init;
      this.readiness.wake();
      this.acceptors?.wake();
      return 0;
    }
    if (!(s instanceof Connected) || s.end.isOver) return -ENOTCONN;
    if (how === SHUT_RD || how === SHUT_RDWR) s.end.stopReading();
    if (how === SHUT_WR || how === SHUT_RDWR) s.end.finish();
    return 0;
  }

  private stopListening(s: Listening): void {
    s.binding.listening = false;
    this.stack.removeListener(this);
    s.abortAll();
  }

  override release(_k: Kernel): void {
    const s = this.state;
    if (s instanceof Listening) this.stopListening(s);
    else if (s instanceof Connected || s instanceof Connecting) {
      // socket(7), SO_LINGER: with a time of 0 the connection is reset.
      if (this.options.linger.on && this.options.linger.seconds === 0) s.end?.abort();
      else s.end?.close();
    }
    if (s.binding !== null) this.stack.ports.release(s.binding);
    this.state = new Init();
  }
}
