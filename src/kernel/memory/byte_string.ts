/**
 * Linux strings are bytes; ours are JavaScript strings. UTF-8 maps to the characters it means; every byte that is not part
 * of well-formed UTF-8 becomes the lone surrogate U+DC00 + byte (as Python's "surrogateescape" does), which well-formed
 * UTF-8 cannot yield, so names survive the round trip.
 */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

export function decodeBytes(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let text = "";
  for (let i = start; i < end; i++) {
    const c = bytes[i];
    if (c >= 0x80) return text + decodeBeyondAscii(bytes.slice(i, end));
    text += String.fromCharCode(c);
  }
  return text;
}

function decodeBeyondAscii(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    let text = "";
    for (let i = 0; i < bytes.length;) {
      const n = wellFormedLength(bytes, i);
      text += n > 0 ? decoder.decode(bytes.subarray(i, i + n)) : String.fromCharCode(0xdc00 + bytes[i]);
      i += n || 1;
    }
    return text;
  }
}

/** Length of the well-formed UTF-8 sequence at i, or 0. */
function wellFormedLength(bytes: Uint8Array, i: number): number {
  const c = bytes[i];
  const n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
  if (n === 0 || i + n > bytes.length) return 0;
  for (let j = 1; j < n; j++) if ((bytes[i + j] & 0xc0) !== 0x80) return 0;
  const second = n > 1 ? bytes[i + 1] : 0;
  // Overlong forms, surrogates, and beyond U+10FFFF (RFC 3629, section 4).
  if ((c === 0xe0 && second < 0xa0) || (c === 0xed && second > 0x9f)) return 0;
  if ((c === 0xf0 && second < 0x90) || (c === 0xf4 && second > 0x8f)) return 0;
  return n;
}

export function encodeBytes(text: string): Uint8Array<ArrayBuffer> {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 0xd800 && c < 0xe000) return encodeEscaped(text);
  }
  return encoder.encode(text);
}

function encodeEscaped(text: string): Uint8Array<ArrayBuffer> {
  const out: number[] = [];
  // Iterating by code point keeps pairs together, so a lone low surrogate here is an escape.
  for (const character of text) {
    const c = character.codePointAt(0)!;
    if (c >= 0xdc80 && c <= 0xdcff) out.push(c - 0xdc00);
    else out.push(...encoder.encode(character));
  }
  return new Uint8Array(out);
}
