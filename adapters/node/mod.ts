import process from "node:process";
import {
  createHandler,
  type HandlerOptions,
  type InstanceSource,
  type Timers,
  webTimers,
} from "../../src/serve/mod.ts";
import { type App, createApp } from "../app.ts";
import { nodeHost } from "./host.ts";
import { type NodeServer, serveNode } from "./server.ts";

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

/** Serves a guest with node:http; `configure` may add routes, which go before the guest. */
export function startNode(
  source: InstanceSource,
  options: NodeEntryOptions = {},
  configure?: (app: App) => void,
): Promise<NodeServer> {
  const log = options.log ?? ((line: string) => nodeHost.log(0, line));
  const app = createApp(createHandler(source, { timers: nodeTimers, ...options, log }));
  configure?.(app);
  const port = options.listenPort ?? Number(process.env.PORT || 8080);
  const hostname = options.hostname;
  return serveNode((request, info) => app.fetch(request, info), {
    port,
    log,
    ...(hostname !== undefined && { hostname }),
  });
}
