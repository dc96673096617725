/** A thread of gzip_sizes.ts. */
import { parentPort } from "node:worker_threads";
import { gzipSync } from "node:zlib";
import { GZIP_LEVEL, type PieceSize, type PieceToSize } from "./gzip_sizes.ts";

parentPort!.on("message", ({ id, piece }: PieceToSize) => {
  // A copy: zlib takes no shared memory.
  const { length } = gzipSync(new Uint8Array(new Uint8Array(piece)), { level: GZIP_LEVEL });
  parentPort!.postMessage({ id, size: length } satisfies PieceSize);
});
