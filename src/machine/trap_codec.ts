/**
 * Trap tables as bytes: they come with every code module and are needed only when the guest faults. Column by column, which
 * compresses best; everything is the difference from its predecessor, as signed LEB128 (masks: what is different). A site begins
 * shortly before the first trap in it.
 */
import { Leb128Reader, Leb128Writer } from "./leb128.ts";
import { NO_PARENT, SITE_COLUMNS, type TrapTable } from "./trap_table.ts";

const WIDTH = SITE_COLUMNS.length, START = SITE_COLUMNS.indexOf("start");

/** Columns that are masks, and the parent, which mostly is the site before. */
const IS_MASK = SITE_COLUMNS.map((c) => c.startsWith("stale") || c.startsWith("stored"));
const PARENT = SITE_COLUMNS.indexOf("parent");

/** Those besides the start. A site has a bit for each that differs from the site before. */
const OTHERS = [...SITE_COLUMNS.keys()].filter((k) => k !== START);

export function encodeTraps({ trapOffsets, trapPcs, trapSites, sites }: TrapTable): Uint8Array<ArrayBuffer> {
  const out = new Leb128Writer(), traps = trapOffsets.length, count = sites.length / WIDTH;
  out.unsigned(traps);
  for (let i = 0; i < traps; i++) out.unsigned(trapOffsets[i] - (i === 0 ? 0 : trapOffsets[i - 1]));
  for (let i = 0; i < traps; i++) out.signed(trapPcs[i] - (i === 0 ? 0 : trapPcs[i - 1]));
  for (let i = 0; i < traps; i++) out.signed(trapSites[i] - (i === 0 ? 0 : trapSites[i - 1]));
  out.unsigned(count);
  const firstPcs = firstPcOfSites(trapPcs, trapSites, count);
  for (let n = 0, start = 0; n < count; n++) {
    const expected = firstPcs[n] || start;
    start = sites[n * WIDTH + START] >>> 0;
    out.signed(expected - start);
  }
  const values = new Int32Array(sites.length), differs = new Uint8Array(count);
  for (let n = 0; n < count; n++) {
    copyColumns(sites, n * WIDTH, values, n * WIDTH, n);
    OTHERS.forEach((k, bit) => {
      const at = n * WIDTH + k;
      if (values[at] !== (n === 0 ? 0 : values[at - WIDTH])) differs[n] |= 1 << bit;
    });
    out.byte(differs[n]);
  }
  OTHERS.forEach((k, bit) => {
    for (let n = 0; n < count; n++) {
      if (!(differs[n] & (1 << bit))) continue;
      const value = values[n * WIDTH + k], before = n === 0 ? 0 : values[(n - 1) * WIDTH + k];
      if (IS_MASK[k]) out.unsigned(value ^ before);
      else out.signed(value - before);
    }
  });
  return out.take();
}

/** Guest address of the first trap of each site; 0 for those without. */
function firstPcOfSites(pcs: Uint32Array, sitesOfTraps: Uint32Array, count: number): Uint32Array {
  const first = new Uint32Array(count);
  for (let i = pcs.length - 1; i >= 0; i--) first[sitesOfTraps[i]] = pcs[i];
  return first;
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
  const from = new Leb128Reader(bytes), traps = from.unsigned();
  const trapOffsets = new Uint32Array(traps), trapPcs = new Uint32Array(traps), trapSites = new Uint32Array(traps);
  for (let i = 0, offset = 0; i < traps; i++) trapOffsets[i] = offset += from.unsigned();
  for (let i = 0, pc = 0; i < traps; i++) trapPcs[i] = pc = (pc + from.signed()) >>> 0;
  for (let i = 0, site = 0; i < traps; i++) trapSites[i] = site += from.signed();
  const count = from.unsigned(), sites = new Int32Array(count * WIDTH), differs = new Uint8Array(count);
  const firstPcs = firstPcOfSites(trapPcs, trapSites, count);
  for (let n = 0, start = 0; n < count; n++) {
    start = ((firstPcs[n] || start) - from.signed()) >>> 0;
    sites[n * WIDTH + START] = start;
  }
  for (let n = 0; n < count; n++) differs[n] = from.byte();
  OTHERS.forEach((k, bit) => {
    for (let n = 0, value = 0; n < count; n++) {
      if (differs[n] & (1 << bit)) value = IS_MASK[k] ? value ^ from.unsigned() : (value + from.signed()) | 0;
      sites[n * WIDTH + k] = value;
    }
  });
  for (let n = 0; n < count; n++) copyColumns(sites, n * WIDTH, sites, n * WIDTH, n);
  return { trapOffsets, trapPcs, trapSites, sites };
}

/** Copies the numbers of site n, with the parent counted back from the site, or the other way round: NO_PARENT stays. */
function copyColumns(from: Int32Array, at: number, to: Int32Array, toAt: number, n: number): void {
  for (let k = 0; k < WIDTH; k++) to[toAt + k] = from[at + k];
  const parent = toAt + PARENT;
  if (to[parent] !== NO_PARENT) to[parent] = n - to[parent];
}

/** A table that is asked for when the guest first faults. */
export function lazyTraps(decode: () => TrapTable): TrapTable {
  let table: TrapTable | undefined;
  const decoded = () => table ??= decode();
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
