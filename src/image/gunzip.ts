/**
 * Gzip, streamed. The only file that knows node:zlib. The web-standard DecompressionStream will not do: it must refuse
 * a second gzip member, and eStargz layers are made of many; besides it took six times as long for 100 MB in Deno 2.9.
 */
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";

/** The decompressed bytes of all members. Errors of zlib and of the source are thrown as they are. */
export async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const inflater = createGunzip({ chunkSize: 1 << 16 });
  // Destroys both ends when either fails; the error itself comes out of the iteration below.
  pipeline(Readable.from(source, { objectMode: false }), inflater, () => {});
  for await (const chunk of inflater) yield chunk as Uint8Array;
}
