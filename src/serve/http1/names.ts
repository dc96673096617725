import { isTokenText } from "./grammar.ts";

/** Names come from outside: the memory for them is bounded. */
const KNOWN_MAX = 500;
const known = new Map<string, string>();

/** The lower-case form of a field name, "" if it is no token (RFC 9110, section 5.1). Nearly always known from before. */
export function lowerName(name: string): string {
  const lower = known.get(name);
  if (lower !== undefined) return lower;
  if (!isTokenText(name)) return "";
  const made = name.toLowerCase();
  // A copy of the characters: a slice would keep the whole head that it was cut from.
  if (known.size < KNOWN_MAX) known.set(name.split("").join(""), made.split("").join(""));
  return made;
}
