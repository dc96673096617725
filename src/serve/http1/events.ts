/** A field line: the name as it was written, the value without surrounding white space; both one character per byte. */
export type Field = readonly [name: string, value: string];

/** Status line and fields of a response. */
export interface ResponseHead {
  /** Minor version: 0 or 1. */
  readonly minor: number;
  readonly status: number;
  readonly reason: string;
  readonly fields: readonly Field[];
  /** Those that are passed on (hop_by_hop.ts). */
  readonly forwarded: readonly Field[];
}

/** How the end of a body is found (RFC 9112, section 6.3). */
export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "close" };

export type ResponseEvent =
  /** A 1xx response; the real one follows. */
  | { readonly type: "informational"; readonly head: ResponseHead }
  | { readonly type: "head"; readonly head: ResponseHead; readonly framing: Framing }
  /** A piece of the body: part of the bytes that were given to the reader, not a copy. */
  | { readonly type: "data"; readonly bytes: Uint8Array }
  | { readonly type: "trailers"; readonly fields: readonly Field[] }
  | { readonly type: "end" };

/** The last value of a field, by its lower-case name. */
export function fieldValue(fields: readonly Field[], name: string): string | undefined {
  for (let i = fields.length - 1; i >= 0; i--) if (isNamed(fields[i], name)) return fields[i][1];
  return undefined;
}

/** All values of a list field as one list, or undefined if there is no such field. */
export function combinedValue(fields: readonly Field[], name: string): string | undefined {
  let combined: string | undefined;
  for (const field of fields) {
    if (isNamed(field, name)) combined = combined === undefined ? field[1] : `${combined}, ${field[1]}`;
  }
  return combined;
}

/** Whether a field has a name, given in lower case. Most names differ in length, which costs nothing to see. */
export function isNamed([name]: Field, lower: string): boolean {
  return name.length === lower.length && (name === lower || name.toLowerCase() === lower);
}
