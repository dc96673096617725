import type { ClientInfo } from "../../src/serve/mod.ts";
import type { IncomingMessage } from "node:http";

/** Methods that fetch refuses to make requests with (https://fetch.spec.whatwg.org/#forbidden-method), though it may get them. */
const FORBIDDEN: ReadonlySet<string> = new Set(["TRACE", "TRACK"]);

/** A node:http request as a fetch Request. Throws TypeError for what fetch does not know (a malformed Host). */
export function toRequest(message: IncomingMessage, signal: AbortSignal): Request {
  const method = message.method ?? "GET";
  const host = message.headers.host;
  const target = message.url ?? "/";
  // Absolute form (RFC 9112, section 3.2.2) names the host itself; "*" is for OPTIONS.
  const url = target.startsWith("/")
    ? `http://${host ?? "localhost"}${target}`
    : target === "*"
    ? `http://${host}/*`
    : target;
  const headers = new Headers();
  for (const [name, value] of fieldPairs(message.rawHeaders)) headers.append(name, value);
  const body = hasBody(message, method) ? bodyStream(message) : null;
  const init = { method: FORBIDDEN.has(method) ? "OPTIONS" : method, headers, body, signal, duplex: "half" };
  const request = new Request(url, init as RequestInit);
  if (FORBIDDEN.has(method)) Object.defineProperty(request, "method", { value: method });
  return request;
}

export function clientInfo(message: IncomingMessage, onInformational?: (status: number) => void): ClientInfo {
  return {
    rawFields: fieldPairs(message.rawHeaders),
    ...(message.url !== undefined && { rawTarget: message.url }),
    ...(message.httpVersion === "1.0" && { httpVersion: "1.0" as const }),
    ...(message.socket.remoteAddress !== undefined && { remoteAddress: message.socket.remoteAddress }),
    ...(onInformational !== undefined && { onInformational }),
  };
}

/** Names and values of a flat list. */
export function fieldPairs(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i < raw.length; i += 2) pairs.push([raw[i], raw[i + 1]]);
  return pairs;
}

/** fetch knows no body of GET and HEAD requests; Node throws what comes away. */
function hasBody(message: IncomingMessage, method: string): boolean {
  if (method === "GET" || method === "HEAD") return false;
  const length = message.headers["content-length"];
  return message.headers["transfer-encoding"] !== undefined || (length !== undefined && length !== "0");
}

/** Reads on only when the reader asks: a slow guest slows the client down. */
function bodyStream(message: IncomingMessage): ReadableStream<Uint8Array> {
  let open = true;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      message.pause();
      message.on("data", (chunk: Uint8Array) => {
        if (!open) return;
        controller.enqueue(chunk);
        message.pause();
      });
      message.on("end", () => {
        if (open) controller.close();
        open = false;
      });
      const fail = () => {
        if (open) controller.error(new TypeError("the client's request broke off"));
        open = false;
      };
      message.on("error", fail);
      message.on("close", fail);
    },
    pull() {
      message.resume();
    },
    cancel() {
      open = false;
      message.resume(); // what still comes is thrown away
    },
  }, { highWaterMark: 0 });
}
