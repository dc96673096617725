/**
 * Zstandard frames (RFC 8878) expanded at once, into memory whose size is known: for data of our own making, where speed counts
 * and no dictionary is used. Streams of others are read by `src/image/unzstd.ts`.
 */
import { damaged, FrameBytes } from "./frame_bytes.ts";
import { LiteralsReader, MAX_BLOCK } from "./literals.ts";
import { SequenceReader } from "./sequences.ts";

const MAGIC = 0xfd2fb528;

const RAW = 0, REPEATED = 1, COMPRESSED = 2;

// One expansion at a time: what takes memory is kept.
const from = new FrameBytes(), literals = new LiteralsReader(), sequences = new SequenceReader();

/**
 * Expands one frame or several in a row, which fill `out`, neither more nor less. Throws bad input for anything else; the work is
 * bounded by both lengths.
 */
export function expandFrames(frames: Uint8Array, out: Uint8Array): void {
  from.load(frames);
  try {
    expandLoaded(out);
  } finally {
    from.release();
  }
}

function expandLoaded(out: Uint8Array): void {
  let to = 0;
  for (let at = from.start; at < from.end;) {
    at += headerBytes(at);
    literals.reset();
    sequences.reset();
    const first = to;
    for (let isLast = false; !isLast;) {
      if (at + 3 > from.end) throw damaged("it is cut short");
      const head = from.view.getUint32(at, true), size = (head >>> 3) & 0x1fffff;
      isLast = (head & 1) !== 0;
      at += 3;
      to = block((head >>> 1) & 3, at, size, out, to, first);
      at += ((head >>> 1) & 3) === REPEATED ? 1 : size;
    }
  }
  if (to !== out.length) throw damaged(`it has ${to} bytes instead of ${out.length}`);
}

/** Decodes a block to out[to..]; returns where that ends. Matches reach back to `first`. */
function block(type: number, at: number, size: number, out: Uint8Array, to: number, first: number): number {
  const { bytes } = from, end = at + (type === REPEATED ? 1 : size);
  if (end > from.end || size > MAX_BLOCK) throw damaged("a block is too long");
  if (type === COMPRESSED) return sequences.run(from, literals.read(from, at, end), end, literals, out, to, first);
  if (to + size > out.length) throw damaged("it is longer than it should be");
  if (type === RAW) out.set(bytes.subarray(at, end), to);
  else if (type === REPEATED) out.fill(bytes[at], to, to + size);
  else throw damaged("a block is of no known type");
  return to + size;
}

/** Bytes of a frame's content size, by the code for it and whether there is a window. */
const SIZE_BYTES = [0, 2, 4, 8];

/** Length of the header at a place. What it says of sizes is not needed: the whole result is there to look back into. */
function headerBytes(at: number): number {
  const { bytes, view, end } = from;
  if (end - at < 5 || view.getUint32(at, true) !== MAGIC) throw damaged("it does not begin as one");
  const flags = bytes[at + 4], isSingle = (flags & 0x20) !== 0, sizeCode = flags >> 6;
  if (flags & 0x0f) throw damaged("it asks for a checksum, a dictionary or what is not known");
  return 5 + (isSingle ? (sizeCode === 0 ? 1 : 0) : 1) + SIZE_BYTES[sizeCode];
}
