/** The sequences of a block (RFC 8878, section 3.1.1.3.2): so many literals, then so many bytes from so far back. */
import { bitsAt, damaged, type FrameBytes } from "./frame_bytes.ts";
import { FseTable } from "./fse.ts";
import type { LiteralsReader } from "./literals.ts";

/** Lengths by code: how much the code alone says, and how many bits are added. */
interface LengthCodes {
  base: Int32Array;
  bits: Uint8Array;
}

/** Codes each of which begins where the one before ends: `singles` that add no bits, then those that add these. */
function lengthCodes(first: number, singles: number, extra: readonly number[]): LengthCodes {
  const base = new Int32Array(singles + extra.length), bits = new Uint8Array(base.length);
  let next = first;
  for (let code = 0; code < base.length; code++) {
    base[code] = next;
    bits[code] = code < singles ? 0 : extra[code - singles];
    next += 1 << bits[code];
  }
  return { base, bits };
}

// The same as the tables of the RFC: each code begins where the one before it ends.
const LITERALS = lengthCodes(0, 16, [1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
const MATCHES = lengthCodes(3, 32, [1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);

// deno-fmt-ignore
const LITERAL_COUNTS = [4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1,
  -1, -1, -1, -1];
// deno-fmt-ignore
const MATCH_COUNTS = [1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1];
// deno-fmt-ignore
const OFFSET_COUNTS = [1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1];

/** Offsets of more bits are longer than any frame that is made here. */
const MAX_OFFSET_BITS = 24;

/** From this length on copying by the engine is quicker than a loop. */
const LONG = 24;

/** Sequences that run at once: see the pieces of literals. */
const PIECE = 64;

const PREDEFINED = 0, SINGLE = 1, CODED = 2;

/** Runs sequences; keeps what later blocks of the frame may use again. */
export class SequenceReader {
  readonly #literals = new FseTable(9, LITERALS.base.length - 1);
  readonly #offsets = new FseTable(8, 31);
  readonly #matches = new FseTable(9, MATCHES.base.length - 1);
  /** The last three distances. */
  readonly #distances = new Int32Array(3);
  // Between pieces: the states, where bits and literals are read next, and how many sequences are left.
  #literalState = 0;
  #offsetState = 0;
  #matchState = 0;
  #position = 0;
  #textAt = 0;
  #left = 0;

  /** Before a frame. */
  reset(): void {
    this.#literals.log = this.#offsets.log = this.#matches.log = -1;
    this.#distances.set([1, 4, 8]);
  }

  /**
   * Decodes the section [at, end) with the block's literals to out[to..]; returns where that ends. Matches reach back to
   * out[first].
   */
  run(
    from: FrameBytes,
    at: number,
    end: number,
    literals: LiteralsReader,
    out: Uint8Array,
    to: number,
    first: number,
  ): number {
    const { bytes } = from;
    if (at >= end) throw damaged("a block is cut short");
    let count = bytes[at++];
    if (count === 0) {
      if (at !== end) throw damaged("a block is too long");
      return copyLiterals(literals, 0, out, to);
    }
    if (count === 255) {
      count = bytes[at] + (bytes[at + 1] << 8) + 0x7f00;
      at += 2;
    } else if (count > 127) count = ((count - 128) << 8) + bytes[at++];
    const modes = bytes[at++];
    if (modes & 3) throw damaged("reserved bits are set");
    at = readTable(this.#literals, modes >> 6, LITERAL_COUNTS, 6, from, at, end);
    at = readTable(this.#offsets, (modes >> 4) & 3, OFFSET_COUNTS, 5, from, at, end);
    at = readTable(this.#matches, (modes >> 2) & 3, MATCH_COUNTS, 6, from, at, end);
    if (at >= end || bytes[end - 1] === 0) throw damaged("a stream has no end");
    return this.#run(from, at, end, count, literals, out, to, first);
  }

  #run(
    { bytes, view }: FrameBytes,
    start: number,
    end: number,
    count: number,
    literals: LiteralsReader,
    out: Uint8Array,
    to: number,
    first: number,
  ): number {
    const lowest = start * 8;
    let position = end * 8 - 1 - (Math.clz32(bytes[end - 1]) - 24);
    // What was read is above `position`; a state is what was read and what its predecessor adds.
    this.#literalState = bitsAt(view, position -= this.#literals.log, this.#literals.log);
    this.#offsetState = bitsAt(view, position -= this.#offsets.log, this.#offsets.log);
    this.#matchState = bitsAt(view, position -= this.#matches.log, this.#matches.log);
    this.#position = position;
    this.#textAt = literals.at;
    this.#left = count;
    while (this.#left > 0) to = this.#runPiece(view, lowest, literals, out, to, first);
    if (this.#position !== lowest) throw damaged("sequences do not end with their block");
    return copyLiterals(literals, this.#textAt - literals.at, out, to);
  }

  /** Runs some of the sequences that are left; returns where what they write ends. */
  #runPiece(
    view: DataView,
    lowest: number,
    literals: LiteralsReader,
    out: Uint8Array,
    to: number,
    first: number,
  ): number {
    const literalTable = this.#literals.entries, offsetTable = this.#offsets.entries;
    const matchTable = this.#matches.entries, distances = this.#distances;
    const { base: literalBase, bits: literalBits } = LITERALS, { base: matchBase, bits: matchBits } = MATCHES;
    const text = literals.bytes, textEnd = literals.at + literals.length, size = out.length;
    let near = distances[0], middle = distances[1], far = distances[2];
    let literalState = this.#literalState, offsetState = this.#offsetState, matchState = this.#matchState;
    let position = this.#position, textAt = this.#textAt, left = this.#left;
    for (let i = 0; i < PIECE && left > 0; i++) {
      const l = literalTable[literalState], o = offsetTable[offsetState], m = matchTable[matchState];
      const offsetBits = o & 0xff, literalCode = l & 0xff, matchCode = m & 0xff;
      if (offsetBits > MAX_OFFSET_BITS) throw damaged("a distance is too long");
      position -= offsetBits;
      let distance = (1 << offsetBits) + bitsAt(view, position, offsetBits);
      let bits = matchBits[matchCode];
      position -= bits;
      const matchLength = matchBase[matchCode] + bitsAt(view, position, bits);
      bits = literalBits[literalCode];
      position -= bits;
      const literalLength = literalBase[literalCode] + bitsAt(view, position, bits);
      if (distance > 3) {
        distance -= 3;
        far = middle;
        middle = near;
        near = distance;
      } else {
        // One of the last distances; behind no literals the last one cannot be meant.
        const which = literalLength === 0 ? distance : distance - 1;
        if (which === 0) {
          distance = near;
        } else {
          distance = which === 1 ? middle : which === 2 ? far : near - 1;
          if (which !== 1) far = middle;
          middle = near;
          near = distance;
        }
      }
      const textNext = textAt + literalLength, matchAt = to + literalLength, next = matchAt + matchLength;
      if (position < lowest || textNext > textEnd || next > size || distance > matchAt - first || distance <= 0) {
        throw damaged("a sequence leads out of its place");
      }
      if (literalLength >= LONG) out.set(text.subarray(textAt, textNext), to);
      else for (let i = textAt, k = to; i < textNext; i++, k++) out[k] = text[i];
      textAt = textNext;
      if (matchLength >= LONG && distance >= matchLength) {
        out.copyWithin(matchAt, matchAt - distance, next - distance);
      } else for (let k = matchAt; k < next; k++) out[k] = out[k - distance];
      to = next;
      // The last one has no successor.
      if (--left > 0) {
        bits = (l >> 8) & 0xff;
        position -= bits;
        literalState = (l >> 16) + bitsAt(view, position, bits);
        bits = (m >> 8) & 0xff;
        position -= bits;
        matchState = (m >> 16) + bitsAt(view, position, bits);
        bits = (o >> 8) & 0xff;
        position -= bits;
        offsetState = (o >> 16) + bitsAt(view, position, bits);
      }
    }
    distances[0] = near;
    distances[1] = middle;
    distances[2] = far;
    this.#literalState = literalState;
    this.#offsetState = offsetState;
    this.#matchState = matchState;
    this.#position = position;
    this.#textAt = textAt;
    this.#left = left;
    return to;
  }
}

/** Copies the block's literals from the given one on. */
function copyLiterals({ bytes, at, length }: LiteralsReader, from: number, out: Uint8Array, to: number): number {
  const end = to + length - from;
  if (end > out.length) throw damaged("it is longer than it should be");
  out.set(bytes.subarray(at + from, at + length), to);
  return end;
}

/** Makes a table by its mode; returns where its description ends. */
function readTable(
  table: FseTable,
  mode: number,
  counts: readonly number[],
  log: number,
  from: FrameBytes,
  at: number,
  end: number,
): number {
  if (mode === PREDEFINED) table.build(counts, counts.length, log);
  else if (mode === SINGLE) table.setSingle(from.bytes[at++]);
  else if (mode === CODED) return table.read(from, at, end);
  else if (table.log < 0) throw damaged("a table is not there yet");
  return at;
}
