import { type InetAddress } from "../address.ts";
import { matchScore, PortTable } from "../port_table.ts";
import { type StreamEnd, streamPair } from "../stream_end.ts";
import { Arrival, Listening } from "./listening.ts";
import type { TcpSocket } from "./socket.ts";

/** Ports and listeners of TCP, and the loopback that joins them. */
export class TcpStack {
  static readonly savedFields: readonly string[] = ["ports", "listeners", "turn"];
  readonly ports: PortTable = new PortTable();
  /** In the order of listen(). */
  readonly listeners: TcpSocket[] = [];
  /** Counts connections, to spread them over SO_REUSEPORT listeners. */
  private turn = 0;

  addListener(socket: TcpSocket): void {
    this.listeners.push(socket);
  }

  removeListener(socket: TcpSocket): void {
    const i = this.listeners.indexOf(socket);
    if (i >= 0) this.listeners.splice(i, 1);
  }

  /** The listener for a destination, or null: connection refused. */
  findListener(to: InetAddress): TcpSocket | null {
    let best: TcpSocket[] = [], bestScore = 0;
    for (const socket of this.listeners) {
      const state = socket.state;
      if (!(state instanceof Listening) || state.binding.port !== to.port) continue;
      const score = matchScore(state.binding, to.ip);
      if (score === 0 || score < bestScore) continue;
      if (score > bestScore) best = [];
      bestScore = score;
      best.push(socket);
    }
    return best.length === 0 ? null : best[this.turn++ % best.length];
  }

  /** A connection from `local` to `remote`: the client's end and the listener that got the other one; null if refused. */
  open(local: InetAddress, remote: InetAddress): { end: StreamEnd; listener: TcpSocket } | null {
    const listener = this.findListener(remote);
    return listener === null ? null : { end: this.openTo(listener, local, remote), listener };
  }

  /** As open, to a listener already chosen. */
  openTo(listener: TcpSocket, local: InetAddress, remote: InetAddress): StreamEnd {
    const [client, server] = streamPair();
    (listener.state as Listening).offer(new Arrival(server, remote, local));
    listener.announceArrival();
    return client;
  }
}
