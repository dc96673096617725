import type { UploadReader } from "../upload.ts";

type Result = ReadableStreamReadResult<Uint8Array>;

const DONE = { done: true } as ReadableStreamReadDoneResult<Uint8Array>;

/** The body of a request between the client's connection, which adds, and the exchange, which reads. */
export class ClientUpload implements UploadReader {
  private readonly pieces: Uint8Array[] = [];
  private state: "open" | "ended" | "broken" = "open";
  private waiting: { resolve(result: Result): void; reject(error: Error): void } | null = null;
  /** Nobody wants the rest. */
  cancelled = false;

  /** `onWanted` is called when somebody reads and there is nothing. */
  constructor(private readonly onWanted: () => void) {}

  /** Somebody waits for what comes, or nobody wants it: the client need not be held back. */
  get isWanted(): boolean {
    return this.cancelled || this.waiting !== null;
  }

  add(piece: Uint8Array): void {
    if (this.cancelled) return;
    this.pieces.push(piece);
    this.settle();
  }

  end(): void {
    if (this.state === "open") this.state = "ended";
    this.settle();
  }

  /** The client has gone. */
  break(): void {
    if (this.state === "open") this.state = "broken";
    this.settle();
  }

  /** One read at a time. */
  read(): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.settle();
      if (this.waiting !== null) this.onWanted();
    });
  }

  cancel(): Promise<void> {
    this.cancelled = true;
    this.pieces.length = 0;
    this.onWanted();
    return Promise.resolve();
  }

  private settle(): void {
    const { waiting } = this;
    if (waiting === null) return;
    const piece = this.pieces.shift();
    if (piece === undefined && this.state === "open") return;
    this.waiting = null;
    if (piece !== undefined) waiting.resolve({ done: false, value: piece as Uint8Array<ArrayBuffer> });
    else if (this.state === "ended") waiting.resolve(DONE);
    else waiting.reject(new TypeError("the client's request broke off"));
  }
}
