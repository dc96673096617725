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
  const made = asText ? TEXT_INITS : INITS;
  let init = made.get(head);
  if (init === undefined) made.set(head, init = initOf(head, asText));
  return new Response(body, init);
}

/** By the head, which is often the same object (http1/head_memory.ts). */
const INITS = new WeakMap<ResponseHead, ResponseInit>(), TEXT_INITS = new WeakMap<ResponseHead, ResponseInit>();

function initOf(head: ResponseHead, asText: boolean): ResponseInit {
  const pairs = head.forwarded.map(([name, value]): [string, string] => [name, asText ? fieldText(value) : value]);
  // encodeBody is for Workers, which would encode a body with a Content-Encoding once more.
  const init = { status: head.status, statusText: head.reason, headers: headersOf(pairs), encodeBody: "manual" };
  return init;
}

/**
 * A record where all fields have names of their own: hosts read it faster than pairs, and those faster than Headers, of which
 * Deno would join fields of the same name, too.
 */
function headersOf(pairs: [string, string][]): Record<string, string> | [string, string][] {
  const names = new Set(pairs.map(([name]) => name.toLowerCase()));
  // Objects have numbers first, and fields keep their order.
  const isRecord = names.size === pairs.length && !pairs.some(([name]) => /^[0-9]+$/.test(name));
  return isRecord ? Object.fromEntries(pairs) : pairs;
}

/** An answer of our own, when the guest has none. */
export function failure(status: number, text: string): Response {
  return new Response(`${status} ${text}\n`, {
    status,
    statusText: text,
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}
