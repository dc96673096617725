/** Values by value, for one block after the other: cleared at no cost, and used by all lifters in turn. */
export class ValueMap {
  #values = new Int32Array(SMALLEST);
  /** Of those that are there: the map's stamp. */
  #stamps = new Int32Array(SMALLEST);
  #stamp = 1;

  clear(): void {
    if (++this.#stamp < 0x7fffffff) return;
    this.#stamps.fill(0);
    this.#stamp = 1;
  }

  /** The value for a value, or -1. */
  get(key: number): number {
    return key < this.#values.length && this.#stamps[key] === this.#stamp ? this.#values[key] : -1;
  }

  set(key: number, value: number): void {
    if (key >= this.#values.length) this.#grow(key);
    this.#values[key] = value;
    this.#stamps[key] = this.#stamp;
  }

  #grow(key: number): void {
    const length = 2 * (key + 1), values = new Int32Array(length), stamps = new Int32Array(length);
    values.set(this.#values);
    stamps.set(this.#stamps);
    this.#values = values;
    this.#stamps = stamps;
  }
}

const SMALLEST = 1 << 10;
