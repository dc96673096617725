import { setImmediate } from "node:timers";
import {
  createHandler,
  Front,
  Gateway,
  type GatewayOptions,
  type HandlerOptions,
  type InstanceSource,
  type Timers,
  webTimers,
} from "../../src/serve/mod.ts";
import { type App, createApp } from "../app.ts";
import type { RunningServer } from "../listen.ts";
import { serveTcp } from "../tcp_server.ts";
import { denoHost } from "./host.ts";
import type { DenoEntry, DenoServeInfo } from "./types.ts";

export { denoHost };
export type { DenoEntry, RunningServer };

/** deno serve, told to end, waits for requests in flight, but also for timers. */
const denoTimers: Timers = {
  ...webTimers,
  after: (ms, callback, idle) => unrefIf(idle, webTimers.after(ms, callback)),
  soon: (callback, idle) => unrefIf(idle, webTimers.soon(callback)),
};

function unrefIf(idle: boolean | undefined, timer: unknown): unknown {
  if (idle) Deno.unrefTimer(timer as number);
  return timer;
}

/**
 * The default export of a module for `deno serve`, answered by a guest:
 *
 *     export default createDenoEntry(sharedInstance(boot));
 *
 * `configure` may add routes, which go before the guest.
 */
export function createDenoEntry(
  source: InstanceSource,
  options: HandlerOptions = {},
  configure?: (app: App) => void,
): DenoEntry {
  const handler = createHandler(source, {
    timers: denoTimers,
    log: (line) => denoHost.log(0, line),
    keepsRaw: false,
    remembersRequests: true,
    turnEnd: setImmediate,
    ...options,
  });
  if (configure === undefined) return { fetch: (request, info) => handler(request, new DenoClient(info)) };
  const app = createApp(handler);
  configure(app);
  return { fetch: (request, info) => app.fetch(request, new DenoClient(info)) };
}

export interface DenoServerOptions extends GatewayOptions {
  readonly listenPort: number;
  readonly hostname?: string;
}

/**
 * Serves a guest straight from TCP connections, without Deno.serve and fetch's objects: for `deno run`, where nobody else
 * listens.
 */
export function startDeno(source: InstanceSource, options: DenoServerOptions): Promise<RunningServer> {
  const gateway = new Gateway(source, { timers: denoTimers, log: (line) => denoHost.log(0, line), ...options });
  const { listenPort: port, hostname = "0.0.0.0" } = options;
  return serveTcp(new Front(gateway, setImmediate), { port, hostname });
}

/** The address is looked up only when it is asked for: that costs a call into the runtime. */
class DenoClient {
  constructor(private readonly info: DenoServeInfo | undefined) {}

  get remoteAddress(): string | undefined {
    return this.info?.remoteAddr?.hostname;
  }
}
