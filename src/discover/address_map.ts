/** Numbers by guest address, used again and again: clearing it takes no time, and neither adds anything for the collector. */
export class AddressMap {
  #keys = new Int32Array(SMALLEST);
  #values = new Int32Array(SMALLEST);
  /** A slot is in use if its stamp is the map's. */
  #stamps = new Int32Array(SMALLEST);
  #stamp = 1;
  #mask = SMALLEST - 1;
  size = 0;

  clear(): void {
    this.size = 0;
    if (++this.#stamp < 0x7fffffff) return;
    this.#stamps.fill(0);
    this.#stamp = 1;
  }

  /** The number of an address, or -1. */
  get(pc: number): number {
    const at = this.#slotOf(pc | 0);
    return this.#stamps[at] === this.#stamp ? this.#values[at] : -1;
  }

  has(pc: number): boolean {
    return this.#stamps[this.#slotOf(pc | 0)] === this.#stamp;
  }

  set(pc: number, value: number): void {
    const at = this.#slotOf(pc | 0);
    if (this.#stamps[at] !== this.#stamp) {
      this.#stamps[at] = this.#stamp;
      this.#keys[at] = pc;
      this.size++;
    }
    this.#values[at] = value;
    if (2 * this.size > this.#mask) this.#grow();
  }

  /** The slot that has the key, or the free one where it belongs. */
  #slotOf(key: number): number {
    const keys = this.#keys, stamps = this.#stamps, stamp = this.#stamp, mask = this.#mask;
    // Neighbours in code are neighbours here, in a few lines of the cache however large the table has become; only pieces of
    // the code are scattered, as they may have the same slots.
    let at = (key + Math.imul(key >>> PIECE_BITS, 0x9e3779b1)) & mask;
    while (stamps[at] === stamp && keys[at] !== key) at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const keys = this.#keys, values = this.#values, stamps = this.#stamps, stamp = this.#stamp;
    const slots = 2 * keys.length;
    this.#keys = new Int32Array(slots);
    this.#values = new Int32Array(slots);
    this.#stamps = new Int32Array(slots);
    this.#mask = slots - 1;
    this.#stamp = 1;
    this.size = 0;
    for (let i = 0; i < keys.length; i++) if (stamps[i] === stamp) this.set(keys[i], values[i]);
  }
}

const SMALLEST = 1 << 8, PIECE_BITS = 8;
