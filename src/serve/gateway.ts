import { Conversation } from "./conversation.ts";
import { HeadMemory } from "./http1/head_memory.ts";
import type { GuestInstance, HostConnection, InstanceSource } from "./instance.ts";
import { Pump } from "./pump.ts";
import type { PlanOptions, RequestPlan } from "./request.ts";
import type { ResponseSink } from "./sink.ts";
import { type Timers, webTimers } from "./timers.ts";

export interface GatewayOptions {
  /** Guest port; default: of the socket that listened first. */
  readonly port?: number;
  /** Longest wait for the head of a response, in milliseconds; Infinity for none. */
  readonly timeoutMs?: number;
  /** Longest run of the guest before the host's other events get a turn, in milliseconds. */
  readonly sliceMs?: number;
  /** Send X-Forwarded-For, -Proto and -Host. */
  readonly forwarded?: boolean;
  /** Keep connections open for further requests where the guest does. Only on shared instances. */
  readonly keepAlive?: boolean;
  /** Let the guest's own timers go off while no request is in flight. Only on shared instances. */
  readonly keepsTime?: boolean;
  readonly timers?: Timers;
  readonly log?: (line: string) => void;
}

/** Idle connections kept open to one instance. */
const IDLE_MAX = 64;

/** An instance with what serving keeps beside it. */
export interface Lane {
  readonly instance: GuestInstance;
  readonly pump: Pump;
  /** Connections that wait for another request, the one used last at the end. */
  readonly idle: HostConnection[];
}

/**
 * Requests to guests, whatever form the host has them in: each becomes a connection (or a turn on an idle one) to the
 * guest's listening socket.
 *
 * A guest that has ended is replaced by the next request; one that answered rubbish once is not, as a restart would lose
 * the state of all other clients.
 */
export class Gateway {
  readonly timers: Timers;
  readonly timeoutMs: number;
  /** What planning a request for this gateway needs to know. */
  readonly planOptions: PlanOptions;
  readonly heads = new HeadMemory();
  private readonly port: number | "first";
  private readonly sliceMs: number;
  private readonly keepsTime: boolean;
  private readonly log: (line: string) => void;
  /** Of the shared instance that was used last. */
  private lane: Lane | null = null;
  private readonly lanes = new WeakMap<GuestInstance, Lane>();

  constructor(private readonly source: InstanceSource, options: GatewayOptions) {
    this.timers = options.timers ?? webTimers;
    this.timeoutMs = options.timeoutMs ?? 60_000;
    this.planOptions = {
      forwarded: options.forwarded ?? true,
      close: !(source.shared && (options.keepAlive ?? true)),
    };
    this.port = options.port ?? "first";
    this.sliceMs = options.sliceMs ?? 20;
    this.keepsTime = source.shared && (options.keepsTime ?? true);
    this.log = options.log ?? (() => {});
  }

  /** Has a guest answer a request. The sink hears of it once, perhaps before this returns. */
  serve(plan: RequestPlan, sink: ResponseSink): Conversation {
    const conversation = new Conversation(this, plan, sink);
    conversation.start();
    return conversation;
  }

  /**
   * Calls `serveAll`, which is to call serve() for several requests. A guest that can answer several connections at a time is
   * given all of them before it runs: it then asks once what there is to do, not once for each.
   */
  together(serveAll: () => Conversation[]): Conversation[] {
    const pump = this.lane?.pump, idle = this.lane?.idle.at(-1);
    if (pump === undefined || idle === undefined || pump.isHeld) return serveAll();
    pump.catchUp();
    // Servers that give each connection a process or thread of few may have none left for one more connection.
    if (!idle.isWatched) return serveAll();
    pump.hold();
    let conversations: Conversation[];
    try {
      conversations = serveAll();
    } finally {
      pump.letGo();
    }
    for (const conversation of conversations) conversation.startTimer();
    return conversations;
  }

  /** A line about a request. */
  report(sink: ResponseSink, line: string): void {
    this.log(`${sink.describe()}: ${line}`);
  }

  /** A lane whose guest lives, or null; at once if it can. */
  acquire(sink: ResponseSink): Lane | null | Promise<Lane | null> {
    try {
      const acquired = this.source.acquire();
      if (acquired instanceof Promise) return this.acquireLater(acquired, sink);
      return this.usable(acquired) ?? this.acquireLater(null, sink);
    } catch (error) {
      return this.notStarted(error, sink);
    }
  }

  private async acquireLater(first: Promise<GuestInstance> | null, sink: ResponseSink): Promise<Lane | null> {
    try {
      if (first !== null) {
        const lane = this.usable(await first);
        if (lane !== null) return lane;
      }
      // The second try is for a shared instance found dead only now.
      const lane = this.usable(await this.source.acquire());
      if (lane !== null) return lane;
    } catch (error) {
      return this.notStarted(error, sink);
    }
    this.report(sink, "the guest ends as soon as it starts");
    return null;
  }

  private usable(instance: GuestInstance): Lane | null {
    const lane = this.laneOf(instance);
    // Timers that are due go off first: a guest may be about to close idle connections.
    lane.pump.catchUp();
    if (!lane.pump.isDead) return lane;
    this.source.discard(instance);
    return null;
  }

  private notStarted(error: unknown, sink: ResponseSink): null {
    this.report(sink, `the guest could not be started: ${(error as Error).message}`);
    return null;
  }

  private laneOf(instance: GuestInstance): Lane {
    if (this.lane !== null && this.lane.instance === instance) return this.lane;
    const known = this.lanes.get(instance);
    if (known !== undefined) return this.lane = known;
    const lane = { instance, pump: new Pump(instance, this.timers, this.sliceMs, this.keepsTime), idle: [] };
    if (this.source.shared) {
      this.lanes.set(instance, lane);
      this.lane = lane;
    }
    return lane;
  }

  /** A new connection to the guest, or null if it does not listen. */
  connect(lane: Lane): HostConnection | null {
    return lane.instance.net.hostConnect(this.port);
  }

  /** An idle connection that the guest has not closed in the meantime. */
  takeIdle(lane: Lane): HostConnection | null {
    for (let connection; (connection = lane.idle.pop()) !== undefined;) {
      if (!connection.readable && connection.writable) return connection;
      connection.close();
    }
    return null;
  }

  /** The request on a connection is over. */
  putBack(lane: Lane, connection: HostConnection, reusable: boolean): void {
    if (reusable && lane.idle.length < IDLE_MAX) lane.idle.push(connection);
    else connection.close();
    this.release(lane);
  }

  release(lane: Lane): void {
    const failed = lane.pump.isDead;
    if (failed) {
      this.source.discard(lane.instance);
      this.lane = null;
    }
    if (this.source.shared) return;
    lane.pump.dispose();
    if (!failed) this.source.release(lane.instance);
  }
}
