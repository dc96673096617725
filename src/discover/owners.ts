/** Which region an instruction is in: a number for every byte of the executable ranges. */
import type { CodeMap } from "./code_map.ts";

export class CodeOwners {
  readonly #map: CodeMap;
  readonly #owners: Int32Array;

  constructor(map: CodeMap) {
    this.#map = map;
    this.#owners = new Int32Array(map.bytes).fill(-1);
  }

  /** The owner of the instruction that begins at pc, or -1. */
  get(pc: number): number {
    const at = this.#map.offsetOf(pc);
    return at < 0 ? -1 : this.#owners[at];
  }

  /** Gives an instruction to an owner unless it has one. */
  claim(pc: number, owner: number): void {
    const at = this.#map.offsetOf(pc);
    if (at >= 0 && this.#owners[at] < 0) this.#owners[at] = owner;
  }
}
