/**
 * Field values: this project, like fetch (https://fetch.spec.whatwg.org/#headers-class), has them as one character a byte.
 * Some hosts have text in their Headers, which they read and write as UTF-8.
 */
import { latin1, latin1Bytes } from "./http1/grammar.ts";

// deno-lint-ignore no-control-regex
const BEYOND_ASCII = /[^\x00-\x7f]/;
const encoder = new TextEncoder(), decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A value that is text as one of its UTF-8 bytes, a character each. */
export function fieldBytes(text: string): string {
  if (!BEYOND_ASCII.test(text)) return text;
  const bytes = encoder.encode(text);
  return latin1(bytes, 0, bytes.length);
}

/** The reverse. What is not UTF-8 becomes U+FFFD. */
export function fieldText(bytes: string): string {
  return BEYOND_ASCII.test(bytes) ? decoder.decode(latin1Bytes(bytes)) : bytes;
}
