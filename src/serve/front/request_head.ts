/**
 * The head of a request as a client sends it. Strict where RFC 9112 leaves a choice: what two readers might understand in two
 * ways is refused, since somebody in front of us may be the other one.
 *
 * - 2.2: lines end in CR LF; a CR or LF elsewhere, or a NUL, is refused. Empty lines before the request line are skipped.
 * - 5.1: no white space between a field's name and its colon. 5.2: no folded lines.
 * - 3.2: HTTP/1.1 has exactly one Host, HTTP/1.0 at most one.
 */
import type { Field } from "../http1/events.ts";
import { fieldValue, isNamed } from "../http1/events.ts";
import { CR, HTAB, isBlank, isTokenText, latin1, LF, SP } from "../http1/grammar.ts";
import { Refusal } from "./refusal.ts";

/** Long paths and many cookies are the guest's business, within reason. */
const HEAD_MAX = 64 * 1024;

/** Request line and fields. */
export interface RequestHead {
  readonly method: string;
  /** As it was sent, in any of the forms of RFC 9112, section 3.2. */
  readonly target: string;
  /** Minor version; all after 1.1 count as 1.1. */
  readonly minor: 0 | 1;
  readonly fields: readonly Field[];
}

/** Where the empty lines end that may stand before a request. */
export function skipEmptyLines(bytes: Uint8Array, at: number): number {
  while (bytes[at] === CR && bytes[at + 1] === LF) at += 2;
  return at;
}

/** Where the head that starts at `start` ends, past its empty line; -1 if it is not complete. */
export function headEnd(bytes: Uint8Array, start: number): number {
  for (let lf = bytes.indexOf(LF, start); lf >= 0; lf = bytes.indexOf(LF, lf + 1)) {
    if (bytes[lf - 1] !== CR || lf === start) throw Refusal.bad();
    if (lf - start > HEAD_MAX) break;
    if (bytes[lf - 2] === LF && lf - 2 > start) return lf + 1;
  }
  if (bytes.length - start > HEAD_MAX) throw new Refusal(431, "Request Header Fields Too Large");
  return -1;
}

/** The head in bytes[start, end), which headEnd() has found. */
export function parseRequestHead(bytes: Uint8Array, start: number, end: number): RequestHead {
  const text = latin1(bytes, start, end);
  const lineStop = text.indexOf("\r\n");
  const line = text.slice(0, lineStop);
  const methodStop = line.indexOf(" "), targetStop = line.lastIndexOf(" ");
  const method = line.slice(0, Math.max(methodStop, 0)), target = line.slice(methodStop + 1, targetStop);
  if (!isTokenText(method) || !isTargetText(target)) throw Refusal.bad();
  const fields = parseFieldLines(text, lineStop + 2);
  const minor = minorOf(line.slice(targetStop + 1));
  const hosts = fields.reduce((n, field) => isNamed(field, "host") ? n + 1 : n, 0);
  if (hosts > 1 || (minor === 1 && hosts === 0)) throw Refusal.bad();
  return { method, target, minor, fields };
}

function minorOf(version: string): 0 | 1 {
  if (version === "HTTP/1.1") return 1;
  if (version === "HTTP/1.0") return 0;
  if (/^HTTP\/1\.[2-9]$/.test(version)) return 1;
  if (/^HTTP\/[0-9]\.[0-9]$/.test(version)) throw new Refusal(505, "HTTP Version Not Supported");
  throw Refusal.bad();
}

/** Visible characters and those beyond ASCII. */
function isTargetText(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= SP || code === 127) return false;
  }
  return text !== "";
}

/** The lines of `text` from `at` up to the empty one. Trailers have the same form. */
export function parseFieldLines(text: string, at: number): Field[] {
  const fields: Field[] = [];
  for (;;) {
    const stop = text.indexOf("\r\n", at);
    if (stop === at) return fields;
    const colon = text.indexOf(":", at);
    if (colon < 0 || colon > stop) throw Refusal.bad();
    const name = text.slice(at, colon);
    if (!isTokenText(name)) throw Refusal.bad();
    fields.push([name, valueOf(text, colon + 1, stop)]);
    at = stop + 2;
  }
}

/** Without the white space around it (RFC 9112, section 5); RFC 9110, section 5.5, has no control characters in values. */
function valueOf(text: string, start: number, end: number): string {
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if ((code < SP && code !== HTAB) || code === 127) throw Refusal.bad();
  }
  return text.slice(start, end);
}

/** The target as a guest is to get it, and the host that was asked for (RFC 9112, sections 3.2 and 3.3). */
export function requestTarget({ method, target, fields }: RequestHead): { target: string; host: string } {
  const host = fieldValue(fields, "host") ?? "localhost";
  if (target.startsWith("/")) return { target, host };
  if (target === "*" && method === "OPTIONS") return { target, host };
  // CONNECT alone has another form, and we are no proxy.
  if (method === "CONNECT") throw new Refusal(501, "Not Implemented");
  const absolute = /^https?:\/\/([^/?#@]+)([/?][^#]*)?$/i.exec(target);
  if (absolute === null) throw Refusal.bad();
  const [, authority, path = "/"] = absolute;
  return { target: path.startsWith("/") ? path : `/${path}`, host: authority };
}
