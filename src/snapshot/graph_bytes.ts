import { badInput } from "../errors.ts";

/** A growing byte buffer with the few encodings a graph needs. */
export class GraphWriter {
  private bytes = new Uint8Array(1024);
  private view = new DataView(this.bytes.buffer);
  length = 0;

  private reserve(n: number): void {
    if (this.length + n <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + n));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** Unsigned LEB128 of a whole number up to 2^53. */
  uint(value: number): void {
    while (value >= 128) {
      this.u8((value % 128) | 128);
      value = Math.floor(value / 128);
    }
    this.u8(value);
  }

  f64(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** UTF-8, or UTF-16 for strings with lone surrogates (file names that are not UTF-8). */
  text(text: string): void {
    if (text.isWellFormed()) {
      const bytes = new TextEncoder().encode(text);
      this.uint(bytes.length * 2);
      this.raw(bytes);
      return;
    }
    this.uint(text.length * 2 + 1);
    for (let i = 0; i < text.length; i++) this.uint(text.charCodeAt(i));
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
  }
}

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Reads what GraphWriter wrote. */
export class GraphReader {
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array, public at = 0) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  private need(n: number): void {
    if (this.at + n > this.bytes.length) throw badInput("snapshot is truncated", { offset: this.at });
  }

  u8(): number {
    this.need(1);
    return this.bytes[this.at++];
  }

  uint(): number {
    let value = 0, scale = 1;
    for (;;) {
      const byte = this.u8();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  }

  f64(): number {
    this.need(8);
    const value = this.view.getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  /** The next bytes: no copy. */
  raw(n: number): Uint8Array {
    this.need(n);
    this.at += n;
    return this.bytes.subarray(this.at - n, this.at);
  }

  text(): string {
    const head = this.uint(), length = Math.floor(head / 2);
    if (head % 2 === 0) return UTF8.decode(this.raw(length));
    let text = "";
    for (let i = 0; i < length; i++) text += String.fromCharCode(this.uint());
    return text;
  }
}
