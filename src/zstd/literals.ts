/** The literals of a block (RFC 8878, section 3.1.1.3.1): as they are, one repeated, or Huffman coded. */
import { bitsAt, damaged, type FrameBytes } from "./frame_bytes.ts";
import { FseTable } from "./fse.ts";

/** Longest literals of a block. */
export const MAX_BLOCK = 1 << 17;
const MAX_BITS = 11;

const RAW = 0, REPEATED = 1, TREELESS = 3;

/**
 * Literals that are decoded at once. Engines optimise functions that return often sooner, and better, than one in the middle of a
 * long loop. In the meantime a damaged frame leads less than the frame's margin out of its place.
 */
const PIECE = 256;

/** Reads literals; keeps the Huffman table, which later blocks of the frame may use again. */
export class LiteralsReader {
  /** Where the last block's literals are: `length` bytes at `at` of `bytes`. */
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  length = 0;
  readonly #decoded = new Uint8Array(MAX_BLOCK);
  /** By the next `#bits` bits: symbol (from 4), and how many bits are its. */
  readonly #table = new Uint16Array(1 << MAX_BITS);
  #bits = 0;
  readonly #weights = new Uint8Array(256);
  readonly #weightTable = new FseTable(6, 255);

  /** Before a frame: forgets the table. */
  reset(): void {
    this.#bits = 0;
  }

  /** Reads the section at the beginning of [at, end); returns where it ends. */
  read(from: FrameBytes, at: number, end: number): number {
    const { bytes, view } = from, first = bytes[at], type = first & 3, format = (first >> 2) & 3;
    if (type === RAW || type === REPEATED) {
      const head = format === 1 ? 2 : format === 3 ? 3 : 1;
      const length = (view.getUint32(at, true) & (head === 3 ? 0xffffff : head === 2 ? 0xffff : 0xff)) >>>
        (head === 1 ? 3 : 4);
      at += head;
      if (length > MAX_BLOCK || at + (type === RAW ? length : 1) > end) throw damaged("literals are too long");
      this.length = length;
      if (type === RAW) {
        this.bytes = bytes;
        this.at = at;
        return at + length;
      }
      this.bytes = this.#decoded.fill(bytes[at], 0, length);
      this.at = 0;
      return at + 1;
    }
    // Two lengths of 10, 14 or 18 bits each, decoded and as they are here.
    const bits = format < 2 ? 10 : format === 2 ? 14 : 18, head = format < 2 ? 3 : format + 2;
    const low = view.getUint32(at, true), high = bytes[at + 4], mask = (1 << bits) - 1;
    const length = (low >>> 4) & mask;
    const stored = bits === 18 ? ((low >>> 22) | (high << 10)) & mask : (low >>> (4 + bits)) & mask;
    at += head;
    const ends = at + stored;
    if (length > MAX_BLOCK || ends > end) throw damaged("literals are too long");
    if (type !== TREELESS) at = this.#readTable(from, at, ends);
    else if (this.#bits === 0) throw damaged("literals have no table");
    this.bytes = this.#decoded;
    this.at = 0;
    this.length = length;
    if (format === 0) this.#decode(from, at, ends, 0, length);
    else this.#decodeFour(from, at, ends, length);
    return ends;
  }

  #decodeFour(from: FrameBytes, at: number, end: number, length: number): void {
    const { view } = from, quarter = (length + 3) >> 2;
    if (at + 6 > end || quarter * 3 > length) throw damaged("literals are cut short");
    let start = at + 6;
    for (let i = 0; i < 3; i++) {
      const next = start + view.getUint16(at + i * 2, true);
      if (next > end) throw damaged("literals are cut short");
      this.#decode(from, start, next, i * quarter, (i + 1) * quarter);
      start = next;
    }
    this.#decode(from, start, end, 3 * quarter, length);
  }

  /** Decodes the stream [start, end) to [to, toEnd). Streams are read from their end; the last bit that is set ends them. */
  #decode({ bytes, view }: FrameBytes, start: number, end: number, to: number, toEnd: number): void {
    if (end <= start || bytes[end - 1] === 0) throw damaged("a stream has no end");
    const out = this.#decoded, table = this.#table, width = this.#bits;
    let position = end * 8 - 1 - (Math.clz32(bytes[end - 1]) - 24);
    const lowest = start * 8, pairs = to + ((toEnd - to) & ~1);
    while (to < pairs) {
      const stop = Math.min(pairs, to + PIECE);
      position = decodePairs(view, position, table, width, out, to, stop);
      if (position < lowest) throw damaged("literals do not fill their place");
      to = stop;
    }
    if (to < toEnd) {
      const entry = table[bitsAt(view, position - width, width)];
      out[to] = entry >>> 4;
      position -= entry & 15;
    }
    if (position !== lowest) throw damaged("literals do not fill their place");
  }

  /** Reads the description of a table; returns where it ends. */
  #readTable(from: FrameBytes, at: number, end: number): number {
    const { bytes } = from, weights = this.#weights, head = bytes[at++];
    let used: number;
    if (head < 128) {
      if (at + head > end) throw damaged("a table is cut short");
      used = this.#readWeights(from, at, at + head);
      at += head;
    } else {
      used = head - 127;
      const length = (used + 1) >> 1;
      if (at + length > end) throw damaged("a table is cut short");
      for (let i = 0; i < used; i++) weights[i] = i & 1 ? bytes[at + (i >> 1)] & 15 : bytes[at + (i >> 1)] >> 4;
      at += length;
    }
    this.#buildTable(used);
    return at;
  }

  /** Weights that are coded themselves, by two states in turn; returns how many they are. */
  #readWeights(from: FrameBytes, at: number, end: number): number {
    const { bytes, view } = from, table = this.#weightTable, weights = this.#weights;
    const start = table.read(from, at, end);
    if (start >= end || bytes[end - 1] === 0) throw damaged("a stream has no end");
    let position = end * 8 - 1 - (Math.clz32(bytes[end - 1]) - 24);
    const lowest = start * 8;
    const states = [0, 0], bits = [table.log, table.log];
    for (let used = 0, turn = 0;; turn ^= 1) {
      position -= bits[turn];
      if (position < lowest) return used;
      if (used === 255) throw damaged("a table has too many symbols");
      const word = (view.getUint32(position >> 3, true) >>> (position & 7)) & ((1 << bits[turn]) - 1);
      states[turn] += word;
      const entry = table.entries[states[turn]];
      weights[used++] = entry & 0xff;
      bits[turn] = (entry >> 8) & 0xff;
      states[turn] = entry >> 16;
    }
  }

  /** The table of so many weights and one more, which fills what they leave. */
  #buildTable(used: number): void {
    const weights = this.#weights, table = this.#table;
    let sum = 0;
    for (let i = 0; i < used; i++) {
      if (weights[i] > MAX_BITS) throw damaged("a code is too long");
      sum += weights[i] === 0 ? 0 : 1 << (weights[i] - 1);
    }
    const width = sum === 0 ? 0 : 32 - Math.clz32(sum), left = (1 << width) - sum;
    if (width === 0 || width > MAX_BITS || (left & (left - 1)) !== 0) throw damaged("a table of codes is not complete");
    weights[used++] = 32 - Math.clz32(left);
    let at = 0;
    for (let weight = 1; weight <= width; weight++) {
      const span = 1 << (weight - 1), bits = width + 1 - weight;
      for (let symbol = 0; symbol < used; symbol++) {
        if (weights[symbol] !== weight) continue;
        table.fill((symbol << 4) | bits, at, at + span);
        at += span;
      }
    }
    this.#bits = width;
  }
}

/** Decodes an even number of symbols to [to, end), from a position down; returns where it is then. */
function decodePairs(
  view: DataView,
  position: number,
  table: Uint16Array,
  width: number,
  out: Uint8Array,
  to: number,
  end: number,
): number {
  // 25 bits of each word count, which is enough for two symbols.
  const mask = (1 << width) - 1, firstShift = 25 - width;
  for (; to < end; to += 2) {
    const from = position - 25, word = view.getUint32(from >> 3, true) >>> (from & 7);
    const a = table[(word >>> firstShift) & mask];
    const b = table[(word >>> (firstShift - (a & 15))) & mask];
    out[to] = a >>> 4;
    out[to + 1] = b >>> 4;
    position -= (a & 15) + (b & 15);
  }
  return position;
}
