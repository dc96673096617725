/**
 * Trap tables as bytes: they come with every code module and are needed only when the guest faults. Everything is the difference
 * from its predecessor, as signed LEB128 (masks: what is different, unsigned), about three bytes a trap: a trap's number of
 * bytes of code, of guest bytes, and of sites since the last one.
 */
import type { TrapTable } from "./trap_table.ts";

class Writer {
  #bytes = new Uint8Array(1 << 12);
  #at = 0;

  unsigned(v: number): void {
    v >>>= 0;
    for (; v > 0x7f; v >>>= 7) this.#byte((v & 0x7f) | 0x80);
    this.#byte(v);
  }

  signed(v: number): void {
    v |= 0;
    for (; v < -64 || v > 63; v >>= 7) this.#byte((v & 0x7f) | 0x80);
    this.#byte(v & 0x7f);
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#at);
  }

  #byte(b: number): void {
    if (this.#at === this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#at);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.#at++] = b;
  }
}

class Reader {
  #at = 0;

  constructor(readonly bytes: Uint8Array) {}

  unsigned(): number {
    let v = 0, shift = 0, byte: number;
    do {
      byte = this.bytes[this.#at++];
      v |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte & 0x80);
    return v >>> 0;
  }

  signed(): number {
    let v = 0, shift = 0, byte: number;
    do {
      byte = this.bytes[this.#at++];
      v |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte & 0x80);
    return shift < 32 && byte & 0x40 ? v | (-1 << shift) : v;
  }
}

export function encodeTraps({ trapOffsets, trapPcs, trapSites, sites }: TrapTable): Uint8Array<ArrayBuffer> {
  const out = new Writer();
  out.unsigned(trapOffsets.length);
  let offset = 0, pc = 0, site = 0;
  for (let i = 0; i < trapOffsets.length; i++) {
    out.unsigned(trapOffsets[i] - offset);
    out.signed(trapPcs[i] - pc);
    out.signed(trapSites[i] - site);
    offset = trapOffsets[i];
    pc = trapPcs[i];
    site = trapSites[i];
  }
  const { starts, stale, staleHigh } = sites;
  out.unsigned(starts.length);
  let start = 0, low = 0, high = 0;
  for (let i = 0; i < starts.length; i++) {
    out.signed(starts[i] - start);
    out.unsigned(stale[i] ^ low);
    out.unsigned(staleHigh[i] ^ high);
    start = starts[i];
    low = stale[i];
    high = staleHigh[i];
  }
  return out.take();
}

export function decodeTraps(bytes: Uint8Array): TrapTable {
  const from = new Reader(bytes);
  const count = from.unsigned();
  const trapOffsets = new Uint32Array(count), trapPcs = new Uint32Array(count), trapSites = new Uint32Array(count);
  let offset = 0, pc = 0, site = 0;
  for (let i = 0; i < count; i++) {
    trapOffsets[i] = offset += from.unsigned();
    trapPcs[i] = pc = (pc + from.signed()) >>> 0;
    trapSites[i] = site += from.signed();
  }
  const siteCount = from.unsigned();
  const starts = new Uint32Array(siteCount), stale = new Uint32Array(siteCount), staleHigh = new Uint32Array(siteCount);
  let start = 0, low = 0, high = 0;
  for (let i = 0; i < siteCount; i++) {
    starts[i] = start = (start + from.signed()) >>> 0;
    stale[i] = low ^= from.unsigned();
    staleHigh[i] = high ^= from.unsigned();
  }
  return { trapOffsets, trapPcs, trapSites, sites: { starts, stale, staleHigh } };
}

/** A table that is decoded when the guest first faults. */
export function lazyTraps(bytes: Uint8Array): TrapTable {
  let table: TrapTable | undefined;
  const decoded = () => table ??= decodeTraps(bytes);
  return {
    get trapOffsets() {
      return decoded().trapOffsets;
    },
    get trapPcs() {
      return decoded().trapPcs;
    },
    get trapSites() {
      return decoded().trapSites;
    },
    get sites() {
      return decoded().sites;
    },
  };
}
