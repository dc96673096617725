import type { InetAddress } from "../address.ts";
import type { PortBinding } from "../port_table.ts";
import type { StreamEnd } from "../stream_end.ts";

/** A connection that was made and that the guest has not accepted yet. */
export class Arrival {
  static readonly savedFields: readonly string[] = ["end", "local", "remote"];
  constructor(
    /** The guest server's end. */
    readonly end: StreamEnd,
    /** Where the client connected to; IPv4 as such. */
    readonly local: InetAddress,
    readonly remote: InetAddress,
  ) {}
}

/** A TCP socket after listen(). */
export class Listening {
  static readonly savedFields: readonly string[] = ["binding", "bound", "backlog", "ready", "waiting", "deaf"];
  /** Connections to accept, oldest first. */
  readonly ready: Arrival[] = [];
  /**
   * Connections beyond the backlog. Linux drops their SYN and the client sends it again after a second; here they wait in
   * line and cost no second.
   */
  readonly waiting: Arrival[] = [];

  constructor(readonly binding: PortBinding, readonly bound: InetAddress, public backlog: number) {}

  /** True if the connection is established at once, false if it has to wait for room. */
  offer(arrival: Arrival): boolean {
    // sk_acceptq_is_full(): the queue holds one more than the backlog.
    if (this.ready.length > this.backlog) {
      this.waiting.push(arrival);
      return false;
    }
    this.ready.push(arrival);
    return true;
  }

  take(): Arrival | undefined {
    const arrival = this.ready.shift();
    if (arrival !== undefined && this.waiting.length > 0) {
      const next = this.waiting.shift()!;
      this.ready.push(next);
      next.end.peer.changed(); // the connecting side is established now
    }
    return arrival;
  }

  isWaiting(end: StreamEnd): boolean {
    return this.waiting.some((arrival) => arrival.end === end);
  }

  /** The socket is closed: every connection nobody accepted is reset. */
  abortAll(): void {
    for (const arrival of this.ready) arrival.end.abort();
    for (const arrival of this.waiting) arrival.end.abort();
    this.ready.length = this.waiting.length = 0;
  }
}
