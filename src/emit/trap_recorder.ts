import type { IrFunction } from "../ir/function.ts";
import { NO_PARENT, SITE_COLUMNS, type TrapSite, type TrapTable } from "../machine/trap_table.ts";
import type { WasmBytes } from "./bytes.ts";
import { RSP_SET, UNKNOWN_DISTANCE } from "./exact_registers.ts";
import type { TrapMap } from "./region_code.ts";
import { scratchWords } from "./scratch.ts";
import type { VarFlow } from "./var_flow.ts";

/** Notes, while a region's code is written, where which guest instruction may trap, and what is known of the registers there. */
export class TrapRecorder {
  #map: TrapMap = emptyMap();
  #fn!: IrFunction;
  #flow!: VarFlow;
  #block = -1;
  /** Number of a block's site, or -1. */
  #siteOfBlock!: Int32Array;

  constructor(readonly out: WasmBytes) {}

  begin(fn: IrFunction, flow: VarFlow): void {
    this.#fn = fn;
    this.#flow = flow;
    this.#map = emptyMap();
    this.#siteOfBlock = scratchWords(fn.blocks.length, -1);
  }

  beginBlock(b: number): void {
    this.#block = b;
  }

  /** What follows in the code may trap on behalf of the instruction at this address. */
  note(pc: number): void {
    const { offsets, pcs, siteOf } = this.#map;
    const site = this.#siteFor(this.#block, pc), n = pcs.length;
    if (n > 0 && pcs[n - 1] === pc && siteOf[n - 1] === site) return;
    offsets.push(this.out.length);
    pcs.push(pc);
    siteOf.push(site);
  }

  #siteFor(b: number, pc: number): number {
    const { blocks } = this.#fn;
    if (pc >>> 0 >= blocks[b].resumePc >>> 0) return this.#siteOf(b);
    // In the middle of an instruction: its state is that of the end of the block before, if only that leads here.
    const before = this.#flow.faults.parent[b];
    const isAfter = before >= 0 && blocks[before].resumePc >>> 0 <= pc >>> 0;
    return this.#add(b, pc, isAfter ? before : -1);
  }

  #siteOf(b: number): number {
    if (this.#siteOfBlock[b] < 0) {
      this.#siteOfBlock[b] = this.#add(b, this.#fn.blocks[b].resumePc, this.#flow.faults.parent[b]);
    }
    return this.#siteOfBlock[b];
  }

  #add(b: number, start: number, parent: number): number {
    const { early, faults } = this.#flow;
    const distance = faults.rspDistance[b];
    const isRoot = parent < 0, unknown = distance === UNKNOWN_DISTANCE;
    const site: TrapSite = {
      start,
      stale: isRoot ? (unknown ? faults.stale.low[b] | RSP_SET : faults.stale.low[b] & ~RSP_SET) >>> 0 : 0,
      staleHigh: isRoot ? faults.stale.high[b] >>> 0 : 0,
      rspDistance: isRoot && !unknown ? distance : 0,
      parent: isRoot ? NO_PARENT : this.#siteOf(parent),
      stored: isRoot ? 0 : early.low[parent] >>> 0,
      storedHigh: isRoot ? 0 : early.high[parent] >>> 0,
    };
    return this.#map.sites.push(site) - 1;
  }

  /** The notes of the region, its code having moved by so many bytes. */
  take(shift: number): TrapMap {
    const map = this.#map;
    for (let i = 0; i < map.offsets.length; i++) map.offsets[i] += shift;
    this.#map = emptyMap();
    return map;
  }
}

function emptyMap(): TrapMap {
  return { offsets: [], pcs: [], siteOf: [], sites: [] };
}

/** Joins the notes of regions to the table of their module: so many traps and sites. */
export class TrapTableBuilder {
  readonly #table: TrapTable;
  #traps = 0;
  #sites = 0;

  constructor(traps: number, sites: number) {
    const words = () => new Uint32Array(traps);
    this.#table = {
      trapOffsets: words(),
      trapPcs: words(),
      trapSites: words(),
      sites: new Int32Array(sites * SITE_COLUMNS.length),
    };
  }

  /** Notes of a function whose body stands at this offset of the module. */
  add({ offsets, pcs, siteOf, sites }: TrapMap, bodyStart: number): void {
    const table = this.#table, firstSite = this.#sites, width = SITE_COLUMNS.length;
    for (let i = 0; i < pcs.length; i++) {
      const at = this.#traps++;
      table.trapOffsets[at] = bodyStart + offsets[i];
      table.trapPcs[at] = pcs[i];
      table.trapSites[at] = firstSite + siteOf[i];
    }
    for (const site of sites) {
      const at = this.#sites++ * width;
      for (let k = 0; k < width; k++) table.sites[at + k] = site[SITE_COLUMNS[k]];
      if (site.parent !== NO_PARENT) table.sites[at + PARENT] = site.parent + firstSite;
    }
  }

  /** The table, once all are added. */
  table(): TrapTable {
    return this.#table;
  }
}

const PARENT = SITE_COLUMNS.indexOf("parent");
