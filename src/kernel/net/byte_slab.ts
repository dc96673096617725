/** Memory for small pieces is had in one block for many: an allocation for each would cost more than the bytes. */
const SLAB_BYTES = 65536;

let slab = new Uint8Array(0);
let used = 0;

/** Longest piece that is worth it; a small piece that is kept for long keeps its block. */
export const SMALL_PIECE_MAX = 4096;

/** New memory of at most SMALL_PIECE_MAX bytes, which nobody else has or will have. Not necessarily zero. */
export function smallPiece(length: number): Uint8Array<ArrayBuffer> {
  if (used + length > slab.length) {
    slab = new Uint8Array(SLAB_BYTES);
    used = 0;
  }
  return slab.subarray(used, used += length);
}
