/** Finite state entropy tables (RFC 8878, section 4.1): reading their description, and building them. */
import { damaged, type FrameBytes } from "./frame_bytes.ts";

/** A table: what a state means, packed as symbol, bits to read (from 8), what to add to these for the next state (from 16). */
export class FseTable {
  readonly entries: Int32Array;
  /** Bits of a state; -1 as long as there is no table. */
  log = -1;

  constructor(readonly maxLog: number, readonly maxSymbol: number) {
    this.entries = new Int32Array(1 << maxLog);
  }

  /** A table in which every state is one symbol and takes no bits. */
  setSingle(symbol: number): void {
    if (symbol > this.maxSymbol) throw damaged("a symbol is out of range");
    this.log = 0;
    this.entries[0] = symbol;
  }

  /** Makes the table of these counts; -1 stands for less than one. They add up to 1 << log. */
  build(counts: Int16Array | readonly number[], used: number, log: number): void {
    const { entries } = this, size = 1 << log, mask = size - 1;
    let high = mask;
    for (let s = 0; s < used; s++) {
      nextState[s] = counts[s];
      if (counts[s] === -1) {
        entries[high--] = s;
        nextState[s] = 1;
      }
    }
    const step = (size >> 1) + (size >> 3) + 3;
    let at = 0;
    for (let s = 0; s < used; s++) {
      for (let i = counts[s]; i > 0; i--) {
        entries[at] = s;
        do at = (at + step) & mask; while (at > high);
      }
    }
    if (at !== 0) throw damaged("counts of a table do not add up");
    for (let state = 0; state < size; state++) {
      const symbol = entries[state], next = nextState[symbol]++;
      const bits = log - (31 - Math.clz32(next));
      entries[state] = symbol | (bits << 8) | (((next << bits) - size) << 16);
    }
    this.log = log;
  }

  /** Reads a description from [at, end) and makes its table; returns where it ends. */
  read({ view }: FrameBytes, at: number, end: number): number {
    const log = (view.getUint8(at) & 15) + 5;
    if (log > this.maxLog) throw damaged("a table is too large");
    let position = at * 8 + 4, left = (1 << log) + 1, threshold = 1 << log, bits = log + 1, used = 0;
    while (left > 1) {
      if (used > this.maxSymbol || position > end * 8) throw damaged("a table is cut short");
      const word = view.getUint32(position >> 3, true) >>> (position & 7);
      const small = 2 * threshold - 1 - left;
      let count = word & (threshold - 1);
      if (count < small) position += bits - 1;
      else {
        count = word & (2 * threshold - 1);
        if (count >= threshold) count -= small;
        position += bits;
      }
      counts[used++] = --count;
      left -= count < 0 ? 1 : count;
      if (count === 0) {
        // How many zeros follow, in twos of bits, as long as these say 3.
        for (let more = 3; more === 3;) {
          more = (view.getUint16(position >> 3, true) >>> (position & 7)) & 3;
          position += 2;
          if (used + more > this.maxSymbol + 1) throw damaged("a table has too many symbols");
          for (let i = 0; i < more; i++) counts[used++] = 0;
        }
      }
      while (left < threshold) {
        bits--;
        threshold >>= 1;
      }
    }
    const ends = (position + 7) >> 3;
    if (left !== 1 || ends > end) throw damaged("a table is cut short");
    this.build(counts, used, log);
    return ends;
  }
}

/** Scratch of one table at a time. */
const counts = new Int16Array(256), nextState = new Int32Array(256);
