import { fieldBytes } from "./field_text.ts";
import type { Field } from "./http1/events.ts";
import { fieldValue } from "./http1/events.ts";
import { listMembers } from "./http1/grammar.ts";
import { encodeRequestHead, type RequestBody, titleCase } from "./http1/writer.ts";
import type { ClientInfo } from "./raw.ts";
import type { Timers } from "./timers.ts";
import { type UploadReader, uploadReader } from "./upload.ts";

/** What of a request is sent to the guest. */
export interface RequestPlan {
  readonly method: string;
  readonly head: Uint8Array;
  readonly body: RequestBody;
  readonly upload: Upload | null;
  /** The connection is for this request only. */
  readonly close: boolean;
  /** The response's Headers are to have text (ClientInfo). */
  readonly fieldsAreText: boolean;
}

/** The body on its way in. `first` was read ahead to know whether there is a body at all. */
export interface Upload {
  readonly reader: UploadReader;
  readonly first: Promise<ReadableStreamReadResult<Uint8Array>> | null;
}

/** How long a body whose existence is in doubt may take to show itself. */
const DOUBT_MS = 20;

export interface PlanOptions {
  /** Tell the guest who the client is and how it came, in X-Forwarded- fields. */
  readonly forwarded: boolean;
  /** Ask the guest to close the connection after its response. */
  readonly close: boolean;
  readonly largeReads: boolean;
}

/** The guest's view of a fetch Request. Throws TypeError for what cannot be sent. */
export async function planRequest(
  request: Request,
  info: ClientInfo,
  options: PlanOptions,
  timers: Timers,
): Promise<RequestPlan> {
  const fields = info.rawFields ?? fetchFields(request.headers, info);
  // No await where it can be helped: one turn of the host less.
  if (request.body === null) return makePlan(request, info, options, fields, lengthOf(fields, false), null);
  const reader = uploadReader(request.body, options.largeReads);
  const body = lengthOf(fields, true);
  if (body.kind === "length") return makePlan(request, info, options, fields, body, { reader, first: null });
  if (fieldValue(fields, "transfer-encoding") !== undefined) {
    return makePlan(request, info, options, fields, { kind: "chunked" }, { reader, first: null });
  }
  // Neither length nor coding: over HTTP/1.1 that is no body, over HTTP/2 it may be one, and hosts give a stream for both.
  const first = firstBytes(reader);
  const doubt = new Promise<null>((resolve) => timers.after(DOUBT_MS, () => resolve(null)));
  const seen = await Promise.race([first, doubt]);
  if (seen?.done) return makePlan(request, info, options, fields, body, null);
  return makePlan(request, info, options, fields, { kind: "chunked" }, { reader, first });
}

async function firstBytes(
  reader: UploadReader,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  for (;;) {
    const result = await reader.read();
    if (result.done || result.value.length > 0) return result;
  }
}

function makePlan(
  request: Request,
  info: ClientInfo,
  options: PlanOptions,
  fields: readonly Field[],
  body: RequestBody,
  upload: Upload | null,
): RequestPlan {
  const url = new URL(request.url);
  // 1.0 knows no chunks; a client that speaks it has none to send.
  const version = info.httpVersion === "1.0" && body.kind !== "chunked" ? "1.0" : "1.1";
  const wishes = connectionWishes(fields);
  // Servers answer by it: with 1.0, or asked to close, they send other fields.
  const close = options.close || (version === "1.0" ? !wishes.includes("keep-alive") : wishes.includes("close"));
  const head = encodeRequestHead({
    method: request.method,
    version,
    target: info.rawTarget !== undefined && isOriginForm(info.rawTarget) ? info.rawTarget : url.pathname + url.search,
    host: fieldValue(fields, "host") ?? (version === "1.0" ? undefined : url.host),
    fields,
    body,
    extra: options.forwarded ? forwardedFields(fields, url, info) : [],
    close,
    expectContinue: info.onInformational !== undefined,
  });
  return { method: request.method, head, body, upload, close, fieldsAreText: info.fieldsAreText === true };
}

/** What the client says of its connection: the members of its Connection fields. */
function connectionWishes(fields: readonly Field[]): readonly string[] {
  const value = fieldValue(fields, "connection");
  return value === undefined ? NONE : listMembers(value);
}

const NONE: readonly string[] = [];

/** fetch Headers have lower-case names in alphabetical order; only Set-Cookie would come more than once. */
function fetchFields(headers: Headers, { acceptEncoding, fieldsAreText }: ClientInfo): Field[] {
  const fields: Field[] = [];
  for (const [name, value] of headers) {
    if (name !== "accept-encoding" || acceptEncoding === undefined) {
      fields.push([titleCase(name), fieldsAreText ? fieldBytes(value) : value]);
    } else if (/^[\x20-\x7e]+$/.test(acceptEncoding)) {
      fields.push(["Accept-Encoding", acceptEncoding]);
    }
  }
  return fields;
}

function lengthOf(fields: readonly Field[], hasStream: boolean): RequestBody {
  const length = fieldValue(fields, "content-length");
  if (length === undefined || !/^[0-9]{1,15}$/.test(length)) return { kind: "none" };
  // A length of 0 is passed on: servers tell a POST of nothing from one they have to wait for by it.
  return hasStream || Number(length) === 0 ? { kind: "length", length: Number(length) } : { kind: "none" };
}

/** RFC 9112, section 3.2.1, without anything that could end the request line. */
function isOriginForm(target: string): boolean {
  return /^\/[\x21-\x7e\x80-\xff]*$/.test(target);
}

/** The de-facto fields of reverse proxies; addresses of proxies before us are kept. */
function forwardedFields(fields: readonly Field[], url: URL, info: ClientInfo): Field[] {
  const out: Field[] = [];
  const chain = fieldValue(fields, "x-forwarded-for");
  if (info.remoteAddress !== undefined) {
    out.push(["X-Forwarded-For", chain === undefined ? info.remoteAddress : `${chain}, ${info.remoteAddress}`]);
  }
  if (fieldValue(fields, "x-forwarded-proto") === undefined) {
    out.push(["X-Forwarded-Proto", url.protocol.slice(0, -1)]);
  }
  if (fieldValue(fields, "x-forwarded-host") === undefined) {
    out.push(["X-Forwarded-Host", fieldValue(fields, "host") ?? url.host]);
  }
  return out;
}
