/** Bytes of a number as unsigned LEB128. */
export function u32Length(value: number): number {
  let n = 1;
  while ((value >>>= 7) !== 0) n++;
  return n;
}

/** Writes a number below 2^32 as unsigned LEB128 to bytes[at..]; gives where that ends. */
export function putU32(bytes: Uint8Array, at: number, value: number): number {
  for (value >>>= 0; value > 0x7f; value >>>= 7) bytes[at++] = (value & 0x7f) | 0x80;
  bytes[at++] = value;
  return at;
}

/** A growing byte buffer with wasm's encodings (WebAssembly core specification, 5.2). */
export class WasmBytes {
  bytes: Uint8Array;
  length = 0;

  /** `expected`: how many bytes to make room for. */
  constructor(expected: number = 1 << 9) {
    this.bytes = new Uint8Array(expected);
  }

  reset(): void {
    this.length = 0;
  }

  #reserve(n: number): void {
    if (this.length + n <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + n, 16));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  byte(b: number): void {
    if (this.length === this.bytes.length) this.#reserve(1);
    this.bytes[this.length++] = b;
  }

  raw(b: Uint8Array): void {
    this.#reserve(b.length);
    this.bytes.set(b, this.length);
    this.length += b.length;
  }

  /** Unsigned LEB128 of a number below 2^32. */
  u32(v: number): void {
    if (this.length + 5 > this.bytes.length) this.#reserve(5);
    this.length = putU32(this.bytes, this.length, v);
  }

  /** Signed LEB128 of an i32. */
  s32(v: number): void {
    if (this.length + 5 > this.bytes.length) this.#reserve(5);
    v |= 0;
    while (v < -64 || v > 63) {
      this.bytes[this.length++] = (v & 0x7f) | 0x80;
      v >>= 7;
    }
    this.bytes[this.length++] = v & 0x7f;
  }

  /** Signed LEB128 of an i64 given as halves. */
  s64(low: number, high: number): void {
    if (high === (low >> 31)) return this.s32(low);
    if (this.length + 10 > this.bytes.length) this.#reserve(10);
    low |= 0;
    high |= 0;
    for (;;) {
      const byte = low & 0x7f;
      low = (low >>> 7) | (high << 25);
      high >>= 7;
      const done = (high === 0 && low === 0 && !(byte & 0x40)) || (high === -1 && low === -1 && byte & 0x40);
      this.bytes[this.length++] = done ? byte : byte | 0x80;
      if (done) return;
    }
  }

  name(text: string): void {
    const b = new TextEncoder().encode(text);
    this.u32(b.length);
    this.raw(b);
  }

  /** A section: id, size, content. */
  section(id: number, content: WasmBytes): void {
    this.byte(id);
    this.u32(content.length);
    this.raw(content.view());
  }

  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length) as Uint8Array<ArrayBuffer>;
  }
}
