import { badInput, bug } from "../errors.ts";
import type { GroupSource } from "./pack_format.ts";

/** The groups of a pack's frames: kept, as they are stored, from when they are first wanted. */
export class FrameGroups {
  readonly #kept: (Uint8Array | undefined)[];

  /** `lengths` are those that the groups must have, by the index of the pack. */
  constructor(
    private readonly source: readonly Uint8Array[] | GroupSource,
    private readonly lengths: readonly number[],
    private readonly name: string,
  ) {
    this.#kept = Array.from(lengths, () => undefined);
  }

  /** The stored frames of a group, which have been brought. */
  get(group: number): Uint8Array {
    let bytes = this.#kept[group];
    if (bytes === undefined) {
      if ("fetch" in this.source) throw bug(`group ${group} of the compressed files is not here`);
      bytes = this.#take(group, "read" in this.source ? this.source.read(group) : this.source[group]);
    }
    return bytes;
  }

  /**
   * Whether these groups can be read now. If not, those that are not here are fetched, and `done` is told once all are, or what
   * went wrong. Two who want the same at the same time both fetch it: a Worker's request must not wait for another's.
   */
  bring(first: number, last: number, done: (problem: string | null) => void): boolean {
    const { source } = this;
    if (!("fetch" in source)) return true;
    const fetched: Promise<void>[] = [];
    for (let group = first; group <= last; group++) {
      if (this.#kept[group] !== undefined) continue;
      fetched.push(source.fetch(group).then((bytes) => void this.#take(group, bytes)));
    }
    if (fetched.length === 0) return true;
    Promise.all(fetched).then(() => done(null), (error) => done(error instanceof Error ? error.message : `${error}`));
    return false;
  }

  #take(group: number, bytes: Uint8Array): Uint8Array {
    if (bytes.length !== this.lengths[group]) {
      const wanted = this.lengths[group];
      throw badInput(`group ${group} of the compressed files has ${bytes.length} bytes instead of ${wanted}`, {
        file: this.name,
      });
    }
    return this.#kept[group] = bytes;
  }
}
