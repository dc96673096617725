/** Whose fault a failure is: what the user gave us, what we do not do (yet), a bound that was hit, or a bug of ours. */
export type ErrorKind = "bad input" | "unsupported" | "limit" | "bug";

/** Where in the input a failure was found. Every field is optional; the message names those that are set. */
export interface ErrorPlace {
  /** File or archive member, as the user knows it. */
  file?: string;
  /** Byte offset in that file. */
  offset?: number;
  /** Guest address. */
  pc?: number;
  /** Machine code bytes at the guest address. */
  bytes?: Uint8Array;
  /** Symbol that contains the guest address. */
  symbol?: string;
}

/** The one error class that stations throw. `message` is one line, ready to be shown. */
export class TranslatorError extends Error {
  override readonly name = "TranslatorError";

  constructor(readonly kind: ErrorKind, reason: string, readonly place: ErrorPlace = {}, options?: ErrorOptions) {
    super(oneLine(`${describePlace(place)}${reason}`), options);
  }
}

/** "a, b, c and 2 more", for messages that name things. */
export function firstOf(names: readonly string[], most: number): string {
  return names.length <= most ? names.join(", ") : `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
}

/** Input that breaks a format's rules. */
export function badInput(reason: string, place?: ErrorPlace, options?: ErrorOptions): TranslatorError {
  return new TranslatorError("bad input", reason, place, options);
}

/** Input that is valid, but asks for what Lighter does not do. */
export function unsupported(reason: string, place?: ErrorPlace): TranslatorError {
  return new TranslatorError("unsupported", reason, place);
}

/** A bound of ours was reached. */
export function overLimit(reason: string, place?: ErrorPlace): TranslatorError {
  return new TranslatorError("limit", reason, place);
}

/** A broken invariant of ours. */
export function bug(reason: string, place?: ErrorPlace): TranslatorError {
  return new TranslatorError("bug", reason, place);
}

function describePlace(place: ErrorPlace): string {
  const parts: string[] = [];
  if (place.file !== undefined) parts.push(place.file);
  if (place.offset !== undefined) parts.push(`offset ${place.offset}`);
  if (place.pc !== undefined) parts.push(`pc 0x${place.pc.toString(16)}`);
  if (place.symbol !== undefined) parts.push(`in ${place.symbol}`);
  if (place.bytes !== undefined) parts.push(`bytes ${hexBytes(place.bytes)}`);
  return parts.length ? `${parts.join(", ")}: ` : "";
}

/** "0f 0b" for two bytes. */
export function hexBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join(" ");
}

// Hostile names (newlines, escapes) must not break the one-line promise or the terminal.
function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\u0000-\u001f\u007f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
