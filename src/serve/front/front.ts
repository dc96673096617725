/**
 * An HTTP/1.1 server before a guest, for hosts that give us TCP connections: requests go to the guest as they come and its answers
 * to the client as it wrote them, but for what concerns a connection. No host's server stands in between, so that nothing is read
 * and written twice.
 */
import type { Conversation } from "../conversation.ts";
import { Gathering, type TurnEnd } from "../gathering.ts";
import type { Gateway } from "../gateway.ts";
import { type Arrival, ClientConnection, type ConnectionContext, type Waiting } from "./client_connection.ts";
import { ClientHeads } from "./response_head.ts";
import type { Transport } from "./transport.ts";

/** How often it is looked who has waited too long, and for how many rounds of that what may last. */
const ROUND_MS = 5_000;
const ROUNDS_MAX: Readonly<Record<Waiting, number>> = {
  // An idle connection 75 s, as nginx has it.
  request: 15,
  head: 12,
  // The gateway sees to that.
  answer: Infinity,
  end: 1,
};

/** The connections of one server. */
export class Front implements ConnectionContext {
  readonly heads = new ClientHeads();
  readonly planOptions;
  private readonly gathering: Gathering<Arrival>;
  private readonly connections = new Set<ClientConnection>();
  private round = 0;
  private timer: unknown = null;

  /** `turnEnd`: see Gathering. */
  constructor(private readonly gateway: Gateway, turnEnd: TurnEnd) {
    this.planOptions = gateway.planOptions;
    this.gathering = new Gathering<Arrival>(turnEnd, (arrivals) => this.serveAll(arrivals));
  }

  /** A client has connected. */
  accept(transport: Transport): ClientConnection {
    const connection = new ClientConnection(transport, this);
    this.connections.add(connection);
    this.startClock();
    return connection;
  }

  serve(arrival: Arrival): void {
    this.gathering.add(arrival);
  }

  forget(connection: ClientConnection): void {
    this.connections.delete(connection);
  }

  /** Ends all connections. */
  close(): void {
    if (this.timer !== null) this.gateway.timers.clear(this.timer);
    this.timer = null;
    for (const connection of [...this.connections]) connection.transport.destroy();
  }

  private serveAll(arrivals: readonly Arrival[]): void {
    const { gateway } = this;
    if (arrivals.length === 1) {
      const [{ plan, answer, connection }] = arrivals;
      return connection.begun(gateway.serve(plan, answer));
    }
    const conversations: Conversation[] = gateway.together(() => {
      return arrivals.map(({ plan, answer }) => gateway.serve(plan, answer));
    });
    for (let i = 0; i < arrivals.length; i++) arrivals[i].connection.begun(conversations[i]);
  }

  private startClock(): void {
    if (this.timer === null) this.timer = this.gateway.timers.after(ROUND_MS, this.look, true);
  }

  /** One clock for all: a timer for each request would cost more than the rest of its reading. */
  private readonly look = (): void => {
    this.timer = null;
    this.round++;
    for (const connection of [...this.connections]) {
      // What has begun since the last look.
      if (connection.since < 0) connection.since = this.round;
      else if (this.round - connection.since >= ROUNDS_MAX[connection.waiting]) connection.expire();
    }
    if (this.connections.size > 0) this.startClock();
  };
}
