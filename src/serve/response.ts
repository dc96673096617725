import type { Field, ResponseHead } from "./http1/events.ts";
import { isHopByHop, namedInConnection } from "./http1/hop_by_hop.ts";
import { rememberHead } from "./raw_head.ts";

/** Statuses for which a Response takes no body (https://fetch.spec.whatwg.org/#null-body-status). */
export function forbidsBody(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

/** Whether a Response can have the status at all. */
export function isServable(status: number): boolean {
  return status >= 200 && status <= 599;
}

/** The guest's fields that are passed on. */
export function forwardedFields(fields: readonly Field[]): Field[] {
  const named = namedInConnection(fields);
  return fields.filter(([name]) => !isHopByHop(name.toLowerCase(), named));
}

export function makeResponse(head: ResponseHead, body: BodyInit | null): Response {
  const headers = new Headers();
  // append: Set-Cookie and others may come more than once.
  for (const [name, value] of forwardedFields(head.fields)) headers.append(name, value);
  const response = new Response(body, { status: head.status, statusText: head.reason, headers });
  rememberHead(response, head);
  return response;
}

/** An answer of our own, when the guest has none. */
export function failure(status: number, text: string): Response {
  return new Response(`${status} ${text}\n`, {
    status,
    statusText: text,
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}
