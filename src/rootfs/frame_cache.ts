import { badInput, TranslatorError } from "../errors.ts";
import { hashWords } from "../deflate/hash_words.ts";
import { inflateInto } from "../deflate/inflate.ts";
import { FrameGroups } from "./frame_groups.ts";
import { frameBytes, groupFrames, type GroupSource, type PackLayout } from "./pack_format.ts";

/** The frames of a checked pack: expanded when they are first read, and kept, those read last, in bounded memory. */
export class FrameCache {
  /** Where a frame begins in its group, how long it is there, and how long what it holds. */
  readonly #starts: Uint32Array;
  readonly #stored: Uint32Array;
  readonly #lengths: Uint32Array;
  readonly #hashes: Uint32Array;
  readonly #groups: FrameGroups;
  /** Expanded frames, the one read last at the end. */
  readonly #kept = new Map<number, Uint8Array>();
  #keptBytes = 0;
  readonly #limit: number;
  /** The frame that was read last, which mostly is read again. */
  #last = -1;
  #lastBytes: Uint8Array | undefined;

  /** At most `limit` bytes are kept, and never more than compression saves; but always one frame. */
  constructor(
    index: Uint8Array,
    groups: readonly Uint8Array[] | GroupSource,
    layout: PackLayout,
    private readonly name: string,
    limit: number,
  ) {
    const { frameCount, framesAt } = layout;
    const view = new DataView(index.buffer, index.byteOffset, index.byteLength);
    this.#starts = new Uint32Array(frameCount);
    this.#stored = new Uint32Array(frameCount);
    this.#lengths = new Uint32Array(frameCount);
    this.#hashes = new Uint32Array(frameCount);
    let start = 0, saved = 0;
    const lengths: number[] = [];
    for (let i = 0; i < frameCount; i++) {
      if (i % groupFrames === 0) start = 0;
      this.#starts[i] = start;
      start += this.#stored[i] = view.getUint32(framesAt + i * frameBytes, true);
      this.#lengths[i] = view.getUint32(framesAt + i * frameBytes + 4, true);
      this.#hashes[i] = view.getUint32(framesAt + i * frameBytes + 8, true);
      saved += this.#lengths[i] - this.#stored[i];
      lengths[Math.floor(i / groupFrames)] = start;
    }
    this.#groups = new FrameGroups(groups, lengths, name);
    this.#limit = Math.min(limit, saved);
  }

  /** Bytes of expanded frames that are kept now. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  lengthOf(i: number): number {
    return this.#lengths[i];
  }

  /** Whether frames can be read now; else see Tree.bring. */
  bring(first: number, last: number, done: (problem: string | null) => void): boolean {
    return this.#groups.bring(Math.floor(first / groupFrames), Math.floor(last / groupFrames), done);
  }

  /** What a frame holds; not to be written to. */
  get(i: number): Uint8Array {
    if (i === this.#last) return this.#lastBytes!;
    if (this.#stored[i] === this.#lengths[i]) return this.#storedBytes(i);
    let bytes = this.#kept.get(i);
    if (bytes === undefined) {
      bytes = this.#expand(i);
      this.#keptBytes += bytes.length;
    } else this.#kept.delete(i);
    this.#kept.set(i, bytes);
    this.#last = i;
    this.#lastBytes = bytes;
    for (const [oldest, { length }] of this.#kept) {
      if (this.#keptBytes <= this.#limit || oldest === i) break;
      this.#kept.delete(oldest);
      this.#keptBytes -= length;
    }
    return bytes;
  }

  #storedBytes(i: number): Uint8Array {
    const start = this.#starts[i];
    return this.#groups.get(Math.floor(i / groupFrames)).subarray(start, start + this.#stored[i]);
  }

  #expand(i: number): Uint8Array {
    const bytes = new Uint8Array(this.#lengths[i]);
    try {
      inflateInto(this.#storedBytes(i), bytes);
    } catch (e) {
      if (!(e instanceof TranslatorError)) throw e;
      throw badInput(`frame ${i} of the contents: ${e.message}`, { file: this.name }, { cause: e });
    }
    if (hashWords(bytes) !== this.#hashes[i]) {
      throw badInput(`frame ${i} of the contents: damaged, its hash is another`, { file: this.name });
    }
    return bytes;
  }
}
