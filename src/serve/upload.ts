/** A request's body, piece by piece: as much of a stream reader as serving uses. */
export interface UploadReader {
  read(): Promise<ReadableStreamReadResult<Uint8Array>>;
  cancel(): Promise<void>;
}

/** What one read asks a byte stream for. */
const READ_BYTES = 64 * 1024;

/**
 * Reads a body in the pieces it comes in, or, for hosts whose own pieces are small (workerd: 4 KiB) and whose bodies are
 * byte streams, in pieces as large as there are.
 */
export function uploadReader(stream: ReadableStream<Uint8Array>, wantsLargeReads: boolean): UploadReader {
  if (wantsLargeReads) {
    try {
      return new ByteReader(stream.getReader({ mode: "byob" }));
    } catch (error) {
      // Not a byte stream: something in front of us has replaced the body.
      if (!(error instanceof TypeError)) throw error;
    }
  }
  return stream.getReader();
}

class ByteReader implements UploadReader {
  constructor(private readonly reader: ReadableStreamBYOBReader) {}

  async read(): Promise<ReadableStreamReadResult<Uint8Array>> {
    const { done, value } = await this.reader.read(new Uint8Array(READ_BYTES));
    if (done || value === undefined) return { done: true } as ReadableStreamReadDoneResult<Uint8Array>;
    // A small piece must not keep all of its buffer alive while it waits for the guest.
    return { done: false, value: value.length * 4 < READ_BYTES ? value.slice() : value };
  }

  cancel(): Promise<void> {
    return this.reader.cancel();
  }
}
