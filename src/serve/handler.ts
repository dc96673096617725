import { Exchange, StaleConnection } from "./exchange.ts";
import type { GuestInstance, HostConnection, InstanceSource } from "./instance.ts";
import { Pump } from "./pump.ts";
import { type ClientInfo, rawResponse, rememberRaw, rememberUnanswered } from "./raw.ts";
import { planRequest, type RequestPlan } from "./request.ts";
import { failure } from "./response.ts";
import { type Timers, webTimers } from "./timers.ts";

export interface HandlerOptions {
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
  /** Ask for request bodies in large pieces: for hosts that otherwise give small ones. */
  readonly largeReads?: boolean;
  readonly timers?: Timers;
  readonly log?: (line: string) => void;
}

/** A fetch handler. */
export type Handler = (request: Request, info?: ClientInfo) => Promise<Response>;

/** Idle connections kept open to one instance. */
const IDLE_MAX = 64;

/** An instance with what serving keeps beside it. */
interface Lane {
  readonly instance: GuestInstance;
  readonly pump: Pump;
  /** Connections that wait for another request, the one used last at the end. */
  readonly idle: HostConnection[];
}

/**
 * A fetch handler over guests: each Request becomes a connection (or a turn on an idle one) to the guest's listening
 * socket, and what the guest writes becomes the Response, streamed both ways.
 *
 *     const handler = createHandler(sharedInstance(boot));
 *     export default { fetch: handler };
 *
 * 502: the guest ended or answered rubbish; 503: nobody listens; 504: no answer in time. A guest that has ended is replaced
 * by the next request; one that answered rubbish once is not, as a restart would lose the state of all other clients.
 */
export function createHandler(source: InstanceSource, options: HandlerOptions = {}): Handler {
  const settings = {
    port: options.port ?? "first" as const,
    timeoutMs: options.timeoutMs ?? 60_000,
    sliceMs: options.sliceMs ?? 20,
    forwarded: options.forwarded ?? true,
    keepAlive: source.shared && (options.keepAlive ?? true),
    keepsTime: source.shared && (options.keepsTime ?? true),
    largeReads: options.largeReads ?? false,
    timers: options.timers ?? webTimers,
    log: options.log ?? (() => {}),
  };
  const lanes = new WeakMap<GuestInstance, Lane>();

  function laneOf(instance: GuestInstance): Lane {
    const { timers, sliceMs, keepsTime } = settings;
    const newLane = (): Lane => ({ instance, pump: new Pump(instance, timers, sliceMs, keepsTime), idle: [] });
    if (!source.shared) return newLane();
    let lane = lanes.get(instance);
    if (lane === undefined) lanes.set(instance, lane = newLane());
    return lane;
  }

  function release(lane: Lane): void {
    const failed = lane.pump.isDead;
    if (failed) source.discard(lane.instance);
    if (source.shared) return;
    lane.pump.dispose();
    if (!failed) source.release(lane.instance);
  }

  return async function handle(request: Request, info: ClientInfo = {}): Promise<Response> {
    let plan: RequestPlan;
    try {
      const { forwarded, keepAlive, largeReads, timers } = settings;
      plan = await planRequest(request, info, { forwarded, close: !keepAlive, largeReads }, timers);
    } catch (error) {
      settings.log(`${request.method} ${request.url}: ${(error as Error).message}`);
      return failure(400, "Bad Request");
    }
    const log = (line: string) => settings.log(`${request.method} ${request.url}: ${line}`);
    if (request.signal.aborted) return failure(499, "Client Closed Request");
    const lane = await acquire(log);
    if (lane === null) return failure(502, "Bad Gateway");
    if (request.signal.aborted) {
      release(lane);
      return failure(499, "Client Closed Request");
    }
    const idle = plan.close ? null : takeIdle(lane);
    if (idle !== null) {
      try {
        return await converse(lane, idle, plan, request, info, log);
      } catch (error) {
        if (!(error instanceof StaleConnection)) throw error;
        // RFC 9110, section 9.2.2: only what may be repeated without harm.
        if (!IDEMPOTENT.has(plan.method) || lane.pump.isDead) {
          log(`no response from the guest: ${error.message}`);
          return failure(502, "Bad Gateway");
        }
      }
    }
    const connection = lane.instance.net.hostConnect(settings.port);
    if (connection === null) {
      log("the guest does not listen");
      release(lane);
      return failure(503, "Service Unavailable");
    }
    try {
      return await converse(lane, connection, plan, request, info, log);
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error;
      log(`no response from the guest: ${error.message}`);
      const response = failure(502, "Bad Gateway");
      return lane.pump.isDead ? response : rememberUnanswered(response);
    }
  };

  async function acquire(log: (line: string) => void): Promise<Lane | null> {
    // The second try is for a shared instance found dead only now.
    for (let tries = 0; tries < 2; tries++) {
      try {
        const acquired = source.acquire();
        const instance = "then" in acquired ? await acquired : acquired;
        const lane = laneOf(instance);
        // Timers that are due go off first: a guest may be about to close idle connections.
        lane.pump.drive();
        if (!lane.pump.isDead) return lane;
        source.discard(instance);
      } catch (error) {
        log(`the guest could not be started: ${(error as Error).message}`);
        return null;
      }
    }
    log("the guest ends as soon as it starts");
    return null;
  }

  async function converse(
    lane: Lane,
    connection: HostConnection,
    plan: RequestPlan,
    request: Request,
    info: ClientInfo,
    log: (line: string) => void,
  ): Promise<Response> {
    const { timers, timeoutMs } = settings, { signal } = request;
    let timer: unknown = null;
    const stopTimer = () => {
      if (timer !== null) timers.clear(timer);
      timer = null;
    };
    const onAbort = () => exchange.abort();
    const exchange = new Exchange(connection, {
      pump: lane.pump,
      plan,
      log,
      onInformational: info.onInformational,
      onAnswer: stopTimer,
      onEnd({ reusable }) {
        signal.removeEventListener("abort", onAbort);
        stopTimer();
        if (reusable && lane.idle.length < IDLE_MAX) lane.idle.push(connection);
        else connection.close();
        release(lane);
      },
    });
    signal.addEventListener("abort", onAbort);
    const answered = exchange.start();
    if (!exchange.isAnswered && timeoutMs !== Infinity) timer = timers.after(timeoutMs, () => exchange.timeOut());
    const response = await answered;
    const raw = request.method === "HEAD" ? rawResponse(response) : undefined;
    if (raw !== undefined) rememberRaw(request, raw);
    return response;
  }
}

const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/** An idle connection that the guest has not closed in the meantime. */
function takeIdle(lane: Lane): HostConnection | null {
  for (let connection; (connection = lane.idle.pop()) !== undefined;) {
    if (!connection.readable && connection.writable) return connection;
    connection.close();
  }
  return null;
}
