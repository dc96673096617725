import type { InetAddress } from "../address.ts";
import type { PortBinding } from "../port_table.ts";
import type { StreamEnd } from "../stream_end.ts";

/** A TCP socket with a connection, also after the connection has ended. */
export class Connected {
  static readonly savedFields: readonly string[] = ["end", "local", "remote", "binding", "announced"];
  constructor(
    readonly end: StreamEnd,
    readonly local: InetAddress,
    readonly remote: InetAddress,
    /** The port this socket keeps taken; shared with the listener for accepted connections. */
    readonly binding: PortBinding | null,
    /** connect() has returned 0: another one is EISCONN. */
    public announced: boolean,
  ) {}
}
