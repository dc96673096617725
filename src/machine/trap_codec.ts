/**
 * Trap tables as bytes: they come with every code module and are needed only when the guest faults. Everything is the difference
 * from its predecessor, as signed LEB128 (masks: what is different), about three bytes a trap, and about as many and a byte of
 * columns a site.
 */
import { Leb128Reader, Leb128Writer } from "./leb128.ts";
import { NO_PARENT, SITE_COLUMNS, type TrapTable } from "./trap_table.ts";

/** Columns that are masks, and the parent, which mostly is the site before. */
const IS_MASK = SITE_COLUMNS.map((c) => c.startsWith("stale") || c.startsWith("stored"));
const PARENT = SITE_COLUMNS.indexOf("parent");

export function encodeTraps({ trapOffsets, trapPcs, trapSites, sites }: TrapTable): Uint8Array<ArrayBuffer> {
  const out = new Leb128Writer();
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
  const last = new Int32Array(width), values = new Int32Array(width);
  for (let at = 0; at < sites.length; at += width) {
    // Which columns differ from the site before, then these.
    let differs = 0;
    copyColumns(sites, at, values, 0, at / width);
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

/** An encoded table for code that lies so many bytes further back in its module. */
export function moveTraps(bytes: Uint8Array<ArrayBuffer>, distance: number): Uint8Array<ArrayBuffer> {
  const from = new Leb128Reader(bytes), count = from.unsigned();
  if (distance === 0 || count === 0) return bytes;
  // Offsets are differences, so that only the first is another.
  const first = from.unsigned(), out = new Leb128Writer();
  out.unsigned(count);
  out.unsigned(first + distance);
  const head = out.take(), rest = bytes.subarray(from.at);
  const moved = new Uint8Array(head.length + rest.length);
  moved.set(head);
  moved.set(rest, head.length);
  return moved;
}

export function decodeTraps(bytes: Uint8Array): TrapTable {
  const from = new Leb128Reader(bytes);
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
    copyColumns(last, 0, sites, at, at / width);
  }
  return { trapOffsets, trapPcs, trapSites, sites };
}

/** Copies the numbers of site n, with the parent counted back from the site, or the other way round: NO_PARENT stays. */
function copyColumns(from: Int32Array, at: number, to: Int32Array, toAt: number, n: number): void {
  for (let k = 0; k < SITE_COLUMNS.length; k++) to[toAt + k] = from[at + k];
  const parent = toAt + PARENT;
  if (to[parent] !== NO_PARENT) to[parent] = n - to[parent];
}

/** A table that is decoded when the guest first faults; its bytes are asked for then. */
export function lazyTraps(bytes: () => Uint8Array): TrapTable {
  let table: TrapTable | undefined;
  const decoded = () => table ??= decodeTraps(bytes());
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
