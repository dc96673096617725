import { GuestResponseError, quoted } from "./errors.ts";
import type { Field, ResponseHead } from "./events.ts";
import { forwardedFields } from "./hop_by_hop.ts";
import { CR, isBlank, isTokenText, latin1, LF } from "./grammar.ts";

/**
 * The strict and the lenient in reading a guest's lines, by section of RFC 9112:
 *
 * - 2.2: a line may end in LF alone (scripts behind CGI write such heads). A CR elsewhere is an error, not a space.
 * - 4: the space after the status code may be missing when there is no reason phrase.
 * - 5.1: white space before the colon of a response's field is removed.
 * - 5.2: a folded line becomes one line with a space, except at the start of the head: an error.
 * - A line without a colon, a field name that is no token, a NUL in a value: errors.
 */

/** Where the line ends that starts at `start`: the index of its LF, or -1 if it is not complete. */
export function lineEnd(bytes: Uint8Array, start: number, end: number): number {
  const at = bytes.indexOf(LF, start);
  return at >= 0 && at < end ? at : -1;
}

/** End of the line's text: before its CR, if it has one. */
function textEnd(bytes: Uint8Array, start: number, lf: number): number {
  return lf > start && bytes[lf - 1] === CR ? lf - 1 : lf;
}

/** Whether the line [start, lf) is empty. */
export function isEmptyLine(bytes: Uint8Array, start: number, lf: number): boolean {
  return textEnd(bytes, start, lf) === start;
}

/** Status line and fields in bytes[start, end), which ends with the LF of the empty line. */
export function parseHead(bytes: Uint8Array, start: number, end: number): ResponseHead {
  const text = latin1(bytes, start, end), lf = text.indexOf("\n");
  const line = text.slice(0, stopOf(text, 0, lf));
  const status = /^HTTP\/1\.([01]) ([1-9][0-9][0-9])(?: ([^\r\0]*))?$/.exec(line);
  if (status === null) throw new GuestResponseError(`not an HTTP/1 status line: ${quoted(line)}`);
  const fields = fieldsOf(text, lf + 1);
  return new ParsedHead(Number(status[1]), Number(status[2]), status[3] ?? "", fields);
}

class ParsedHead implements ResponseHead {
  /** Made when it is first asked for. */
  #forwarded: readonly Field[] | null = null;

  constructor(
    readonly minor: number,
    readonly status: number,
    readonly reason: string,
    readonly fields: readonly Field[],
  ) {}

  get forwarded(): readonly Field[] {
    return this.#forwarded ??= forwardedFields(this.fields);
  }
}

/** Field lines up to the empty line that ends bytes[start, end). Trailers have the same form. */
export function parseFields(bytes: Uint8Array, start: number, end: number): Field[] {
  return fieldsOf(latin1(bytes, start, end), 0);
}

/** As text, one character a byte: slices of one string are cheaper than strings of slices. */
function fieldsOf(text: string, start: number): Field[] {
  const fields: Field[] = [];
  for (let at = start; at < text.length;) {
    const lf = text.indexOf("\n", at), stop = stopOf(text, at, lf);
    if (stop > at) addLine(fields, text, at, stop);
    at = lf + 1;
  }
  return fields;
}

/** End of the line's text: before its CR, if it has one. */
function stopOf(text: string, start: number, lf: number): number {
  return lf > start && text.charCodeAt(lf - 1) === CR ? lf - 1 : lf;
}

function addLine(fields: Field[], text: string, start: number, end: number): void {
  if (isBlank(text.charCodeAt(start))) {
    const last = fields.pop();
    if (last === undefined) throw new GuestResponseError("the first field line starts with white space");
    fields.push([last[0], `${last[1]} ${fieldText(text, start, end)}`.trim()]);
    return;
  }
  const colon = text.indexOf(":", start);
  if (colon < 0 || colon >= end) {
    throw new GuestResponseError(`field line without a colon: ${quoted(text.slice(start, end))}`);
  }
  let nameEnd = colon;
  while (nameEnd > start && isBlank(text.charCodeAt(nameEnd - 1))) nameEnd--;
  const name = text.slice(start, nameEnd);
  if (!isTokenText(name)) throw new GuestResponseError(`not a field name: ${quoted(text.slice(start, colon))}`);
  fields.push([name, fieldText(text, colon + 1, end)]);
}

function fieldText(text: string, start: number, end: number): string {
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === 0 || code === CR) throw new GuestResponseError("a field value contains NUL or CR");
  }
  return text.slice(start, end);
}
