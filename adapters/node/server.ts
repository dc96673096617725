import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { listen, type ListenOptions, type RunningServer } from "../listen.ts";
import { refuse, takeUnknownMethod } from "./unknown_method.ts";

/** Long paths and many cookies are the guest's business, within reason. */
const HEAD_MAX = 64 * 1024;
/** How long idle connections are kept. Node's 5 s are short for clients that are not told of them; nginx has 75 s. */
const KEEP_ALIVE_MS = 75_000;

/** Answers a request; `onInformational` where the client waits for a 1xx response. It has to take its own errors. */
export type NodeAnswer = (
  message: IncomingMessage,
  out: ServerResponse,
  onInformational?: (status: number) => void,
) => void | Promise<void>;

/** A node:http server. */
export async function serveNode(answer: NodeAnswer, options: ListenOptions): Promise<RunningServer> {
  // Loaded here, as only servers with routes of their own need it: that takes time at a start.
  const http = await import("node:http");
  // requestTimeout 0: an upload may take as long as it takes.
  const server = http.createServer({ maxHeaderSize: HEAD_MAX, requestTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS });
  server.on("request", (message, out) => void answer(message, out));
  // Left to the guest: whether it says "100 Continue" or refuses at once.
  server.on("checkContinue", (message, out) => {
    void answer(message, out, (status) => status === 100 && out.writeContinue());
  });
  server.on("clientError", (error, socket) => {
    const taken = takeUnknownMethod(http, error, socket as Socket, (message, out) => {
      void answer(message, out);
    });
    if (!taken) refuse(socket as Socket, error);
  });
  return listen(server, options, () => server.closeAllConnections());
}

/** Refuses what cannot be handed on. */
export function badRequest(out: ServerResponse): void {
  out.writeHead(400, "Bad Request", ["Content-Type", "text/plain"]);
  out.end("400 Bad Request\n");
}
