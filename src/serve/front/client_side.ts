import { combinedValue, fieldValue } from "../http1/events.ts";
import { listMembers } from "../http1/grammar.ts";
import { Refusal } from "./refusal.ts";
import type { RequestHead } from "./request_head.ts";

/** What decides, beside the guest's head, about the head that a client gets. */
export interface ClientSide {
  /** Minor version that the client speaks. */
  readonly minor: 0 | 1;
  readonly isHead: boolean;
  /** The connection stays open as far as the client is concerned. */
  readonly keeps: boolean;
  /** The client has asked to close. */
  readonly wantsClose: boolean;
}

/** What a request says about its client and the connection (RFC 9112, section 9.3). */
export function clientSide({ method, minor, fields }: RequestHead): ClientSide {
  const option = combinedValue(fields, "connection");
  const wishes = option === undefined ? [] : listMembers(option);
  const wantsClose = wishes.includes("close");
  return {
    minor,
    isHead: method === "HEAD",
    wantsClose,
    keeps: !wantsClose && (minor === 1 || wishes.includes("keep-alive")),
  };
}

/** RFC 9110, section 10.1.1: there is one expectation, and HTTP/1.0 has none. */
export function waitsForContinue({ minor, fields }: RequestHead): boolean {
  const expected = minor === 0 ? undefined : fieldValue(fields, "expect");
  if (expected === undefined) return false;
  if (expected.toLowerCase() === "100-continue") return true;
  throw new Refusal(417, "Expectation Failed");
}
