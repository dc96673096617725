import type { PortBinding } from "../port_table.ts";
import type { InetAddress } from "../address.ts";

/** A TCP socket that is neither listening nor connected: new, bound, or after connect() has reported a failure. */
export class Init {
  static readonly savedFields: readonly string[] = ["binding", "bound"];
  /** What bind() claimed. */
  binding: PortBinding | null = null;
  /** The address as bind() was given it. */
  bound: InetAddress | null = null;
}
