import { badInput, overLimit, TranslatorError, unsupported } from "../errors.ts";
import { gunzip } from "./gunzip.ts";
import { unzstd } from "./unzstd.ts";

export type Compression = "none" | "gzip" | "zstd" | "xz" | "bzip2";

/** Bytes that `sniffCompression` wants to see. */
const sniffBytes = 10;

const magics: readonly (readonly [Compression, readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b, 0x08]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];
const bzip2Block = [0x31, 0x41, 0x59, 0x26, 0x53, 0x59];

/** What the first bytes of a file say. Media types are not trusted: docker itself mislabels. */
export function sniffCompression(head: Uint8Array): Compression {
  for (const [compression, magic] of magics) {
    if (magic.every((byte, i) => head[i] === byte)) return compression;
  }
  // Zstandard's skippable frames, which zstd:chunked may put first (RFC 8878, 3.1.2).
  if ((head[0] & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18) return "zstd";
  // "BZh" alone could be the name of a tar archive's first file.
  if (head[0] === 0x42 && head[1] === 0x5a && bzip2Block.every((byte, i) => head[i + 4] === byte)) return "bzip2";
  return "none";
}

/** The bytes of a stream, decompressed if they are compressed, and never more than `limit` of them. */
export async function* decompressed(
  source: AsyncIterable<Uint8Array>,
  file: string,
  limit: number,
): AsyncGenerator<Uint8Array> {
  const { head, rest } = await peek(source);
  const compression = sniffCompression(head);
  let total = 0;
  try {
    for await (const chunk of decode(compression, rest, file)) {
      total += chunk.length;
      if (total > limit) throw overLimit(`content exceeds ${limit} bytes when decompressed`, { file });
      yield chunk;
    }
  } catch (error) {
    if (error instanceof TranslatorError) throw error;
    throw badInput(`${compression} data is damaged or cut off (${messageOf(error)})`, { file }, { cause: error });
  }
}

function decode(compression: Compression, source: AsyncIterable<Uint8Array>, file: string): AsyncIterable<Uint8Array> {
  switch (compression) {
    case "none":
      return source;
    case "gzip":
      return gunzip(source);
    case "zstd":
      return unzstd(source, file);
    default:
      throw unsupported(`compressed with ${compression}; gzip and zstd are read`, { file });
  }
}

async function peek(source: AsyncIterable<Uint8Array>) {
  const iterator = source[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  while (length < sniffBytes) {
    const { done, value } = await iterator.next();
    if (done) break;
    first.push(value);
    length += value.length;
  }
  const head = new Uint8Array(length);
  let at = 0;
  for (const chunk of first) {
    head.set(chunk, at);
    at += chunk.length;
  }
  async function* rest(): AsyncGenerator<Uint8Array> {
    try {
      if (head.length > 0) yield head;
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  }
  return { head, rest: rest() };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
