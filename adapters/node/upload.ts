import type { IncomingMessage } from "node:http";
import type { UploadReader } from "../../src/serve/mod.ts";

type Result = ReadableStreamReadResult<Uint8Array>;

const DONE = { done: true } as ReadableStreamReadDoneResult<Uint8Array>;

/** The body of a node:http request. Reads on only when asked: a slow guest slows the client down. */
export class MessageReader implements UploadReader {
  /** What has come and nobody has asked for: Node may give some more after pause(). */
  private readonly chunks: Uint8Array[] = [];
  private ended = false;
  private failed = false;
  private cancelled = false;
  private waiting: { resolve(result: Result): void; reject(error: Error): void } | null = null;

  constructor(private readonly message: IncomingMessage) {
    message.pause();
    message.on("data", (chunk: Uint8Array) => {
      if (this.cancelled) return;
      this.chunks.push(chunk);
      message.pause();
      this.settle();
    });
    message.on("end", () => {
      this.ended = true;
      this.settle();
    });
    const fail = () => {
      this.failed = true;
      this.settle();
    };
    message.on("error", fail);
    message.on("close", fail);
  }

  /** One read at a time. */
  read(): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.settle();
      if (this.waiting !== null) this.message.resume();
    });
  }

  /** What still comes is thrown away. */
  cancel(): Promise<void> {
    this.cancelled = true;
    this.chunks.length = 0;
    this.message.resume();
    return Promise.resolve();
  }

  private settle(): void {
    const { waiting } = this;
    if (waiting === null) return;
    const chunk = this.chunks.shift();
    if (chunk === undefined && !this.ended && !this.failed) return;
    this.waiting = null;
    if (chunk !== undefined) waiting.resolve({ done: false, value: chunk as Uint8Array<ArrayBuffer> });
    else if (this.ended) waiting.resolve(DONE);
    else waiting.reject(new TypeError("the client's request broke off"));
  }
}
