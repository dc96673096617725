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

/** A piece, in shared memory, and the size that a thread has found. */
export interface PieceToSize {
  id: number;
  piece: SharedArrayBuffer;
}
export interface PieceSize {
  id: number;
  size: number;
}

interface Waiting {
  piece: Uint8Array;
  resolve: (size: number) => void;
  reject: (e: Error) => void;
}

export class GzipSizes {
  readonly #count: number;
  readonly #threads: Worker[] = [];
  readonly #idle: Worker[] = [];
  readonly #queue: Waiting[] = [];
  readonly #sent = new Map<number, Waiting>();
  #next = 0;

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
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  #size(piece: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ piece, resolve, reject });
      if (this.#idle.length === 0 && this.#threads.length < this.#count) this.#start();
      this.#send();
    });
  }

  #start(): void {
    const thread = new Worker(new URL("./gzip_thread.ts", import.meta.url));
    thread.on("message", ({ id, size }: PieceSize) => {
      this.#sent.get(id)!.resolve(size);
      this.#sent.delete(id);
      this.#idle.push(thread);
      this.#send();
    });
    thread.on("error", (e: Error) => {
      for (const { reject } of [...this.#sent.values(), ...this.#queue.splice(0)]) reject(e);
      this.#sent.clear();
    });
    this.#threads.push(thread);
    this.#idle.push(thread);
  }

  #send(): void {
    while (this.#idle.length > 0 && this.#queue.length > 0) {
      const thread = this.#idle.pop()!, waiting = this.#queue.shift()!, id = this.#next++;
      const piece = new SharedArrayBuffer(waiting.piece.length);
      new Uint8Array(piece).set(waiting.piece);
      this.#sent.set(id, waiting);
      thread.postMessage({ id, piece } satisfies PieceToSize);
    }
  }
}
