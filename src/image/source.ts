/** Bytes that can be read at any place: a file of the host, or memory. */
export interface RandomAccessSource {
  /** How errors call it. */
  readonly name: string;
  readonly size: number;
  /** The bytes from `offset` on; fewer than `length` only at the end. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

const streamedBytes = 1 << 18;

/** A range of a source as a stream. */
export async function* readRange(
  source: RandomAccessSource,
  offset: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  for (let left = Math.min(length, Math.max(source.size - offset, 0)); left > 0;) {
    const chunk = await source.read(offset, Math.min(left, streamedBytes));
    if (chunk.length === 0) return;
    yield chunk;
    offset += chunk.length;
    left -= chunk.length;
  }
}

/** A source over chunks in memory. */
export class MemorySource implements RandomAccessSource {
  readonly size: number;
  /** Where each chunk begins. */
  private readonly starts: number[] = [];

  constructor(readonly name: string, private readonly chunks: readonly Uint8Array[]) {
    let size = 0;
    for (const chunk of chunks) {
      this.starts.push(size);
      size += chunk.length;
    }
    this.size = size;
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    const result = new Uint8Array(Math.max(0, Math.min(length, this.size - offset)));
    let at = 0;
    for (let i = this.chunkAt(offset); at < result.length; i++) {
      const from = offset + at - this.starts[i];
      const piece = this.chunks[i].subarray(from, from + result.length - at);
      result.set(piece, at);
      at += piece.length;
    }
    return Promise.resolve(result);
  }

  // The last chunk that begins at or before `offset`.
  private chunkAt(offset: number): number {
    let low = 0;
    let high = this.chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
