import type { IrBlock } from "../ir/function.ts";
import type { TrapTable } from "../machine/trap_table.ts";
import type { WasmBytes } from "./bytes.ts";
import type { TrapMap } from "./region_code.ts";
import type { VarFlow } from "./var_flow.ts";

/** Notes, while a region's code is written, where which guest instruction may trap, and what is known of the registers there. */
export class TrapRecorder {
  #map: TrapMap = emptyMap();
  #block!: IrBlock;
  #stale = 0;
  #staleHigh = 0;

  constructor(readonly out: WasmBytes) {}

  begin(): void {
    this.#map = emptyMap();
  }

  beginBlock(block: IrBlock, b: number, { stale }: VarFlow): void {
    this.#block = block;
    this.#stale = stale.low[b] >>> 0;
    this.#staleHigh = stale.high[b] >>> 0;
  }

  /** What follows in the code may trap on behalf of the instruction at this address. */
  note(pc: number): void {
    const { offsets, pcs, sites, siteOf } = this.#map;
    const { resumePc } = this.#block;
    // Inside an instruction that has several blocks: the state block holds the registers as it has them by now.
    const start = pc >>> 0 < resumePc >>> 0 ? pc : resumePc;
    let site = sites.at(-1);
    if (
      site === undefined || site.start !== start || site.stale !== this.#stale || site.staleHigh !== this.#staleHigh
    ) {
      site = { start, stale: this.#stale, staleHigh: this.#staleHigh };
      sites.push(site);
    }
    const n = pcs.length;
    if (n > 0 && pcs[n - 1] === pc && siteOf[n - 1] === sites.length - 1) return;
    offsets.push(this.out.length);
    pcs.push(pc);
    siteOf.push(sites.length - 1);
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

/** Joins the notes of regions to the table of their module. */
export class TrapTableBuilder {
  readonly #columns = { offsets: [] as number[], pcs: [] as number[], sites: [] as number[] };
  readonly #sites = { starts: [] as number[], stale: [] as number[], staleHigh: [] as number[] };

  /** Notes of a function whose body stands at this offset of the module. */
  add({ offsets, pcs, siteOf, sites }: TrapMap, bodyStart: number): void {
    const firstSite = this.#sites.starts.length;
    for (const o of offsets) this.#columns.offsets.push(bodyStart + o);
    for (const pc of pcs) this.#columns.pcs.push(pc);
    for (const site of siteOf) this.#columns.sites.push(firstSite + site);
    for (const site of sites) {
      this.#sites.starts.push(site.start);
      this.#sites.stale.push(site.stale);
      this.#sites.staleHigh.push(site.staleHigh);
    }
  }

  table(): TrapTable {
    const { offsets, pcs, sites } = this.#columns;
    const { starts, stale, staleHigh } = this.#sites;
    return {
      trapOffsets: Uint32Array.from(offsets),
      trapPcs: Uint32Array.from(pcs),
      trapSites: Uint32Array.from(sites),
      sites: {
        starts: Uint32Array.from(starts),
        stale: Uint32Array.from(stale),
        staleHigh: Uint32Array.from(staleHigh),
      },
    };
  }
}
