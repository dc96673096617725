import type { Field } from "./http1/events.ts";
import { fieldValue } from "./http1/events.ts";
import { listMembers } from "./http1/grammar.ts";
import { encodeRequestHead, type RequestBody } from "./http1/writer.ts";
import type { UploadReader } from "./upload.ts";

/** What of a request is sent to the guest. */
export interface RequestPlan {
  readonly method: string;
  readonly head: Uint8Array;
  readonly body: RequestBody;
  readonly upload: Upload | null;
  /** The connection is for this request only. */
  readonly close: boolean;
}

/** The body on its way in. `first` was read ahead to know whether there is a body at all. */
export interface Upload {
  readonly reader: UploadReader;
  readonly first: Promise<ReadableStreamReadResult<Uint8Array>> | null;
}

export interface PlanOptions {
  /** Tell the guest who the client is and how it came, in X-Forwarded- fields. */
  readonly forwarded: boolean;
  /** Ask the guest to close the connection after its response. */
  readonly close: boolean;
}

/** A request as a host gives it. */
export interface HostRequest {
  readonly method: string;
  /** Origin form: path and query (RFC 9112, section 3.2.1), or "*". */
  readonly target: string;
  /** "http" or "https". */
  readonly scheme: string;
  /** Of the URL: for requests that come without Host. */
  readonly host: string;
  /** Version of HTTP that the client speaks; all after 1.1 count as 1.1. */
  readonly version: "1.0" | "1.1";
  readonly fields: readonly Field[];
  readonly body: RequestBody;
  readonly upload: Upload | null;
  /** The client's IP address. */
  readonly remoteAddress: string | undefined;
  /** The guest may be asked for "100 Continue". */
  readonly takesInformational: boolean;
}

/** The guest's view of a request. Throws TypeError for what cannot be sent. */
export function planRequest(request: HostRequest, options: PlanOptions): RequestPlan {
  const { method, fields, body, upload } = request;
  // 1.0 knows no chunks; a client that speaks it has none to send.
  const version = request.version === "1.0" && body.kind !== "chunked" ? "1.0" : "1.1";
  const wishes = connectionWishes(fields);
  // Servers answer by it: with 1.0, or asked to close, they send other fields.
  const close = options.close || (version === "1.0" ? !wishes.includes("keep-alive") : wishes.includes("close"));
  const host = fieldValue(fields, "host");
  const head = encodeRequestHead({
    method,
    version,
    target: request.target,
    host: host ?? (version === "1.0" ? undefined : request.host),
    fields,
    body,
    extra: options.forwarded ? forwardedFields(request, host ?? request.host) : NO_FIELDS,
    close,
    expectContinue: request.takesInformational,
  });
  return { method, head, body, upload, close };
}

/** What the client says of its connection: the members of its Connection fields. */
function connectionWishes(fields: readonly Field[]): readonly string[] {
  const value = fieldValue(fields, "connection");
  return value === undefined ? NONE : listMembers(value);
}

const NONE: readonly string[] = [];
const NO_FIELDS: readonly Field[] = [];

/** How a body is framed by its Content-Length, "none" if that is missing or no number. */
export function lengthOf(fields: readonly Field[], hasStream: boolean): RequestBody {
  const length = fieldValue(fields, "content-length");
  if (length === undefined || !/^[0-9]{1,15}$/.test(length)) return NO_BODY;
  // A length of 0 is passed on: servers tell a POST of nothing from one they have to wait for by it.
  return hasStream || Number(length) === 0 ? { kind: "length", length: Number(length) } : NO_BODY;
}

const NO_BODY: RequestBody = { kind: "none" };

/** RFC 9112, section 3.2.1, without anything that could end the request line. */
export function isOriginForm(target: string): boolean {
  return /^\/[\x21-\x7e\x80-\xff]*$/.test(target);
}

/** The de-facto fields of reverse proxies; addresses of proxies before us are kept. */
function forwardedFields({ fields, remoteAddress, scheme }: HostRequest, host: string): Field[] {
  const out: Field[] = [];
  if (remoteAddress !== undefined) {
    const chain = fieldValue(fields, "x-forwarded-for");
    out.push(["X-Forwarded-For", chain === undefined ? remoteAddress : `${chain}, ${remoteAddress}`]);
  }
  if (fieldValue(fields, "x-forwarded-proto") === undefined) out.push(["X-Forwarded-Proto", scheme]);
  if (fieldValue(fields, "x-forwarded-host") === undefined) out.push(["X-Forwarded-Host", host]);
  return out;
}
