import { SMALL_PIECE_MAX, smallPiece } from "../../kernel/net/byte_slab.ts";

/** Character classes of RFC 9110, section 5.6, over byte values; 1 for members. */
function characters(members: string): Uint8Array {
  const table = new Uint8Array(256);
  for (let i = 0; i < members.length; i++) table[members.charCodeAt(i)] = 1;
  return table;
}

const ALPHANUMERIC = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const TOKEN = characters("!#$%&'*+-.^_`|~" + ALPHANUMERIC);

export const CR = 13, LF = 10, SP = 32, HTAB = 9, COLON = 58, SEMICOLON = 59;

/** Whether a text is a token: a method, a field name. */
export function isTokenText(text: string): boolean {
  if (text === "") return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127 || TOKEN[text.charCodeAt(i)] === 0) return false;
  return true;
}

/** White space as it may stand around a field's value: SP or HTAB. */
export function isBlank(code: number): boolean {
  return code === SP || code === HTAB;
}

/** Bytes as text, one character each. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  // In pieces: the argument list of one call is bounded.
  for (let i = start; i < end; i += 4096) {
    text += String.fromCharCode.apply(null, bytes.subarray(i, Math.min(i + 4096, end)) as unknown as number[]);
  }
  return text;
}

/** Text of characters below 256 as bytes. */
export function latin1Bytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = text.length <= SMALL_PIECE_MAX ? smallPiece(text.length) : new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** The members of a comma-separated list, lower case, empty ones left out (RFC 9110, section 5.6.1). */
export function listMembers(value: string): readonly string[] {
  // What nearly all fields with lists say.
  if (value === "keep-alive") return KEEP_ALIVE;
  if (value === "close") return CLOSE;
  return value.toLowerCase().split(",").map((member) => member.trim()).filter((member) => member !== "");
}

const KEEP_ALIVE: readonly string[] = ["keep-alive"], CLOSE: readonly string[] = ["close"];
