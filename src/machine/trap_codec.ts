/**
 * Trap tables as bytes: they come with every code module and are needed only when the guest faults. Everything is the difference
 * from its predecessor, as signed LEB128 (masks: what is different), about three bytes a trap, and about as many and a byte of
 * columns a site.
 */
import { NO_PARENT, SITE_COLUMNS, type TrapTable } from "./trap_table.ts";

/** Columns that are masks, and the parent, which mostly is the site before. */
const IS_MASK = SITE_COLUMNS.map((c) => c.startsWith("stale") || c.startsWith("stored"));
const PARENT = SITE_COLUMNS.indexOf("parent");

class Writer {
  #bytes = new Uint8Array(1 << 12);
  #at = 0;

  unsigned(v: number): void {
    v >>>= 0;
    for (; v > 0x7f; v >>>= 7) this.byte((v & 0x7f) | 0x80);
    this.byte(v);
  }

  signed(v: number): void {
    v |= 0;
    for (; v < -64 || v > 63; v >>= 7) this.byte((v & 0x7f) | 0x80);
    this.byte(v & 0x7f);
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#at);
  }

  byte(b: number): void {
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

  byte(): number {
    return this.bytes[this.#at++];
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
  const width = SITE_COLUMNS.length;
  out.unsigned(sites.length / width);
  const last = new Int32Array(width);
  for (let at = 0; at < sites.length; at += width) {
    // Which columns differ from the site before, then these.
    let differs = 0;
    const values = columnsOf(sites, at, at / width);
    for (let k = 0; k < width; k++) if (values[k] !== last[k]) differs |= 1 << k;
    out.byte(differs);
    for (let k = 0; k < width; k++) {
      if (!(differs & (1 << k))) continue;
      if (IS_MASK[k]) out.unsigned(values[k] ^ last[k]);
      else out.signed(values[k] - last[k]);
      last[k] = values[k];
    }
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
  const width = SITE_COLUMNS.length, last = new Int32Array(width);
  const sites = new Int32Array(from.unsigned() * width);
  for (let at = 0; at < sites.length; at += width) {
    const differs = from.byte();
    for (let k = 0; k < width; k++) {
      if (differs & (1 << k)) last[k] = IS_MASK[k] ? last[k] ^ from.unsigned() : last[k] + from.signed();
    }
    sites.set(columnsOf(last, 0, at / width), at);
  }
  return { trapOffsets, trapPcs, trapSites, sites };
}

/** A site's numbers with the parent counted back from the site, or the other way round: NO_PARENT stays. */
function columnsOf(sites: Int32Array, at: number, n: number): Int32Array {
  const values = sites.slice(at, at + SITE_COLUMNS.length);
  if (values[PARENT] !== NO_PARENT) values[PARENT] = n - values[PARENT];
  return values;
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
