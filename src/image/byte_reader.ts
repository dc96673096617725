import { type RandomAccessSource } from "./source.ts";

/** Reads forwards. `read` and `skip` fall short only at the end of the input. */
export interface ByteReader {
  /** Bytes read and skipped so far. */
  readonly position: number;
  /** A new array with the next bytes. */
  read(length: number): Promise<Uint8Array>;
  /** How many bytes were skipped. */
  skip(length: number): Promise<number>;
}

/** Reads a stream forwards, holding one chunk of it. */
export class StreamReader implements ByteReader {
  position = 0;
  private chunk: Uint8Array = new Uint8Array(0);
  private readonly iterator: AsyncIterator<Uint8Array>;

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.iterator = stream[Symbol.asyncIterator]();
  }

  async read(length: number): Promise<Uint8Array> {
    const result = new Uint8Array(length);
    let at = 0;
    const read = await this.take(length, (piece) => {
      result.set(piece, at);
      at += piece.length;
    });
    return read === length ? result : result.slice(0, read);
  }

  skip(length: number): Promise<number> {
    return this.take(length, () => {});
  }

  /** Ends the stream early. */
  async close(): Promise<void> {
    await this.iterator.return?.();
  }

  private async take(length: number, use: (piece: Uint8Array) => void): Promise<number> {
    let taken = 0;
    while (taken < length) {
      if (this.chunk.length === 0) {
        const { done, value } = await this.iterator.next();
        if (done) break;
        this.chunk = value;
        continue;
      }
      const piece = this.chunk.subarray(0, length - taken);
      use(piece);
      this.chunk = this.chunk.subarray(piece.length);
      taken += piece.length;
    }
    this.position += taken;
    return taken;
  }
}

const windowBytes = 1 << 16;

/** Reads a source forwards; skipping costs nothing. */
export class SourceReader implements ByteReader {
  position = 0;
  private window: Uint8Array = new Uint8Array(0);
  private windowAt = 0;

  constructor(private readonly source: RandomAccessSource) {}

  async read(length: number): Promise<Uint8Array> {
    const at = this.position - this.windowAt;
    if (at < 0 || at + length > this.window.length) {
      this.window = await this.source.read(this.position, Math.max(length, windowBytes));
      this.windowAt = this.position;
    }
    const from = this.position - this.windowAt;
    const bytes = this.window.slice(from, from + length);
    this.position += bytes.length;
    return bytes;
  }

  skip(length: number): Promise<number> {
    const skipped = Math.max(0, Math.min(length, this.source.size - this.position));
    this.position += skipped;
    return Promise.resolve(skipped);
  }
}
