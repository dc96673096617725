import { unsupported } from "../errors.ts";

/**
 * The decoder moves its whole window for every block, and takes the window's size from the data: a few bytes could ask
 * for 2 GB and hours. 32 MiB is also as far back as it decodes (its README); `zstd -19` needs 8.
 */
const windowBytesMax = 1 << 25;

const frameMagic = 0xfd2fb528;
const runLengthBlock = 1;

/** Follows the frames of a zstd stream (RFC 8878, 3.1.1), skipping their blocks, and refuses too large windows. */
export class ZstdWindowCheck {
  private head: number[] = [];
  private skipped = 0;
  private inFrame = false;
  private checksumBytes = 0;

  constructor(private readonly file: string) {}

  /** To be called with each chunk before the decoder sees it. */
  check(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      if (this.skipped > 0) {
        const skip = Math.min(this.skipped, chunk.length - at);
        this.skipped -= skip;
        at += skip;
        continue;
      }
      this.head.push(chunk[at++]);
      const isDone = this.inFrame ? this.blockHeader() : this.frameHeader();
      if (isDone) this.head = [];
    }
  }

  // Both answer whether the header was complete.
  private blockHeader(): boolean {
    if (this.head.length < 3) return false;
    const header = this.littleEndian(0, 3);
    const size = header >> 3;
    this.skipped = ((header >> 1) & 3) === runLengthBlock ? 1 : size;
    if ((header & 1) === 1) {
      this.inFrame = false;
      this.skipped += this.checksumBytes;
    }
    return true;
  }

  private frameHeader(): boolean {
    const { head } = this;
    if (head.length < 5) return false;
    if (this.littleEndian(0, 4) !== frameMagic) {
      if (head.length < 8) return false;
      // A skippable frame; anything else is for the decoder to complain about.
      this.skipped = this.littleEndian(4, 4);
      return true;
    }
    const flags = head[4];
    const isSingleSegment = (flags & 0x20) !== 0;
    const dictionaryBytes = [0, 1, 2, 4][flags & 3];
    const sizeAt = (isSingleSegment ? 5 : 6) + dictionaryBytes;
    const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][flags >> 6];
    if (head.length < sizeAt + sizeBytes) return false;
    // The two-byte form counts from 256; that is nothing to a limit of 32 MiB.
    const window = isSingleSegment ? this.littleEndian(sizeAt, sizeBytes) : windowOf(head[5]);
    if (window > windowBytesMax) {
      throw unsupported(`zstd window of ${window} bytes, up to ${windowBytesMax} are read`, { file: this.file });
    }
    this.checksumBytes = (flags & 4) !== 0 ? 4 : 0;
    this.inFrame = true;
    return true;
  }

  private littleEndian(at: number, length: number): number {
    let value = 0;
    for (let i = at + length - 1; i >= at; i--) value = value * 256 + this.head[i];
    return value;
  }
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}
