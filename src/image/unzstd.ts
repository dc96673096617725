/**
 * Zstandard, streamed. The only file that knows fzstd. Not node:zlib: in Deno 2.9 that stops after the first frame,
 * and zstd:chunked layers have many, and takes a stream that is cut off for a whole one.
 */
import { Decompress } from "fzstd";
import { ZstdWindowCheck } from "./zstd_window.ts";

// A block of zeros is 128 KiB from 4 bytes: with slices of this size one push makes at most 32 MiB.
const sliceBytes = 1024;

/** The decompressed bytes of all frames. Errors of the decoder and of the source are thrown as they are. */
export async function* unzstd(source: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<Uint8Array> {
  let output: Uint8Array[] = [];
  // Copied, because the decoder goes on using the memory that it hands out.
  const decoder = new Decompress((chunk) => output.push(chunk.slice()));
  const windows = new ZstdWindowCheck(file);
  for await (const chunk of source) {
    windows.check(chunk);
    for (let at = 0; at < chunk.length; at += sliceBytes) {
      decoder.push(chunk.subarray(at, at + sliceBytes));
      yield* output;
      output = [];
    }
  }
  // Throws if the last frame is not complete.
  decoder.push(new Uint8Array(0), true);
  yield* output;
}
