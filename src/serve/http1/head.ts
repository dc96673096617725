import { GuestResponseError, quoted } from "./errors.ts";
import type { Field, ResponseHead } from "./events.ts";
import { COLON, CR, HTAB, isToken, latin1, LF, SP } from "./grammar.ts";

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
  const lf = lineEnd(bytes, start, end);
  const line = latin1(bytes, start, textEnd(bytes, start, lf));
  const status = /^HTTP\/1\.([01]) ([1-9][0-9][0-9])(?: ([^\r\0]*))?$/.exec(line);
  if (status === null) throw new GuestResponseError(`not an HTTP/1 status line: ${quoted(line)}`);
  const fields = parseFields(bytes, lf + 1, end);
  return { minor: Number(status[1]), status: Number(status[2]), reason: status[3] ?? "", fields };
}

/** Field lines up to the empty line that ends bytes[start, end). Trailers have the same form. */
export function parseFields(bytes: Uint8Array, start: number, end: number): Field[] {
  const fields: Field[] = [];
  for (let at = start; at < end;) {
    const lf = lineEnd(bytes, at, end);
    const lineStop = textEnd(bytes, at, lf);
    if (lineStop > at) addLine(fields, bytes, at, lineStop);
    at = lf + 1;
  }
  return fields;
}

function addLine(fields: Field[], bytes: Uint8Array, start: number, end: number): void {
  if (isBlank(bytes[start])) {
    const last = fields.pop();
    if (last === undefined) throw new GuestResponseError("the first field line starts with white space");
    fields.push([last[0], `${last[1]} ${fieldText(bytes, start, end)}`.trim()]);
    return;
  }
  const colon = bytes.indexOf(COLON, start);
  if (colon < 0 || colon >= end) {
    throw new GuestResponseError(`field line without a colon: ${quoted(latin1(bytes, start, end))}`);
  }
  let nameEnd = colon;
  while (nameEnd > start && isBlank(bytes[nameEnd - 1])) nameEnd--;
  if (!isToken(bytes, start, nameEnd)) {
    throw new GuestResponseError(`not a field name: ${quoted(latin1(bytes, start, colon))}`);
  }
  fields.push([latin1(bytes, start, nameEnd), fieldText(bytes, colon + 1, end)]);
}

function fieldText(bytes: Uint8Array, start: number, end: number): string {
  while (start < end && isBlank(bytes[start])) start++;
  while (end > start && isBlank(bytes[end - 1])) end--;
  for (let i = start; i < end; i++) {
    if (bytes[i] === 0 || bytes[i] === CR) throw new GuestResponseError("a field value contains NUL or CR");
  }
  return latin1(bytes, start, end);
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === HTAB;
}
