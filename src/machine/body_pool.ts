import type { MappedRange } from "./machine.ts";
import { type MemoryImage, type MemoryOrigin, without } from "./memory_image.ts";
import type { WasmBody } from "./wasm_body.ts";

/** Enough for a burst of forks of a small server. */
const POOL_BYTES = 256 << 20;

/** A body that waits. */
interface Idle {
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
 * the program could not write need not be brought at all.
 */
export class BodyPool {
  readonly #idle = new Map<string, Idle[]>();
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
    const idle = this.#idle.get(key);
    if (idle === undefined || idle.length === 0) return undefined;
    // One that another image's memory is in serves a new process as well as any, but it is the only one for that image.
    let i = idle.findLastIndex((it) => it.image === image);
    if (i < 0) i = idle.length - 1;
    const [{ body, mapped, image: present, unusedStacks }] = idle.splice(i, 1);
    this.#bytes -= body.bytes;
    const hasFixed = image !== null && present === image;
    if (hasFixed) {
      body.zero(without(mapped, unusedStacks), image.filled);
      for (const stack of unusedStacks) body.zeroStack(stack);
    } else if (present !== null) body.zero(mapped);
    return { body, hasFixed };
  }

  /** Takes a body back, if there is room. `mapped`: what may not be zero; `origin`: what its memory was restored from. */
  give(key: string, body: WasmBody, mapped: readonly MappedRange[], origin: MemoryOrigin | null = null): void {
    if (this.#bytes + body.bytes > this.#maxBytes) return;
    const isLeft = origin !== null && origin.isFixedKept && body.mode === 0;
    if (!isLeft) body.zero(mapped);
    body.release();
    this.#bytes += body.bytes;
    const left: Idle = isLeft
      ? {
        body,
        mapped: mapped.map(({ start, end }) => ({ start, end })),
        image: origin.image,
        unusedStacks: origin.unusedStacks,
      }
      : { body, mapped: [], image: null, unusedStacks: [] };
    const idle = this.#idle.get(key);
    if (idle === undefined) this.#idle.set(key, [left]);
    else idle.push(left);
  }
}
