import { inet, type InetAddress } from "./address.ts";
import { matchScore, PortTable } from "./port_table.ts";
import type { UdpSocket } from "./udp.ts";

/** Ports and bound sockets of UDP. */
export class UdpStack {
  static readonly savedFields: readonly string[] = ["ports", "bound"];
  readonly ports: PortTable = new PortTable();
  readonly bound: UdpSocket[] = [];

  remove(socket: UdpSocket): void {
    const i = this.bound.indexOf(socket);
    if (i >= 0) this.bound.splice(i, 1);
  }

  /** Who gets a datagram: an exact address beats a wildcard, a socket connected to the sender beats one that is not. */
  receiver(from: InetAddress, to: InetAddress): UdpSocket | null {
    let best: UdpSocket | null = null, bestScore = 0;
    for (const socket of this.bound) {
      const { binding, peer } = socket;
      if (binding === null || binding.port !== to.port) continue;
      if (peer !== null && (peer.port !== from.port || peer.ip !== from.ip)) continue;
      let score = matchScore(binding, to.ip);
      if (score > 0 && peer !== null) score += 8;
      if (score <= bestScore) continue;
      bestScore = score;
      best = socket;
    }
    return best;
  }

  /** The address that a datagram from this socket to `to` shows. */
  static source(socket: UdpSocket, to: InetAddress): InetAddress {
    const { ip, port } = socket.binding!;
    return inet(ip === "0.0.0.0" || ip === "::" ? to.ip : ip, port);
  }
}
