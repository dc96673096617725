import { sendResponse } from "./response.ts";
import { clientInfo, toRequest } from "./request.ts";
import { badRequest, type NodeAnswer } from "./server.ts";
import type { NodeFetch } from "./types.ts";

/** Answers by a fetch handler. */
export function fetchAnswer(fetch: NodeFetch, log: (line: string) => void): NodeAnswer {
  return async (message, out, onInformational) => {
    const abort = new AbortController();
    out.on("close", () => {
      if (!out.writableFinished) abort.abort();
    });
    let request: Request;
    try {
      request = toRequest(message, abort.signal);
    } catch {
      return badRequest(out);
    }
    try {
      await sendResponse(await fetch(request, clientInfo(message, onInformational)), request, out);
    } catch (error) {
      log(`${request.method} ${request.url}: ${error instanceof Error ? error.stack ?? error.message : error}`);
      out.destroy();
    }
  };
}
