/**
 * Requests with methods that node:http does not know. Its parser rejects them with 400 before there is a request; what a method
 * means is for the guest to say. So the head is parsed here, and the request handed on as if node:http had.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Bounds on what is kept of one such request, and on how long it may take to come. */
const HEAD_MAX = 64 * 1024, BODY_MAX = 1024 * 1024, TIME_MAX_MS = 10_000;

/** What node:http gives with a 'clientError'. */
interface ParserError extends Error {
  code?: string;
  rawPacket?: Uint8Array;
}

/** A socket with what node:http keeps on it. */
type HttpSocket = Socket & { _httpMessage?: { headersSent?: boolean } };

/** node:http, which is loaded late. */
type Http = typeof import("node:http");

type Serve = (message: IncomingMessage, out: ServerResponse) => void;

/** Requests of which only a part has come: node:http reports every further packet as one more error. */
const unfinished = new WeakMap<Socket, (more: Uint8Array) => void>();

/** Takes a request on if it failed for its method alone; false if it is to be refused. `serve` answers it. */
export function takeUnknownMethod(http: Http, error: ParserError, socket: HttpSocket, serve: Serve): boolean {
  const { code, rawPacket } = error;
  if (rawPacket === undefined || !socket.writable) return false;
  const add = unfinished.get(socket);
  if (add === undefined && code !== "HPE_INVALID_METHOD") return false;
  // An earlier response is still on its way: the connection is not ours to write to.
  if (socket._httpMessage) return false;
  if (add === undefined) begin(http, rawPacket, socket, serve);
  else add(rawPacket);
  return true;
}

function begin(http: Http, first: Uint8Array, socket: HttpSocket, serve: Serve): void {
  let bytes: Buffer = Buffer.alloc(0);
  const give = (): void => {
    end();
    refuse(socket);
  };
  const timer = setTimeout(give, TIME_MAX_MS);
  const end = (): void => {
    clearTimeout(timer);
    unfinished.set(socket, () => {}); // what follows is thrown away
    socket.off("end", give).off("close", end);
  };
  const add = (more: Uint8Array): void => {
    bytes = Buffer.concat([bytes, more]);
    const request = parseRequest(bytes);
    if (request === "incomplete") return;
    if (request === "refused") return give();
    end();
    hand(http, request, socket, serve);
  };
  unfinished.set(socket, add);
  socket.on("end", give).on("close", end);
  add(first);
}

/** What node:http itself would answer; it leaves this to us once somebody listens for errors. */
const REFUSALS: Record<string, string> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

/** The answer to what is no request at all. */
export function refuse(
  socket: Socket & { _httpMessage?: { headersSent?: boolean } },
  error: ParserError = NO_REASON,
): void {
  const begun = socket._httpMessage?.headersSent === true;
  if (!socket.writable || begun) socket.destroy();
  else socket.end(`HTTP/1.1 ${REFUSALS[error.code ?? ""] ?? "400 Bad Request"}\r\nConnection: close\r\n\r\n`);
}

const NO_REASON: ParserError = new Error();

interface ParsedRequest {
  method: string;
  target: string;
  minor: number;
  /** Names and values in turn. */
  rawHeaders: string[];
  body: Uint8Array;
}

/** RFC 9112, sections 3 and 5, strictly: whoever sends such methods must do the rest right. */
function parseRequest(bytes: Buffer): ParsedRequest | "incomplete" | "refused" {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return bytes.length > HEAD_MAX ? "refused" : "incomplete";
  const [first, ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const request = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) HTTP\/1\.([01])$/.exec(first);
  if (request === null) return "refused";
  const rawHeaders: string[] = [];
  let length = 0;
  for (const line of lines) {
    const field = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\r\n\0]*?)[ \t]*$/.exec(line);
    if (field === null) return "refused";
    const [, name, value] = field;
    rawHeaders.push(name, value);
    if (/^transfer-encoding$/i.test(name)) return "refused";
    if (!/^content-length$/i.test(name)) continue;
    if (!/^[0-9]{1,9}$/.test(value) || Number(value) > BODY_MAX) return "refused";
    length = Number(value);
  }
  const start = end + 4;
  if (bytes.length < start + length) return "incomplete";
  const [, method, target, minor] = request;
  return { method, target, minor: Number(minor), rawHeaders, body: bytes.subarray(start, start + length) };
}

function hand(http: Http, request: ParsedRequest, socket: Socket, serve: Serve): void {
  const { method, target, minor, rawHeaders, body } = request;
  const message = new http.IncomingMessage(socket);
  const version = { httpVersion: `1.${minor}`, httpVersionMajor: 1, httpVersionMinor: minor };
  Object.assign(message, { method, url: target, rawHeaders, complete: true, ...version });
  for (let i = 0; i < rawHeaders.length; i += 2) message.headers[rawHeaders[i].toLowerCase()] ??= rawHeaders[i + 1];
  if (body.length > 0) message.push(body);
  message.push(null);
  const out = new http.ServerResponse(message);
  // The parser has given this connection up.
  out.shouldKeepAlive = false;
  out.assignSocket(socket);
  out.on("finish", () => socket.end());
  serve(message, out);
}
