import type { InetAddress } from "../address.ts";
import type { PortBinding } from "../port_table.ts";
import type { StreamEnd } from "../stream_end.ts";
import type { TcpSocket } from "./socket.ts";

/**
 * A TCP socket whose connection is under way: either the listener's queue is full, or the guest used a non-blocking
 * connect() and has yet to be told of the outcome (on Linux, too, a loopback handshake is over before the guest looks).
 */
export class Connecting {
  static readonly savedFields: readonly string[] = [
    "end",
    "local",
    "remote",
    "binding",
    "bound",
    "listener",
    "refused",
    "error",
  ];
  /** The attempt has failed; so it stays until connect() has reported it. */
  refused = false;
  /** Why, until SO_ERROR or another call takes it. */
  error = 0;

  constructor(
    /** Null if the connection was refused. */
    readonly end: StreamEnd | null,
    readonly local: InetAddress,
    readonly remote: InetAddress,
    readonly binding: PortBinding | null,
    /** The address of bind(); null if the port was chosen for this connection. */
    readonly bound: InetAddress | null,
    /** Whose queue the connection may be waiting for. */
    readonly listener: TcpSocket | null,
  ) {}

  refuse(errno: number): void {
    this.refused = true;
    this.error = errno;
  }
}
