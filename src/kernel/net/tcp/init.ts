import type { PortBinding } from "../port_table.ts";
import type { InetAddress } from "../address.ts";

/** A TCP socket that is neither listening nor connected: new, bound, or after a connection attempt that failed. */
export class Init {
  static readonly savedFields: readonly string[] = ["binding", "bound", "error", "failed"];
  /** What bind() claimed. */
  binding: PortBinding | null = null;
  /** The address as bind() was given it. */
  bound: InetAddress | null = null;
  /** Why a non-blocking connect() failed, until SO_ERROR or the next call takes it. */
  error = 0;
  /** A connection attempt failed: poll() shows the end of the stream, as after a reset. */
  failed = false;
}
