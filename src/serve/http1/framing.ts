import { GuestResponseError, quoted } from "./errors.ts";
import { combinedValue, type Framing, type ResponseHead } from "./events.ts";
import { listMembers } from "./grammar.ts";

/** Longer bodies could not be counted in a double. */
const LENGTH_DIGITS_MAX = 15;

/** The framing of a response's body, and whether it is beyond doubt (only then may the connection be used again). */
export interface BodyFraming {
  readonly framing: Framing;
  readonly sound: boolean;
}

/** RFC 9112, section 6.3, "Message Body Length", from the client's side, in the order of its list. */
export function bodyFraming(head: ResponseHead, method: string): BodyFraming {
  const { status, fields } = head;
  // 1. No body, whatever the fields say.
  if (method === "HEAD" || status === 204 || status === 304) return { framing: { kind: "none" }, sound: true };
  const codings = combinedValue(fields, "transfer-encoding");
  const length = combinedValue(fields, "content-length");
  if (codings !== undefined) return transferFraming(head, codings, length !== undefined);
  if (length !== undefined) return { framing: { kind: "length", length: parseLength(length) }, sound: true };
  // 8. Until the connection closes.
  return { framing: { kind: "close" }, sound: true };
}

// 3. and 4. Transfer-Encoding overrides Content-Length, and both together are a sign of smuggling: the body is read, but the
// connection is not trusted with another request. Section 6.1: so it is with Transfer-Encoding from HTTP/1.0.
function transferFraming(head: ResponseHead, value: string, hasLength: boolean): BodyFraming {
  const codings = listMembers(value).filter((coding) => coding !== "identity");
  if (codings.length === 0) return { framing: { kind: "close" }, sound: false };
  // No request of ours has a TE field, so a guest may send no other coding (section 7.4).
  if (codings.length > 1 || codings[0] !== "chunked") {
    throw new GuestResponseError(`transfer coding ${quoted(value)} is not supported`);
  }
  return { framing: { kind: "chunked" }, sound: !hasLength && head.minor > 0 };
}

// 5. "42, 42" is taken for 42 (RFC 9110, section 8.6); different or malformed lengths are an error.
function parseLength(value: string): number {
  const members = listMembers(value);
  const first = members[0] ?? "";
  if (!/^[0-9]+$/.test(first) || first.length > LENGTH_DIGITS_MAX || members.some((member) => member !== first)) {
    throw new GuestResponseError(`Content-Length is ${quoted(value)}`);
  }
  return Number(first);
}

/** Whether the connection may carry another request after this response (RFC 9112, section 9.3). */
export function persists(head: ResponseHead, body: BodyFraming): boolean {
  if (!body.sound || body.framing.kind === "close") return false;
  const options = listMembers(combinedValue(head.fields, "connection") ?? "");
  if (options.includes("close")) return false;
  return head.minor > 0 || options.includes("keep-alive");
}
