import { type Field, isNamed } from "./events.ts";
import { isTokenText, latin1Bytes } from "./grammar.ts";
import { isHopByHop, namedInConnection } from "./hop_by_hop.ts";

/** How the body of a request is sent. */
export type RequestBody =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" };

/** A request as a guest is to see it. */
export interface OutgoingRequest {
  readonly method: string;
  /** With 1.0 the body may not be chunked. */
  readonly version: "1.0" | "1.1";
  /** Origin form: path and query (RFC 9112, section 3.2.1). */
  readonly target: string;
  /** Undefined for none, which is for version 1.0 only. */
  readonly host: string | undefined;
  /** In the client's order. Fields that concern the client's connection, or that this writer sets, are left out. */
  readonly fields: Iterable<Field>;
  readonly body: RequestBody;
  /** Added at the end; replaces the client's fields of these names. */
  readonly extra: readonly Field[];
  /** Let the guest close the connection after its response: asks it to, with 1.1, or does not ask to keep it, with 1.0. */
  readonly close: boolean;
  /** Pass "Expect: 100-continue" on. */
  readonly expectContinue: boolean;
}

/** Request line and fields (RFC 9112, section 3). */
export function encodeRequestHead(request: OutgoingRequest): Uint8Array<ArrayBuffer> {
  const { method, version, target, host, fields, body, extra } = request;
  if (!isTokenText(method)) throw new TypeError(`Cannot send request: method is ${JSON.stringify(method)}`);
  // Host first, as section 3.2 recommends.
  let head = `${method} ${target} HTTP/${version}\r\n`;
  if (host !== undefined) head += `Host: ${checked(host)}\r\n`;
  const named = namedInConnection(fields);
  for (const field of fields) {
    const [name, value] = field;
    if (!isTokenText(name)) throw new TypeError(`Cannot send request: field name is ${JSON.stringify(name)}`);
    if (isHopByHop(field, named) || isNamed(field, "host") || isNamed(field, "content-length")) continue;
    if (has(extra, name) || (!request.expectContinue && isNamed(field, "expect"))) continue;
    head += `${name}: ${checked(value)}\r\n`;
  }
  for (const [name, value] of extra) head += `${name}: ${checked(value)}\r\n`;
  if (body.kind === "length") head += `Content-Length: ${body.length}\r\n`;
  else if (body.kind === "chunked") head += "Transfer-Encoding: chunked\r\n";
  if (request.close !== (version === "1.0")) {
    head += request.close ? "Connection: close\r\n" : "Connection: keep-alive\r\n";
  }
  return latin1Bytes(`${head}\r\n`);
}

function has(fields: readonly Field[], name: string): boolean {
  for (const [other] of fields) {
    if (other.length === name.length && other.toLowerCase() === name.toLowerCase()) return true;
  }
  return false;
}

/** fetch Headers let nothing through that could end a line; fields from elsewhere are held to the same. */
function checked(value: string): string {
  if (/[\0\r\n\u0100-\uffff]/.test(value)) {
    throw new TypeError(`Cannot send request: field value is ${JSON.stringify(value)}`);
  }
  return value;
}

/** "content-type" as "Content-Type", the way clients write names: fetch Headers have only the lower case. */
export function titleCase(name: string): string {
  let title = TITLES.get(name);
  if (title === undefined) {
    title = name.split("-").map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join("-");
    // Names come from outside: the memory for them is bounded.
    if (TITLES.size < 500) TITLES.set(name, title);
  }
  return title;
}

const TITLES = new Map<string, string>();

/** The bytes before a chunk's data. */
export function chunkHead(length: number): Uint8Array<ArrayBuffer> {
  return latin1Bytes(`${length.toString(16)}\r\n`);
}

/** Each time new: bytes given to a connection belong to it. */
export function chunkEnd(): Uint8Array<ArrayBuffer> {
  return latin1Bytes("\r\n");
}

/** The last chunk, without trailers. */
export function lastChunk(): Uint8Array<ArrayBuffer> {
  return latin1Bytes("0\r\n\r\n");
}
