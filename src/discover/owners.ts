/** Which region an instruction is in: a number for every byte of the executable ranges. */
import type { AddressRange } from "./elf_facts.ts";

export class CodeOwners {
  readonly #ranges: readonly AddressRange[];
  readonly #owners: Int32Array[];
  /** The range found last: lookups come in clusters. */
  #last = 0;

  /** `ranges` must not overlap. */
  constructor(ranges: readonly AddressRange[]) {
    this.#ranges = ranges;
    this.#owners = ranges.map((r) => new Int32Array(r.end - r.start).fill(-1));
  }

  /** The owner of the instruction that begins at pc, or -1. */
  get(pc: number): number {
    const i = this.#find(pc);
    return i < 0 ? -1 : this.#owners[i][pc - this.#ranges[i].start];
  }

  /** Gives an instruction to an owner unless it has one. */
  claim(pc: number, owner: number): void {
    const i = this.#find(pc);
    if (i < 0) return;
    const owners = this.#owners[i], at = pc - this.#ranges[i].start;
    if (owners[at] < 0) owners[at] = owner;
  }

  #find(pc: number): number {
    const ranges = this.#ranges, last = ranges[this.#last];
    if (last !== undefined && pc >= last.start && pc < last.end) return this.#last;
    for (let i = 0; i < ranges.length; i++) if (pc >= ranges[i].start && pc < ranges[i].end) return this.#last = i;
    return -1;
  }
}
