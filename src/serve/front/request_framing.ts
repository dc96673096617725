import { fieldValue, isNamed } from "../http1/events.ts";
import type { RequestBody } from "../http1/writer.ts";
import { Refusal } from "./refusal.ts";
import type { RequestHead } from "./request_head.ts";

/** Longer bodies could not be counted in a double. */
const LENGTH = /^[0-9]{1,15}$/;

const NONE: RequestBody = { kind: "none" }, CHUNKED: RequestBody = { kind: "chunked" };

/**
 * How long the body of a request is (RFC 9112, section 6.3, from the server's side). What could be read in two ways is refused:
 * both fields at once (section 6.1), a length that is said twice, codings below the chunks, chunks in HTTP/1.0.
 */
export function requestFraming({ minor, fields }: RequestHead): RequestBody {
  let lengths = 0, codings = 0;
  for (const field of fields) {
    if (isNamed(field, "content-length")) lengths++;
    else if (isNamed(field, "transfer-encoding")) codings++;
  }
  if (codings > 0) {
    if (codings > 1 || lengths > 0 || minor === 0) throw Refusal.bad();
    if (fieldValue(fields, "transfer-encoding")!.toLowerCase() !== "chunked") throw new Refusal(501, "Not Implemented");
    return CHUNKED;
  }
  if (lengths === 0) return NONE;
  const length = fieldValue(fields, "content-length")!;
  if (lengths > 1 || !LENGTH.test(length)) throw Refusal.bad();
  return { kind: "length", length: Number(length) };
}
