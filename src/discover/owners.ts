/** Which region an instruction is in: a number for every byte of the executable ranges. */
import type { Instruction } from "../x86/instruction.ts";
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

  /** Gives the instructions of a block to an owner, those that have none. */
  claim(instructions: readonly Instruction[], owner: number): void {
    const owners = this.#owners;
    for (let i = 0; i < instructions.length; i++) {
      const at = this.#map.offsetOf(instructions[i].pc);
      if (at >= 0 && owners[at] < 0) owners[at] = owner;
    }
  }
}
