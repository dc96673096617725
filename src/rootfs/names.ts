/**
 * File names between Linux's bytes and our strings.
 *
 * A Linux name is any byte sequence without NUL and "/". Valid UTF-8 becomes the text it is; every other byte 0x80-0xff
 * becomes the lone surrogate U+DC80-U+DCFF, as in Python's "surrogateescape" (PEP 383). Strict UTF-8 never decodes to a
 * lone surrogate, so the way back is exact.
 */

// Without ignoreBOM a name that starts with ef bb bf would lose those bytes.
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf8 = new TextEncoder();

/** Up to here a short ASCII name is made faster by hand than by a decoder's call. */
const asciiTried = 32;

/** The string that stands for these bytes; `encodeName` gives the same bytes back. */
export function decodeName(bytes: Uint8Array): string {
  if (bytes.length <= asciiTried && bytes.every((byte) => byte < 0x80)) return String.fromCharCode(...bytes);
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return decodeEscaping(bytes);
  }
}

/** The bytes that a name stands for. Surrogates that `decodeName` never makes become U+FFFD. */
export function encodeName(name: string): Uint8Array {
  return name.isWellFormed() ? utf8.encode(name) : encodeEscaped(name);
}

/** Orders names by their bytes: the one order that does not depend on how the strings are stored. */
export function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // Below the surrogates the order of code units is the order of the UTF-8 bytes.
    return x < 0xd800 && y < 0xd800 ? x - y : compareBytes(encodeName(a), encodeName(b));
  }
  return a.length - b.length;
}

/** Lexicographic order of two byte sequences. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a[i] !== b[i]) return a[i] - b[i];
  }
  return a.length - b.length;
}

function decodeEscaping(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length;) {
    const length = sequenceLength(bytes, i);
    if (length === 0) {
      text += String.fromCharCode(0xdc00 | bytes[i]);
      i++;
    } else {
      text += strictUtf8.decode(bytes.subarray(i, i + length));
      i += length;
    }
  }
  return text;
}

// Length of the valid UTF-8 sequence at `at`, or 0 (Unicode standard, table 3-7).
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first < 0x80) return 1;
  const length = first >= 0xc2 && first <= 0xdf
    ? 2
    : first >= 0xe0 && first <= 0xef
    ? 3
    : first >= 0xf0 && first <= 0xf4
    ? 4
    : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  const second = bytes[at + 1];
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = at + 2; i < at + length; i++) {
    if ((bytes[i] & 0xc0) !== 0x80) return 0;
  }
  return length;
}

function encodeEscaped(name: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of name) {
    const code = character.codePointAt(0)!;
    if (code >= 0xdc80 && code <= 0xdcff) bytes.push(code & 0xff);
    else bytes.push(...utf8.encode(character));
  }
  return Uint8Array.from(bytes);
}
