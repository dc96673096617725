import type { IrFunction } from "../ir/function.ts";
import { NO_PARENT, SITE_COLUMNS, type TrapTable } from "../machine/trap_table.ts";
import { WordArena } from "./arena.ts";
import type { WasmBytes } from "./bytes.ts";
import { RSP_SET, UNKNOWN_DISTANCE } from "./exact_registers.ts";
import { NOTE_WORDS, type TrapMap } from "./region_code.ts";
import { scratchWords } from "./scratch.ts";
import type { VarFlow } from "./var_flow.ts";

const SITE_WORDS = SITE_COLUMNS.length;

/** Notes, while a region's code is written, where which guest instruction may trap, and what is known of the registers there. */
export class TrapRecorder {
  /** As in TrapMap, with room for more. */
  #notes = new Int32Array(64 * NOTE_WORDS);
  #noted = 0;
  #sites = new Int32Array(32 * SITE_WORDS);
  #siteCount = 0;
  readonly #arena = new WordArena();
  #fn!: IrFunction;
  #flow!: VarFlow;
  #block = -1;
  /** Number of a block's site, or -1. */
  #siteOfBlock!: Int32Array;

  constructor(readonly out: WasmBytes) {}

  begin(fn: IrFunction, flow: VarFlow): void {
    this.#fn = fn;
    this.#flow = flow;
    this.#noted = this.#siteCount = 0;
    this.#siteOfBlock = scratchWords(fn.blocks.length, -1);
  }

  beginBlock(b: number): void {
    this.#block = b;
  }

  /** What follows in the code may trap on behalf of the instruction at this address. */
  note(pc: number): void {
    const site = this.#siteFor(this.#block, pc), at = this.#noted;
    let notes = this.#notes;
    if (at > 0 && notes[at - 2] === (pc | 0) && notes[at - 1] === site) return;
    if (at === notes.length) notes = this.#notes = doubled(notes);
    notes[at] = this.out.length;
    notes[at + 1] = pc;
    notes[at + 2] = site;
    this.#noted = at + NOTE_WORDS;
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
    const parentSite = isRoot ? NO_PARENT : this.#siteOf(parent);
    const number = this.#siteCount++;
    let at = number * SITE_WORDS;
    if (at === this.#sites.length) this.#sites = doubled(this.#sites);
    // In the order of SITE_COLUMNS.
    const sites = this.#sites;
    sites[at++] = start;
    sites[at++] = isRoot ? (unknown ? faults.stale.low[b] | RSP_SET : faults.stale.low[b] & ~RSP_SET) : 0;
    sites[at++] = isRoot ? faults.stale.high[b] : 0;
    sites[at++] = isRoot && !unknown ? distance : 0;
    sites[at++] = parentSite;
    sites[at++] = isRoot ? 0 : early.low[parent];
    sites[at] = isRoot ? 0 : early.high[parent];
    return number;
  }

  /** The notes of the region, its code having moved by so many bytes. */
  take(shift: number): TrapMap {
    for (let i = 0; i < this.#noted; i += NOTE_WORDS) this.#notes[i] += shift;
    return {
      notes: this.#arena.keep(this.#notes, this.#noted),
      sites: this.#arena.keep(this.#sites, this.#siteCount * SITE_WORDS),
    };
  }
}

function doubled(words: Int32Array): Int32Array<ArrayBuffer> {
  const more = new Int32Array(2 * words.length);
  more.set(words);
  return more;
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
      sites: new Int32Array(sites * SITE_WORDS),
    };
  }

  /** Notes of a function whose body stands at this offset of the module. */
  add({ notes, sites }: TrapMap, bodyStart: number): void {
    const table = this.#table, firstSite = this.#sites;
    for (let i = 0; i < notes.length; i += NOTE_WORDS) {
      const at = this.#traps++;
      table.trapOffsets[at] = bodyStart + notes[i];
      table.trapPcs[at] = notes[i + 1];
      table.trapSites[at] = firstSite + notes[i + 2];
    }
    const start = firstSite * SITE_WORDS;
    table.sites.set(sites, start);
    for (let at = start + PARENT; at < start + sites.length; at += SITE_WORDS) {
      if (table.sites[at] !== NO_PARENT) table.sites[at] += firstSite;
    }
    this.#sites += sites.length / SITE_WORDS;
  }

  /** The table, once all are added. */
  table(): TrapTable {
    return this.#table;
  }
}

const PARENT = SITE_COLUMNS.indexOf("parent");
