import { fieldText } from "./field_text.ts";
import type { ResponseHead } from "./http1/events.ts";

/** Statuses for which a Response takes no body (https://fetch.spec.whatwg.org/#null-body-status). */
export function forbidsBody(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

/** Whether a Response can have the status at all. */
export function isServable(status: number): boolean {
  return status >= 200 && status <= 599;
}

/** The guest's response; `body` is all of it, or a stream, or null. `asText`: ClientInfo.fieldsAreText. */
export function makeResponse(
  head: ResponseHead,
  body: Uint8Array<ArrayBuffer> | ReadableStream | null,
  asText: boolean,
): Response {
  // Pairs, not Headers: Deno would join fields of the same name on the way out of those.
  const headers = head.forwarded.map(([name, value]): [string, string] => {
    return [name, asText ? fieldText(value) : value];
  });
  // encodeBody is for Workers, which would encode a body with a Content-Encoding once more.
  const init = { status: head.status, statusText: head.reason, headers, encodeBody: "manual" };
  return new Response(body, init);
}

/** An answer of our own, when the guest has none. */
export function failure(status: number, text: string): Response {
  return new Response(`${status} ${text}\n`, {
    status,
    statusText: text,
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}
