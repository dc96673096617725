import { inet, type InetAddress, LOOPBACK_IPV4, LOOPBACK_IPV6 } from "./address.ts";
import { type HostConnection, LoopbackConnection } from "./host_connection.ts";
import { NetlinkPorts } from "./netlink/ports.ts";
import { Listening } from "./tcp/listening.ts";
import type { TcpSocket } from "./tcp/socket.ts";
import { TcpStack } from "./tcp/stack.ts";
import { UdpStack } from "./udp_stack.ts";
import { UnixNames } from "./unix/names.ts";

/** A listening TCP socket, as boot and serve look for one. */
export interface ListenerInfo {
  readonly ip: string;
  readonly port: number;
  readonly backlog: number;
  /** Connections that the guest has not accepted yet. */
  readonly pending: number;
}

/** Ports that the host's connections come from, one after the other; Linux clients use the same range. */
const CLIENT_PORT_FIRST = 32768, CLIENT_PORT_LAST = 60999;

/** The network of one guest: a loopback interface, and the host as a client of it. */
export class Net {
  static readonly savedFields: readonly string[] = [
    "tcp",
    "udp",
    "udpLite",
    "unix",
    "netlink",
    "socketNumbers",
    "clientPort",
  ];
  readonly tcp: TcpStack = new TcpStack();
  readonly udp: UdpStack = new UdpStack();
  /** UDP-Lite (RFC 3828): without a wire the same as UDP, on ports of its own. */
  readonly udpLite: UdpStack = new UdpStack();
  readonly unix: UnixNames = new UnixNames();
  readonly netlink: NetlinkPorts = new NetlinkPorts();
  private socketNumbers = 1000;
  private clientPort = CLIENT_PORT_FIRST;

  /** Inode number for a new socket. */
  nextSocketNumber(): number {
    return this.socketNumbers++;
  }

  /** Listening TCP sockets, in the order of listen(). A guest is ready when there is one and all its tasks are blocked. */
  listeners(): ListenerInfo[] {
    return this.tcp.listeners.map((socket) => {
      const { bound, backlog, ready, waiting } = socket.state as Listening;
      return { ip: bound.ip, port: bound.port, backlog, pending: ready.length + waiting.length };
    });
  }

  /**
   * Connects the host to a listening socket of the guest: to a port, or to the socket that listened first. Null if nothing
   * listens there. `peer` is the address the guest sees.
   */
  hostConnect(
    to: number | "first",
    peer: { ip: string; port?: number } = { ip: LOOPBACK_IPV4 },
  ): HostConnection | null {
    const listener = this.tcp.listeners.find((socket) => to === "first" || socket.localAddress().port === to);
    if (listener === undefined) return null;
    const remote = destination(listener);
    const local = inet(peer.ip, peer.port ?? this.nextClientPort());
    // SO_REUSEPORT: another listener of the same address may have its turn.
    const chosen = this.tcp.findListener(remote) ?? listener;
    return new LoopbackConnection(this.tcp.openTo(chosen, local, remote));
  }

  private nextClientPort(): number {
    const port = this.clientPort;
    this.clientPort = port === CLIENT_PORT_LAST ? CLIENT_PORT_FIRST : port + 1;
    return port;
  }
}

/** The address a client would use for a listener: loopback where it listens on all. */
function destination(listener: TcpSocket): InetAddress {
  const { binding } = listener.state as Listening;
  const { ip, port } = binding;
  if (ip === "0.0.0.0" || (ip === "::" && !binding.v6only)) return inet(LOOPBACK_IPV4, port);
  return inet(ip === "::" ? LOOPBACK_IPV6 : ip, port);
}
