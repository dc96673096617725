import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { clientInfo, toRequest } from "./request.ts";
import { sendResponse } from "./response.ts";
import type { NodeFetch } from "./types.ts";
import { refuse, takeUnknownMethod } from "./unknown_method.ts";

export interface NodeServerOptions {
  readonly port: number;
  readonly hostname?: string;
  readonly log: (line: string) => void;
}

/** A running server. */
export interface NodeServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Long paths and many cookies are the guest's business, within reason. */
const HEAD_MAX = 64 * 1024;
/** How long idle connections are kept. Node's 5 s are short for clients that are not told of them; nginx has 75 s. */
const KEEP_ALIVE_MS = 75_000;

/** A node:http server in front of a fetch handler. */
export async function serveNode(fetch: NodeFetch, options: NodeServerOptions): Promise<NodeServer> {
  // requestTimeout 0: an upload may take as long as it takes.
  const server = createServer({ maxHeaderSize: HEAD_MAX, requestTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS });
  server.on("request", (message, out) => void answer(fetch, message, out, options.log));
  // Left to the guest: whether it says "100 Continue" or refuses at once.
  server.on("checkContinue", (message, out) => {
    void answer(fetch, message, out, options.log, (status) => status === 100 && out.writeContinue());
  });
  server.on("clientError", (error, socket) => {
    const taken = takeUnknownMethod(error, socket as Socket, (message, out) => {
      void answer(fetch, message, out, options.log);
    });
    if (!taken) refuse(socket as Socket, error);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.hostname, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : options.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  fetch: NodeFetch,
  message: IncomingMessage,
  out: ServerResponse,
  log: (line: string) => void,
  onInformational?: (status: number) => void,
): Promise<void> {
  const abort = new AbortController();
  out.on("close", () => {
    if (!out.writableFinished) abort.abort();
  });
  let request: Request;
  try {
    request = toRequest(message, abort.signal);
  } catch {
    out.writeHead(400, "Bad Request", ["Content-Type", "text/plain"]);
    out.end(new TextEncoder().encode("400 Bad Request\n"));
    return;
  }
  try {
    await sendResponse(await fetch(request, clientInfo(message, onInformational)), request, out);
  } catch (error) {
    log(`${request.method} ${request.url}: ${error instanceof Error ? error.stack ?? error.message : error}`);
    out.destroy();
  }
}
