/**
 * A significand of up to 96 bits as three unsigned words, most significant first: hi:lo are the 64 bits of a number, ext what
 * lies below them. The words live in a typed array and are worked on in place: as properties, arguments or results, numbers
 * of 32 bits would be boxed.
 */
export class Words {
  /** ext, lo, hi. */
  protected readonly words: Uint32Array = new Uint32Array(3);

  get hi(): number {
    return this.words[2];
  }

  set hi(value: number) {
    this.words[2] = value;
  }

  get lo(): number {
    return this.words[1];
  }

  set lo(value: number) {
    this.words[1] = value;
  }

  get ext(): number {
    return this.words[0];
  }

  set ext(value: number) {
    this.words[0] = value;
  }

  isZero(): boolean {
    const w = this.words;
    return (w[0] | w[1] | w[2]) === 0;
  }

  /** Sets all three words. */
  load(hi: number, lo: number, ext: number): void {
    const w = this.words;
    w[2] = hi;
    w[1] = lo;
    w[0] = ext;
  }

  /** Takes over the 64 bits of a significand; nothing lies below them. */
  take(x: Words): void {
    const w = this.words, from = x.words;
    w[2] = from[2];
    w[1] = from[1];
    w[0] = 0;
  }

  /** Shifts right; what falls out is ored into the last bit. */
  shiftRightJam(n: number): void {
    if (n >= 96) return this.load(0, 0, this.isZero() ? 0 : 1);
    const w = this.words;
    let lost = 0;
    for (; n >= 32; n -= 32) {
      lost |= w[0];
      w[0] = w[1];
      w[1] = w[2];
      w[2] = 0;
    }
    if (n > 0) {
      lost |= w[0] << 32 - n;
      w[0] = w[0] >>> n | w[1] << 32 - n;
      w[1] = w[1] >>> n | w[2] << 32 - n;
      w[2] = w[2] >>> n;
    }
    if (lost !== 0) w[0] |= 1;
  }

  /** Shifts left by less than 96. */
  shiftLeft(n: number): void {
    const w = this.words;
    for (; n >= 32; n -= 32) {
      w[2] = w[1];
      w[1] = w[0];
      w[0] = 0;
    }
    if (n > 0) {
      w[2] = w[2] << n | w[1] >>> 32 - n;
      w[1] = w[1] << n | w[0] >>> 32 - n;
      w[0] = w[0] << n;
    }
  }

  /** Number of zeros above the highest one; there must be a one. */
  leadingZeros(): number {
    const w = this.words;
    if (w[2] !== 0) return Math.clz32(w[2]);
    return w[1] !== 0 ? 32 + Math.clz32(w[1]) : 64 + Math.clz32(w[0]);
  }

  /** Shifts the highest one to the top; returns by how much. */
  normalize(): number {
    const n = this.leadingZeros();
    if (n > 0) this.shiftLeft(n);
    return n;
  }
}

/** Where operations build their significand before it is rounded. */
export const words: Words = new Words();
