import type { MappedRange } from "./machine.ts";
import { type MemoryImage, type MemoryOrigin, without } from "./memory_image.ts";
import type { WasmBody } from "./wasm_body.ts";

/** Enough for a burst of forks of a small server. */
const POOL_BYTES = 256 << 20;

/** A body that waits. */
interface Idle {
  readonly key: string;
  readonly body: WasmBody;
  /** Where it may not be zero, if it is as its last owner left it. */
  readonly mapped: readonly MappedRange[];
  /** What it was restored from and still has the fixed pages of; else null. */
  readonly image: MemoryImage | null;
  /** Unused parts of stacks that the image has, too. */
  readonly unusedStacks: readonly MappedRange[];
}

/** A body from the pool. */
export interface TakenBody {
  readonly body: WasmBody;
  /** The fixed pages of the image that was asked for are there, and the others that it fills hold anything; else all is zero. */
  readonly hasFixed: boolean;
}

/**
 * Bodies that wait for their next machine, by the key of the program whose code they have; bounded in bytes. Those of restored
 * memories are left as they are until then: what they are restored from the next time brings most of it again anyway, and what
 * the program could not write need not be brought at all. Those that have waited longest make room for others.
 */
export class BodyPool {
  /** In the order in which they were given. */
  readonly #idle: Idle[] = [];
  #bytes = 0;
  #maxBytes: number;

  constructor(maxBytes: number = POOL_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of the memories that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** So much was in use at a time: to keep that much takes no more memory than there was. */
  makeRoom(bytes: number): void {
    this.#maxBytes = Math.max(this.#maxBytes, bytes);
  }

  /** A body with the program's code; its memory may be of any size. */
  take(key: string, image: MemoryImage | null = null): TakenBody | undefined {
    // One that another image's memory is in serves a new process as well as any, but it is the only one for that image.
    let i = this.#idle.findLastIndex((it) => it.key === key && it.image === image);
    if (i < 0) i = this.#idle.findLastIndex((it) => it.key === key);
    if (i < 0) return undefined;
    const [{ body, mapped, image: present, unusedStacks }] = this.#idle.splice(i, 1);
    this.#bytes -= body.bytes;
    const hasFixed = image !== null && present === image;
    if (hasFixed) {
      body.zero(without(mapped, unusedStacks), image.filled);
      for (const stack of unusedStacks) body.zeroStack(stack);
    } else if (present !== null) body.zero(mapped);
    return { body, hasFixed };
  }

  /** Takes a body back, if there can be room. `mapped`: what may not be zero; `origin`: what its memory was restored from. */
  give(key: string, body: WasmBody, mapped: readonly MappedRange[], origin: MemoryOrigin | null = null): void {
    if (body.bytes > this.#maxBytes) return;
    while (this.#bytes + body.bytes > this.#maxBytes) this.#bytes -= this.#idle.shift()!.body.bytes;
    const isLeft = origin !== null && origin.isFixedKept && body.mode === 0;
    if (!isLeft) body.zero(mapped);
    body.release();
    this.#bytes += body.bytes;
    const left: Idle = isLeft
      ? {
        key,
        body,
        mapped: mapped.map(({ start, end }) => ({ start, end })),
        image: origin.image,
        unusedStacks: origin.unusedStacks,
      }
      : { key, body, mapped: [], image: null, unusedStacks: [] };
    this.#idle.push(left);
  }
}
