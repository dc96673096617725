/** Numbers of 32 bits as LEB128 (DWARF 5, 7.6): tables that come with code modules are made of small ones. */

export class Leb128Writer {
  #bytes = new Uint8Array(1 << 12);
  #at = 0;

  unsigned(v: number): void {
    v >>>= 0;
    for (; v > 0x7f; v >>>= 7) this.byte((v & 0x7f) | 0x80);
    this.byte(v);
  }

  signed(v: number): void {
    v |= 0;
    for (; v < -64 || v > 63; v >>= 7) this.byte((v & 0x7f) | 0x80);
    this.byte(v & 0x7f);
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#at);
  }

  byte(b: number): void {
    if (this.#at === this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#at);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.#at++] = b;
  }
}

export class Leb128Reader {
  #at = 0;

  constructor(readonly bytes: Uint8Array) {}

  /** How many bytes have been read. */
  get at(): number {
    return this.#at;
  }

  unsigned(): number {
    return this.#read(false) >>> 0;
  }

  signed(): number {
    return this.#read(true);
  }

  byte(): number {
    return this.bytes[this.#at++];
  }

  #read(isSigned: boolean): number {
    let v = 0, shift = 0, byte: number;
    do {
      byte = this.bytes[this.#at++];
      v |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte & 0x80);
    return isSigned && shift < 32 && byte & 0x40 ? v | (-1 << shift) : v;
  }
}
