import { fieldBytes } from "./field_text.ts";
import { type Field, fieldValue } from "./http1/events.ts";
import { type RequestBody, titleCase } from "./http1/writer.ts";
import type { ClientInfo } from "./raw.ts";
import { type HostRequest, isOriginForm, lengthOf, type Upload } from "./request.ts";
import type { Timers } from "./timers.ts";
import { type UploadReader, uploadReader } from "./upload.ts";

/** How long a body whose existence is in doubt may take to show itself. */
const DOUBT_MS = 20;

export interface FetchReading {
  /** Ask for the body in large pieces. */
  readonly largeReads: boolean;
  readonly timers: Timers;
}

/** A fetch Request as serving sees it: at once wherever that can be, which saves a turn of the host. */
export function readFetchRequest(
  request: Request,
  info: ClientInfo,
  reading: FetchReading,
): HostRequest | Promise<HostRequest> {
  const fields = info.rawFields ?? fetchFields(request.headers, info);
  const { body } = request;
  if (body === null) return describe(request, info, fields, lengthOf(fields, false), null);
  const reader = uploadReader(body, reading.largeReads);
  const length = lengthOf(fields, true);
  if (length.kind === "length") return describe(request, info, fields, length, { reader, first: null });
  if (fieldValue(fields, "transfer-encoding") !== undefined) {
    return describe(request, info, fields, { kind: "chunked" }, { reader, first: null });
  }
  return readDoubtful(request, info, fields, reader, reading.timers);
}

/** Neither length nor coding: over HTTP/1.1 that is no body, over HTTP/2 it may be one, and hosts give a stream for both. */
async function readDoubtful(
  request: Request,
  info: ClientInfo,
  fields: readonly Field[],
  reader: UploadReader,
  timers: Timers,
): Promise<HostRequest> {
  const first = firstBytes(reader);
  const doubt = new Promise<null>((resolve) => timers.after(DOUBT_MS, () => resolve(null)));
  const seen = await Promise.race([first, doubt]);
  if (seen?.done) return describe(request, info, fields, { kind: "none" }, null);
  return describe(request, info, fields, { kind: "chunked" }, { reader, first });
}

async function firstBytes(reader: UploadReader): Promise<ReadableStreamReadResult<Uint8Array>> {
  for (;;) {
    const result = await reader.read();
    if (result.done || result.value.length > 0) return result;
  }
}

function describe(
  request: Request,
  info: ClientInfo,
  fields: readonly Field[],
  body: RequestBody,
  upload: Upload | null,
): HostRequest {
  const { scheme, host, target } = partsOf(request.url);
  const { rawTarget } = info;
  return {
    method: request.method,
    target: rawTarget !== undefined && isOriginForm(rawTarget) ? rawTarget : target,
    scheme,
    host,
    version: info.httpVersion ?? "1.1",
    fields,
    body,
    upload,
    remoteAddress: info.remoteAddress,
    takesInformational: info.onInformational !== undefined,
  };
}

/** URLs that the URL standard's parser leaves as they are: no dot segments, nothing to escape, no fragment. */
const PLAIN_URL =
  /^(https?):\/\/([a-z0-9.-]+(?::[0-9]+)?)(\/(?:[A-Za-z0-9_~!$&()*+,;=:@/-]|\.(?![./?]|$)|%(?!2e)[0-9A-Fa-f]{2})*(?:\?[A-Za-z0-9_~!$&()*+,;=:@/?.%-]*)?)$/i;

/** Without URL, which costs more than all the rest here, for what is plain. */
function partsOf(url: string): { scheme: string; host: string; target: string } {
  const plain = PLAIN_URL.exec(url);
  if (plain !== null) return { scheme: plain[1], host: plain[2], target: plain[3] };
  const parsed = new URL(url);
  return { scheme: parsed.protocol.slice(0, -1), host: parsed.host, target: parsed.pathname + parsed.search };
}

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
