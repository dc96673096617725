import type { FileCode, FindFileCode, FoundCode, LaterCode } from "./code_cache.ts";
import type { MappedRange } from "./machine.ts";

/** An executable mapping of a file of the image. */
interface MappedFile extends MappedRange {
  readonly file: number;
  /** Made ahead of time. */
  readonly codes: readonly FileCode[];
  /** Waited for when an address of the file has no code. */
  readonly later: LaterCode | undefined;
}

/** The files of the image whose code an address space has mapped, each in one place, with what there is of their code. */
export class MappedFiles {
  readonly #files = new Map<number, MappedFile>();

  /** Those of a process that is copied, with what has come meanwhile. */
  copyFrom(other: MappedFiles): void {
    for (const { file, start, end, codes, later } of other) this.#put(file, start, end, codes, later);
  }

  /** A file is mapped at [start, end), in place of what was there; gives what is there of its code. */
  map(file: number, start: number, end: number, find: FindFileCode): readonly FileCode[] {
    this.unmap(start, end);
    const { code, later }: FoundCode = find(file, start, end) ?? {};
    return this.#put(file, start, end, code === undefined ? [] : [code], later);
  }

  #put(
    file: number,
    start: number,
    end: number,
    there: readonly FileCode[],
    later: LaterCode | undefined,
  ): readonly FileCode[] {
    const come = later?.code, codes = come === undefined ? there : [...there, come];
    this.#files.set(file, { file, start, end, codes, later: come === undefined ? later : undefined });
    return codes;
  }

  /** What overlaps [start, end) is no longer mapped, or no longer what it was. */
  unmap(start: number, end: number): void {
    for (const [file, mapping] of this.#files) {
      if (mapping.start < end && start < mapping.end) this.#files.delete(file);
    }
  }

  /** Modules of these files that are there. */
  codes(): FileCode[] {
    return [...this.#files.values()].flatMap(({ codes }) => codes);
  }

  [Symbol.iterator](): IterableIterator<MappedFile> {
    return this.#files.values();
  }

  /** The mapping around an address. */
  at(pc: number): MappedFile | undefined {
    for (const mapping of this.#files.values()) if (pc >= mapping.start && pc < mapping.end) return mapping;
    return undefined;
  }

  /** Waits for the code of the file around an address; undefined if it is not worth that, or was there. */
  arrivalAt(pc: number): FileCode | undefined {
    const mapping = this.at(pc), later = mapping?.later;
    if (mapping === undefined || later === undefined || !later.isWorthWaiting()) return undefined;
    const { file, codes } = mapping, code = later.wait();
    this.#files.set(file, { ...mapping, codes: code === undefined ? codes : [...codes, code], later: undefined });
    return code;
  }
}
