import { SMALL_PIECE_MAX, smallPiece } from "../kernel/net/byte_slab.ts";

/** Pieces of so many bytes together, as one; a single one as it is. */
export function joined(pieces: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  if (pieces.length === 1) return pieces[0] as Uint8Array<ArrayBuffer>;
  const all = size <= SMALL_PIECE_MAX ? smallPiece(size) : new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
