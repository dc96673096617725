import type { Field } from "./events.ts";
import { listMembers } from "./grammar.ts";

/** Fields that concern one connection and are never passed on (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Names that the Connection fields list besides. Almost always none. */
export function namedInConnection(fields: Iterable<Field>): Set<string> | null {
  let named: Set<string> | null = null;
  for (const [name, value] of fields) {
    if (name.length !== "connection".length || name.toLowerCase() !== "connection") continue;
    for (const member of listMembers(value)) {
      // "Connection: content-length" must not make us forget how long the message is.
      if (member !== "close" && member !== "keep-alive" && !ESSENTIAL.has(member)) (named ??= new Set()).add(member);
    }
  }
  return named;
}

const ESSENTIAL = new Set(["content-length", "host", "content-type"]);

export function isHopByHop(lowerName: string, named: Set<string> | null): boolean {
  return HOP_BY_HOP.has(lowerName) || (named !== null && named.has(lowerName));
}
