import { EAFNOSUPPORT, EOPNOTSUPP, EPROTONOSUPPORT, ESOCKTNOSUPPORT } from "../abi/errno.ts";
import {
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_UNIX,
  IPPROTO_IP,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPPROTO_UDPLITE,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from "../abi/socket.ts";
import { NETLINK_KOBJECT_UEVENT, NETLINK_ROUTE } from "../abi/netlink.ts";
import type { Kernel } from "../kernel.ts";
import type { Task } from "../task/task.ts";
import { NetlinkSocket } from "./netlink/socket.ts";
import type { Socket } from "./socket.ts";
import { TcpSocket } from "./tcp/socket.ts";
import { UdpSocket } from "./udp.ts";
import { UnixConnectionSocket } from "./unix/connection.ts";
import { UnixDatagramSocket } from "./unix/datagram.ts";

/** A socket family. Results that are numbers are negative errnos. */
interface Provider {
  socket(k: Kernel, t: Task, type: number, protocol: number): Socket | number;
  pair(k: Kernel, t: Task, type: number, protocol: number): [Socket, Socket] | number;
}

function inetProvider(domain: number): Provider {
  return {
    socket(k, _t, type, protocol) {
      if (type === SOCK_STREAM && (protocol === IPPROTO_IP || protocol === IPPROTO_TCP)) {
        return new TcpSocket(k.net.nextSocketNumber(), domain, k.net.tcp);
      }
      if (type === SOCK_DGRAM && (protocol === IPPROTO_IP || protocol === IPPROTO_UDP)) {
        return new UdpSocket(k.net.nextSocketNumber(), domain, k.net.udp);
      }
      if (type === SOCK_DGRAM && protocol === IPPROTO_UDPLITE) {
        return new UdpSocket(k.net.nextSocketNumber(), domain, k.net.udpLite, IPPROTO_UDPLITE);
      }
      return type === SOCK_STREAM || type === SOCK_DGRAM || type === SOCK_RAW ? -EPROTONOSUPPORT : -ESOCKTNOSUPPORT;
    },
    pair: () => -EOPNOTSUPP,
  };
}

const unixProvider: Provider = {
  socket(k, _t, type, protocol) {
    if (protocol !== 0 && protocol !== AF_UNIX) return -EPROTONOSUPPORT;
    switch (type) {
      case SOCK_STREAM:
      case SOCK_SEQPACKET:
        return new UnixConnectionSocket(k.net.nextSocketNumber(), type);
      case SOCK_DGRAM:
      case SOCK_RAW: // unix_create() takes it for SOCK_DGRAM
        return new UnixDatagramSocket(k.net.nextSocketNumber());
      default:
        return -ESOCKTNOSUPPORT;
    }
  },
  pair(k, t, type, protocol) {
    if (protocol !== 0 && protocol !== AF_UNIX) return -EPROTONOSUPPORT;
    if (type === SOCK_STREAM || type === SOCK_SEQPACKET) return UnixConnectionSocket.pair(k, t, type);
    return type === SOCK_DGRAM || type === SOCK_RAW ? UnixDatagramSocket.pair(k, t) : -ESOCKTNOSUPPORT;
  },
};

const netlinkProvider: Provider = {
  socket(k, _t, type, protocol) {
    if (type !== SOCK_RAW && type !== SOCK_DGRAM) return -ESOCKTNOSUPPORT;
    // Device events can be listened for (libudev does); there are none.
    if (protocol !== NETLINK_ROUTE && protocol !== NETLINK_KOBJECT_UEVENT) return -EPROTONOSUPPORT;
    return new NetlinkSocket(k.net.nextSocketNumber(), type, protocol);
  },
  pair: () => -EOPNOTSUPP,
};

const PROVIDERS: Readonly<Record<number, Provider>> = {
  [AF_UNIX]: unixProvider,
  [AF_INET]: inetProvider(AF_INET),
  [AF_INET6]: inetProvider(AF_INET6),
  [AF_NETLINK]: netlinkProvider,
};

/** socket(2) without the descriptor. */
export function createSocket(k: Kernel, t: Task, domain: number, type: number, protocol: number): Socket | number {
  return PROVIDERS[domain]?.socket(k, t, type, protocol) ?? -EAFNOSUPPORT;
}

/** socketpair(2) without the descriptors. */
export function createPair(
  k: Kernel,
  t: Task,
  domain: number,
  type: number,
  protocol: number,
): [Socket, Socket] | number {
  return PROVIDERS[domain]?.pair(k, t, type, protocol) ?? -EAFNOSUPPORT;
}
