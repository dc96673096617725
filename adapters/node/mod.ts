import process from "node:process";
import {
  createHandler,
  Front,
  Gateway,
  type HandlerOptions,
  type InstanceSource,
  type Timers,
  webTimers,
} from "../../src/serve/mod.ts";
import { type App, createApp } from "../app.ts";
import type { RunningServer } from "../listen.ts";
import { serveTcp } from "../tcp_server.ts";
import { fetchAnswer } from "./fetch_answer.ts";
import { nodeHost } from "./host.ts";
import { serveNode } from "./server.ts";

export { nodeHost };
export type { RunningServer };

export interface NodeEntryOptions extends HandlerOptions {
  /** Default: $PORT, or 8080. */
  readonly listenPort?: number;
  readonly hostname?: string;
}

/** setImmediate comes round sooner than a timer of 0 ms, which Node makes 1 ms. */
const nodeTimers: Timers = {
  ...webTimers,
  after: (ms, callback, idle) => unrefIf(idle, webTimers.after(ms, callback) as ReturnType<typeof setTimeout>),
  soon: (callback, idle) => unrefIf(idle, setImmediate(callback)),
  clear(handle) {
    clearTimeout(handle as ReturnType<typeof setTimeout>);
    clearImmediate(handle as ReturnType<typeof setImmediate>);
  },
};

/** A process whose server is closed ends; what is unref'd does not keep it. */
function unrefIf(idle: boolean | undefined, timer: { unref(): unknown }): unknown {
  return idle ? timer.unref() : timer;
}

/**
 * Serves a guest; `configure` may add routes, which go before the guest. With it requests come through node:http and fetch's
 * objects, without it straight from the client's TCP connection.
 */
export function startNode(
  source: InstanceSource,
  options: NodeEntryOptions = {},
  configure?: (app: App) => void,
): Promise<RunningServer> {
  const log = options.log ?? ((line: string) => nodeHost.log(0, line));
  const settings = { timers: nodeTimers, ...options, log };
  const port = options.listenPort ?? Number(process.env.PORT || 8080);
  const hostname = options.hostname;
  const where = { port, ...(hostname !== undefined && { hostname }) };
  if (configure === undefined) return serveTcp(new Front(new Gateway(source, settings), setImmediate), where);
  const app = createApp(createHandler(source, settings));
  configure(app);
  return serveNode(fetchAnswer((request, info) => app.fetch(request, info), log), where);
}
