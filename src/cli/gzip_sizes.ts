/**
 * How large files are with gzip, found out in threads: what Deno offers of it, promises included, keeps the thread that asks. Large
 * files are compressed in pieces, one after the other as members of one gzip file (RFC 1952, 2.2), so that all threads share them.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { gzipSync } from "node:zlib";

export const GZIP_LEVEL = 6;

/** Bytes of a piece. Each begins without what was before: 0.1 % more. */
export const GZIP_PIECE = 1 << 22;

/** What is no larger is compressed where it is. */
const SMALL = 1 << 15;

/** A thread has one buffer for all its pieces: what is sent in others stays until somebody collects garbage. */
export interface GzipThreadStart {
  piece: SharedArrayBuffer;
}

/** How many bytes of the buffer the piece has; the answer is their size with gzip. */
export type PieceLength = number;
export type PieceSize = number;

interface Thread {
  worker: Worker;
  piece: Uint8Array;
  /** What it works on. */
  has: Waiting | null;
}

interface Waiting {
  piece: Uint8Array;
  resolve: (size: number) => void;
  reject: (e: Error) => void;
}

export class GzipSizes {
  readonly #count: number;
  readonly #threads: Thread[] = [];
  readonly #queue: Waiting[] = [];

  constructor(threads: number = availableParallelism()) {
    this.#count = threads;
  }

  /** Bytes that a file has with gzip. */
  async sizeOf(bytes: Uint8Array): Promise<number> {
    if (bytes.length <= SMALL) return gzipSync(bytes, { level: GZIP_LEVEL }).length;
    const sizes: Promise<number>[] = [];
    for (let at = 0; at < bytes.length; at += GZIP_PIECE) sizes.push(this.#size(bytes.subarray(at, at + GZIP_PIECE)));
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #size(piece: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ piece, resolve, reject });
      if (this.#threads.length < this.#count && this.#threads.every(({ has }) => has !== null)) this.#start();
      this.#send();
    });
  }

  #start(): void {
    const piece = new SharedArrayBuffer(GZIP_PIECE), start: GzipThreadStart = { piece };
    const worker = new Worker(new URL("./gzip_thread.ts", import.meta.url), { workerData: start });
    const thread: Thread = { worker, piece: new Uint8Array(piece), has: null };
    worker.on("message", (size: PieceSize) => {
      const { resolve } = thread.has!;
      thread.has = null;
      resolve(size);
      this.#send();
    });
    worker.on("error", (e: Error) => {
      for (const waiting of [...this.#threads.map(({ has }) => has), ...this.#queue.splice(0)]) waiting?.reject(e);
    });
    this.#threads.push(thread);
  }

  #send(): void {
    for (const thread of this.#threads) {
      if (thread.has !== null || this.#queue.length === 0) continue;
      const waiting = thread.has = this.#queue.shift()!;
      thread.piece.set(waiting.piece);
      thread.worker.postMessage(waiting.piece.length satisfies PieceLength);
    }
  }
}
