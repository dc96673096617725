import type { Framing, ResponseHead } from "./events.ts";
import { KnownBytes } from "./known_bytes.ts";

/** How many heads are kept, and up to which length. */
const HEADS_MAX = 8, BYTES_MAX = 2048;

/** A head that was read before. */
export interface KnownHead {
  /** With the empty line that ends it. */
  readonly bytes: Uint8Array;
  readonly head: ResponseHead;
  /** For requests other than HEAD. */
  readonly framing: Framing;
  /** The connection may be used again after the response. */
  readonly persists: boolean;
}

/**
 * The response heads that a guest sent last. Within a second a server often says the very same again, and to compare bytes
 * takes a fraction of what reading them does.
 */
export class HeadMemory {
  /** The one seen last comes first. */
  private readonly known: { readonly head: KnownHead; readonly bytes: KnownBytes }[] = [];

  /** The known head with which bytes[at, ...) begins. */
  find(bytes: Uint8Array, at: number): KnownHead | null {
    const { known } = this;
    for (let i = 0; i < known.length; i++) {
      const candidate = known[i];
      if (!candidate.bytes.begin(bytes, at)) continue;
      if (i > 0) {
        known.copyWithin(1, 0, i);
        known[0] = candidate;
      }
      return candidate.head;
    }
    return null;
  }

  /** The known head of bytes that are one whole response and nothing else. Not for responses to HEAD. */
  findWhole(bytes: Uint8Array): KnownHead | null {
    const known = this.find(bytes, 0);
    if (known === null) return null;
    const { framing } = known, bodyBytes = bytes.length - known.bytes.length;
    const isWhole = framing.kind === "length"
      ? bodyBytes === framing.length
      : framing.kind === "none" && bodyBytes === 0;
    return isWhole ? known : null;
  }

  /** Keeps a head, in place of the one not seen for longest. */
  add(head: KnownHead): void {
    if (head.bytes.length > BYTES_MAX) return;
    if (this.known.length === HEADS_MAX) this.known.pop();
    // A copy: the bytes may be part of a large body's buffer.
    const bytes = head.bytes.slice();
    this.known.unshift({ head: { ...head, bytes }, bytes: new KnownBytes(bytes) });
  }
}
