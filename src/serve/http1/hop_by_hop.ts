import { type Field, isNamed } from "./events.ts";
import { listMembers } from "./grammar.ts";

/** Fields that concern one connection and are never passed on (RFC 9110, section 7.6.1), by the length of their names. */
const HOP_BY_HOP: readonly (readonly string[] | undefined)[] = byLength([
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
  for (const field of fields) {
    if (!isNamed(field, "connection")) continue;
    for (const member of listMembers(field[1])) {
      // "Connection: content-length" must not make us forget how long the message is.
      if (member !== "close" && member !== "keep-alive" && !ESSENTIAL.has(member)) (named ??= new Set()).add(member);
    }
  }
  return named;
}

const ESSENTIAL = new Set(["content-length", "host", "content-type"]);

/** Whether a field stays behind; `named` is from namedInConnection(). */
export function isHopByHop(field: Field, named: Set<string> | null): boolean {
  // The length tells for nearly all names, without a look at their characters.
  const candidates = HOP_BY_HOP[field[0].length];
  if (candidates !== undefined) {
    for (const lower of candidates) if (isNamed(field, lower)) return true;
  }
  return named !== null && named.has(field[0].toLowerCase());
}

/** The fields that are passed on. */
export function forwardedFields(fields: readonly Field[]): Field[] {
  const named = namedInConnection(fields);
  return fields.filter((field) => !isHopByHop(field, named));
}

function byLength(names: readonly string[]): string[][] {
  const table: string[][] = [];
  for (const name of names) (table[name.length] ??= []).push(name);
  return table;
}
