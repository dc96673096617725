import { FetchSink } from "./fetch_sink.ts";
import { readFetchRequest } from "./fetch_request.ts";
import { Gathering, type TurnEnd } from "./gathering.ts";
import { Gateway, type GatewayOptions } from "./gateway.ts";
import type { InstanceSource } from "./instance.ts";
import type { ClientInfo } from "./raw.ts";
import { PlanMemory } from "./plan_memory.ts";
import { type HostRequest, planRequest, type RequestPlan } from "./request.ts";
import { failure } from "./response.ts";

export interface HandlerOptions extends GatewayOptions {
  /** Ask for request bodies in large pieces: for hosts that otherwise give small ones. */
  readonly largeReads?: boolean;
  /**
   * Where the host calls the handler for several requests before it sends any response: requests of one turn are given to the
   * guest together.
   */
  readonly turnEnd?: TurnEnd;
  /** ClientInfo tells the client's address and nothing else: requests are known by what fetch shows of them. Default: false. */
  readonly remembersRequests?: boolean;
  /** Remember what the guest wrote for each response, for rawResponse(). Default: true. */
  readonly keepsRaw?: boolean;
}

/** A fetch handler. */
export type Handler = (request: Request, info?: ClientInfo) => Response | Promise<Response>;

/**
 * A fetch handler over guests: each Request becomes a connection (or a turn on an idle one) to the guest's listening
 * socket, and what the guest writes becomes the Response, streamed both ways.
 *
 *     const handler = createHandler(sharedInstance(boot));
 *     export default { fetch: handler };
 *
 * 502: the guest ended or answered rubbish; 503: nobody listens; 504: no answer in time.
 */
export function createHandler(source: InstanceSource, options: HandlerOptions = {}): Handler {
  const gateway = new Gateway(source, options);
  const reading = { largeReads: options.largeReads ?? false, timers: gateway.timers };
  const keepsRaw = options.keepsRaw ?? true;
  const log = options.log ?? (() => {});
  const memory = options.remembersRequests === true ? new PlanMemory() : null;
  const gathering = options.turnEnd === undefined ? null : new Gathering<Arrival>(options.turnEnd, serveAll);

  function refuse(request: Request, error: unknown): Response {
    log(`${request.method} ${request.url}: ${(error as Error).message}`);
    return failure(400, "Bad Request");
  }

  function serve(plan: RequestPlan, request: Request, info: ClientInfo): Response | Promise<Response> {
    const sink = new FetchSink(request, info, keepsRaw);
    if (gathering === null) serveAll([{ plan, sink }]);
    else gathering.add({ plan, sink });
    return sink.response();
  }

  function serveAll(arrivals: readonly Arrival[]): void {
    const begin = () => arrivals.map(({ plan, sink }) => gateway.serve(plan, sink));
    const conversations = arrivals.length === 1 ? begin() : gateway.together(begin);
    for (let i = 0; i < arrivals.length; i++) {
      // Small responses are all there by now. Hosts make a signal when it is first asked for.
      if (!conversations[i].isOver) arrivals[i].sink.watch(conversations[i]);
    }
  }

  async function serveLater(reading: Promise<HostRequest>, request: Request, info: ClientInfo): Promise<Response> {
    let plan: RequestPlan;
    try {
      plan = planRequest(await reading, gateway.planOptions);
    } catch (error) {
      return refuse(request, error);
    }
    if (request.signal.aborted) return failure(499, "Client Closed Request");
    return await serve(plan, request, info);
  }

  return function handle(request: Request, info: ClientInfo = NOBODY): Response | Promise<Response> {
    let plan: RequestPlan | null = null;
    try {
      const remembers = memory !== null && request.body === null;
      if (remembers) plan = memory.find(request, info);
      if (plan === null) {
        const read = readFetchRequest(request, info, reading);
        if (read instanceof Promise) return serveLater(read, request, info);
        plan = planRequest(read, gateway.planOptions);
        if (remembers) memory.add(request, plan);
      }
    } catch (error) {
      return refuse(request, error);
    }
    return serve(plan, request, info);
  };
}

/** A request that has just come. */
interface Arrival {
  readonly plan: RequestPlan;
  readonly sink: FetchSink;
}

const NOBODY: ClientInfo = {};
