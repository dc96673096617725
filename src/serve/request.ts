import type { Field } from "./http1/events.ts";
import { fieldValue } from "./http1/events.ts";
import { encodeRequestHead, type RequestBody, titleCase } from "./http1/writer.ts";
import type { ClientInfo } from "./raw_head.ts";

/** What of a request is sent to the guest. */
export interface RequestPlan {
  readonly method: string;
  readonly head: Uint8Array;
  readonly body: RequestBody;
  readonly stream: ReadableStream<Uint8Array> | null;
}

export interface PlanOptions {
  /** Tell the guest who the client is and how it came, in X-Forwarded- fields. */
  readonly forwarded: boolean;
  /** Ask the guest to close the connection after its response. */
  readonly close: boolean;
}

/** The guest's view of a fetch Request. Throws TypeError for what cannot be sent. */
export function planRequest(request: Request, info: ClientInfo, options: PlanOptions): RequestPlan {
  const url = new URL(request.url);
  const fields = info.rawFields ?? fetchFields(request.headers);
  const stream = request.body;
  const body = planBody(fields, stream);
  const head = encodeRequestHead({
    method: request.method,
    target: info.rawTarget !== undefined && isOriginForm(info.rawTarget) ? info.rawTarget : url.pathname + url.search,
    host: fieldValue(fields, "host") ?? url.host,
    fields,
    body,
    extra: options.forwarded ? forwardedFields(fields, url, info) : [],
    close: options.close,
    expectContinue: info.onInformational !== undefined,
  });
  return { method: request.method, head, body, stream };
}

/** fetch Headers have lower-case names in alphabetical order; only Set-Cookie would come more than once. */
function fetchFields(headers: Headers): Field[] {
  const fields: Field[] = [];
  for (const [name, value] of headers) fields.push([titleCase(name), value]);
  return fields;
}

function planBody(fields: readonly Field[], stream: ReadableStream | null): RequestBody {
  const length = fieldValue(fields, "content-length");
  if (length !== undefined && /^[0-9]{1,15}$/.test(length) && (stream !== null || Number(length) === 0)) {
    return { kind: "length", length: Number(length) };
  }
  return stream === null ? { kind: "none" } : { kind: "chunked" };
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
