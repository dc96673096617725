/**
 * A blob of a package that is rarely wanted, compressed: its length and its hash (u32 each, little-endian), then deflated, or
 * as they are if that is no longer.
 */
import { badInput } from "../errors.ts";
import { hashWords } from "./hash_words.ts";
import { inflateInto } from "./inflate.ts";

const HEAD = 8;

/** Bound on what a damaged length may make us allocate. */
const MAX_LENGTH = 1 << 28;

/** `compress` deflates; null leaves the bytes as they are. */
export function compressBlob(bytes: Uint8Array, compress: ((bytes: Uint8Array) => Uint8Array) | null): Uint8Array {
  const deflated = compress?.(bytes) ?? bytes, body = deflated.length < bytes.length ? deflated : bytes;
  const blob = new Uint8Array(HEAD + body.length), view = new DataView(blob.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint32(4, hashWords(bytes), true);
  blob.set(body, HEAD);
  return blob;
}

/** The bytes of a blob. Throws bad input, naming it, for what is not whole. */
export function expandBlob(blob: Uint8Array, name: string): Uint8Array {
  const file = { file: name };
  if (blob.length < HEAD) throw badInput("cut short", file);
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength), length = view.getUint32(0, true);
  const body = blob.subarray(HEAD);
  if (length > MAX_LENGTH || body.length > length) throw badInput(`${body.length} bytes for ${length}`, file);
  let bytes = body;
  if (body.length < length) {
    bytes = new Uint8Array(length);
    try {
      inflateInto(body, bytes);
    } catch (e) {
      throw badInput((e as Error).message, file, { cause: e });
    }
  }
  if (hashWords(bytes) !== view.getUint32(4, true)) throw badInput("damaged: its hash is another", file);
  return bytes;
}
