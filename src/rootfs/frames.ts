/** Contents that are kept compressed: one after the other, cut into frames of the same size. */
import { hashWords } from "../deflate/hash_words.ts";
import { groupFrames } from "./pack_format.ts";

/**
 * Content of a frame. Longer ones compress better and take longer until the first byte is there: docs/performance/size.md has
 * the figures.
 */
export const FRAME_CONTENT_BYTES = 128 << 10;

/** What compresses to more than this is stored as it is, so that reading it is a view. */
const WORTH_IT = 7 / 8;

/** Where a content begins. */
export interface FramePlace {
  frame: number;
  offset: number;
}

export interface Frames {
  /** All frames, in groups. */
  groups: Uint8Array[];
  /** For each frame its bytes here, those of what it holds (equal where it is not compressed), and the hash of these. */
  records: (readonly [stored: number, length: number, hash: number])[];
  places: FramePlace[];
}

export const noFrames: Frames = { groups: [], records: [], places: [] };

/** Contents that stand together in the tree stay together, as they are likely to be read together. */
export function cutFrames(contents: readonly Uint8Array[], compress: (bytes: Uint8Array) => Uint8Array): Frames {
  const places: FramePlace[] = [], records: [number, number, number][] = [], stored: Uint8Array[] = [];
  const block = new Uint8Array(FRAME_CONTENT_BYTES);
  let used = 0;
  const finish = () => {
    if (used === 0) return;
    const plain = block.subarray(0, used), frame = compress(plain);
    const kept = frame.length > used * WORTH_IT ? plain.slice() : frame;
    stored.push(kept);
    records.push([kept.length, used, hashWords(plain)]);
    used = 0;
  };
  for (const content of contents) {
    places.push({ frame: records.length, offset: used });
    for (let at = 0; at < content.length;) {
      const piece = content.subarray(at, at + FRAME_CONTENT_BYTES - used);
      block.set(piece, used);
      used += piece.length;
      at += piece.length;
      if (used === FRAME_CONTENT_BYTES) finish();
    }
  }
  finish();
  const groups: Uint8Array[] = [];
  for (let i = 0; i < stored.length; i += groupFrames) groups.push(joined(stored.slice(i, i + groupFrames)));
  return { groups, records, places };
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((n, piece) => n + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
