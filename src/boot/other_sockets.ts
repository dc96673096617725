/** What a server listens on besides TCP: for who wonders why it never gets ready. */
import { firstOf } from "../errors.ts";
import { AF_INET, AF_INET6, AF_UNIX } from "../kernel/abi/socket.ts";
import { openSockets } from "../kernel/fs/procfs/net_tables.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { InetAddress } from "../kernel/net/address.ts";
import { UdpSocket } from "../kernel/net/udp.ts";
import { UnixSocket } from "../kernel/net/unix/socket.ts";

/** Sockets named. */
const MOST = 4;

/** "it has to listen on TCP, and has /run/app.sock, UDP port 53"; "" if it has no such sockets. */
export function describeOtherSockets(k: Kernel): string {
  const names = new Set<string>();
  for (const socket of openSockets(k)) {
    if (socket instanceof UnixSocket && socket.domain === AF_UNIX && socket.isListening) {
      names.add(`unix socket ${JSON.stringify(socket.name.replaceAll("\0", "@"))}`);
    }
    if (socket instanceof UdpSocket && (socket.domain === AF_INET || socket.domain === AF_INET6)) {
      const { port } = socket.localAddress() as InetAddress;
      if (port > 0 && typeof socket.peerAddress() === "number") names.add(`UDP port ${port}`);
    }
  }
  return names.size === 0 ? "" : `it has to listen on TCP, and has ${firstOf([...names], MOST)}`;
}
