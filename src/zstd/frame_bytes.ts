import { badInput, type TranslatorError } from "../errors.ts";

/** Bytes kept free before and behind a frame, so that what is read across its ends is noticed later than at each word. */
const MARGIN = 1024;

/** Room that is kept for the next frame. Large ones are rare. */
const KEPT_BYTES = 1 << 18;

/** A frame's bytes, with room around them. */
export class FrameBytes {
  bytes = new Uint8Array(0);
  view = new DataView(this.bytes.buffer);
  /** Where the frame is in `bytes`. */
  readonly start = MARGIN;
  end = MARGIN;

  load(frame: Uint8Array): void {
    this.end = MARGIN + frame.length;
    if (this.bytes.length < this.end + MARGIN) {
      this.#makeRoom(Math.max(KEPT_BYTES, this.end + MARGIN));
    }
    this.bytes.set(frame, MARGIN);
    this.bytes.fill(0, this.end, this.end + MARGIN);
  }

  /** When the frame is done with. */
  release(): void {
    if (this.bytes.length > KEPT_BYTES) this.#makeRoom(0);
  }

  #makeRoom(bytes: number): void {
    this.bytes = new Uint8Array(bytes);
    this.view = new DataView(this.bytes.buffer);
  }
}

/** What is thrown for frames that break the format's rules. */
export function damaged(reason: string): TranslatorError {
  return badInput(`damaged Zstandard frame: ${reason}`);
}

/** So many bits, at most 25, from a position on. The frame's margin lets positions be a little too low. */
export function bitsAt(view: DataView, position: number, bits: number): number {
  return (view.getUint32(position >> 3, true) >>> (position & 7)) & ((1 << bits) - 1);
}
