import type { MappedRange } from "./machine.ts";
import type { WasmBody } from "./wasm_body.ts";

/** Enough for a burst of forks of a small server. */
const POOL_BYTES = 256 << 20;

/** Cleaned bodies that wait for their next machine, by the key of the program whose code they have; bounded in bytes. */
export class BodyPool {
  readonly #idle = new Map<string, WasmBody[]>();
  #bytes = 0;

  constructor(readonly maxBytes: number = POOL_BYTES) {}

  /** Bytes of the memories that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A body with the program's code; its memory is zero and may be of any size. */
  take(key: string): WasmBody | undefined {
    const body = this.#idle.get(key)?.pop();
    if (body !== undefined) this.#bytes -= body.bytes;
    return body;
  }

  /** Cleans a body and keeps it, if there is room. */
  give(key: string, body: WasmBody, mapped: readonly MappedRange[]): void {
    if (this.#bytes + body.bytes > this.maxBytes) return;
    body.clean(mapped);
    this.#bytes += body.bytes;
    const idle = this.#idle.get(key);
    if (idle === undefined) this.#idle.set(key, [body]);
    else idle.push(body);
  }
}
