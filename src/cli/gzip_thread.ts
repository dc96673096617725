/** A thread of gzip_sizes.ts. */
import { parentPort, workerData } from "node:worker_threads";
import { gzipSync } from "node:zlib";
import { GZIP_LEVEL, type GzipThreadStart, type PieceLength, type PieceSize } from "./gzip_sizes.ts";

const shared = new Uint8Array((workerData as GzipThreadStart).piece);
/** zlib takes no shared memory. */
const own = new Uint8Array(shared.length);

parentPort!.on("message", (length: PieceLength) => {
  own.set(shared.subarray(0, length));
  const size: PieceSize = gzipSync(own.subarray(0, length), { level: GZIP_LEVEL }).length;
  parentPort!.postMessage(size);
});
