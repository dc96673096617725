import { EAGAIN, ECONNREFUSED, EINVAL, EOPNOTSUPP, EPERM } from "../../abi/errno.ts";
import { NETLINK_ADD_MEMBERSHIP, NETLINK_DROP_MEMBERSHIP, NETLINK_ROUTE, SOL_NETLINK } from "../../abi/netlink.ts";
import { POLL_READABLE, POLL_WRITABLE } from "../../abi/poll.ts";
import { AF_NETLINK, AF_UNSPEC, MSG_OOB, MSG_PEEK, MSG_TRUNC, SOL_SOCKET } from "../../abi/socket.ts";
import type { Kernel } from "../../kernel.ts";
import type { Task } from "../../task/task.ts";
import type { NetlinkAddress, SocketAddress } from "../address.ts";
import { type Ancillary, type ReceiveInfo, Socket } from "../socket.ts";
import { parseRequests } from "./message.ts";
import { answerRoute } from "./route.ts";

/** AF_NETLINK (netlink(7)): a socket to the kernel itself. Multicast groups can be joined, and nothing ever happens there. */
export class NetlinkSocket extends Socket {
  static override readonly savedFields: readonly string[] = [...Socket.savedFields, "port", "groups", "peer", "queue"];
  /** 0 until bound. */
  private port = 0;
  private groups = 0;
  private peer: NetlinkAddress = { family: AF_NETLINK, port: 0, groups: 0 };
  /** Datagrams from the kernel. */
  private readonly queue: Uint8Array[] = [];

  constructor(number: number, type: number, protocol: number) {
    super(number, AF_NETLINK, type, protocol);
  }

  override knowsLevel(level: number): boolean {
    return level === SOL_SOCKET || level === SOL_NETLINK;
  }

  override beforeSetOption(level: number, name: number, value: number): number {
    const isGroup = level === SOL_NETLINK && (name === NETLINK_ADD_MEMBERSHIP || name === NETLINK_DROP_MEMBERSHIP);
    return isGroup && value <= 0 ? -EINVAL : 0;
  }

  bind(k: Kernel, t: Task, address: SocketAddress): number {
    if (address.family !== AF_NETLINK) return -EINVAL;
    if (this.port !== 0) {
      if (address.port !== this.port) return -EINVAL;
    } else {
      const claimed = this.claim(k, t, address.port);
      if (claimed < 0) return claimed;
    }
    this.groups = address.groups;
    return 0;
  }

  private claim(k: Kernel, t: Task, port: number): number {
    const claimed = k.net.netlink.claim(this.protocol, port, t.process.pid);
    if (claimed < 0) return claimed;
    this.port = claimed;
    return 0;
  }

  connect(k: Kernel, t: Task, address: SocketAddress): number {
    if (address.family === AF_UNSPEC) {
      this.peer = { family: AF_NETLINK, port: 0, groups: 0 };
      return 0;
    }
    if (address.family !== AF_NETLINK) return -EINVAL;
    if ((address.groups !== 0 || address.port !== 0) && !t.process.credentials.privileged) return -EPERM;
    this.peer = address;
    return this.port === 0 ? this.claim(k, t, 0) : 0;
  }

  localAddress(): NetlinkAddress {
    return { family: AF_NETLINK, port: this.port, groups: this.groups };
  }
  peerAddress(): NetlinkAddress {
    return this.peer;
  }
  takeError(): number {
    return 0;
  }
  shutdown(): number {
    return -EOPNOTSUPP;
  }

  poll(): number {
    return POLL_WRITABLE | (this.queue.length > 0 ? POLL_READABLE : 0);
  }

  send(
    k: Kernel,
    t: Task,
    bytes: Uint8Array,
    at: number,
    length: number,
    flags: number,
    to: SocketAddress | null,
    _ancillary: Ancillary | null,
  ): number {
    if (flags & MSG_OOB) return -EOPNOTSUPP;
    if (to !== null && to.family !== AF_NETLINK) return -EINVAL;
    const target = to ?? this.peer;
    if ((target.groups !== 0 || target.port !== 0) && !t.process.credentials.privileged) return -EPERM;
    const claimed = this.port === 0 ? this.claim(k, t, 0) : 0;
    if (claimed < 0) return claimed;
    if (target.port !== 0) return -ECONNREFUSED; // other sockets are never listened to
    if (this.protocol !== NETLINK_ROUTE) return -ECONNREFUSED;
    for (const request of parseRequests(bytes.subarray(at, at + length))) {
      this.queue.push(...answerRoute(request, this.port));
    }
    if (this.queue.length > 0) this.readiness.wake();
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
    if (flags & MSG_OOB) return -EOPNOTSUPP;
    if (this.queue.length === 0) return -EAGAIN;
    const datagram = this.queue[0], n = Math.min(length, datagram.length);
    bytes.set(datagram.subarray(0, n), at);
    info.from = { family: AF_NETLINK, port: 0, groups: 0 };
    if (n < datagram.length) info.flags |= MSG_TRUNC;
    if (!(flags & MSG_PEEK)) this.queue.shift();
    return flags & MSG_TRUNC ? datagram.length : n;
  }

  override release(k: Kernel): void {
    if (this.port !== 0) k.net.netlink.release(this.protocol, this.port);
    this.port = 0;
  }
}
