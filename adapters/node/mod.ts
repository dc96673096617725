import process from "node:process";
import {
  createHandler,
  Gateway,
  type HandlerOptions,
  type InstanceSource,
  type Timers,
  webTimers,
} from "../../src/serve/mod.ts";
import { type App, createApp } from "../app.ts";
import { fetchAnswer } from "./fetch_answer.ts";
import { guestAnswer } from "./guest_answer.ts";
import { nodeHost } from "./host.ts";
import { type NodeAnswer, type NodeServer, serveNode } from "./server.ts";

export { nodeHost };
export type { NodeServer };

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
 * Serves a guest with node:http; `configure` may add routes, which go before the guest. Without it requests take a shorter
 * way, which knows nothing of fetch.
 */
export function startNode(
  source: InstanceSource,
  options: NodeEntryOptions = {},
  configure?: (app: App) => void,
): Promise<NodeServer> {
  const log = options.log ?? ((line: string) => nodeHost.log(0, line));
  const settings = { timers: nodeTimers, ...options, log };
  const port = options.listenPort ?? Number(process.env.PORT || 8080);
  const hostname = options.hostname;
  return serveNode(configure === undefined ? guestAnswer(new Gateway(source, settings)) : appAnswer(), {
    port,
    ...(hostname !== undefined && { hostname }),
  });

  function appAnswer(): NodeAnswer {
    const app = createApp(createHandler(source, settings));
    configure!(app);
    return fetchAnswer((request, info) => app.fetch(request, info), log);
  }
}
