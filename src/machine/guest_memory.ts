import { GUEST_BIAS } from "./state.ts";

/**
 * Views of one guest address space. Growing replaces the buffer, so hold the GuestMemory, never a view, across anything
 * that can grow it. Linear address = guest address - GUEST_BIAS; guest addresses are passed as unsigned numbers.
 */
export abstract class GuestMemory {
  u8!: Uint8Array<ArrayBuffer>;
  i32!: Int32Array<ArrayBuffer>;
  view!: DataView<ArrayBuffer>;

  /** First guest address past the memory. */
  get guestEnd(): number {
    return this.u8.byteLength + GUEST_BIAS;
  }

  /** Makes guest addresses below `guestEnd` exist (zero-filled). False if the host refuses. */
  abstract growTo(guestEnd: number): boolean;

  protected setBuffer(buffer: ArrayBuffer): void {
    this.u8 = new Uint8Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.view = new DataView(buffer);
  }
}

/** Guest memory in a plain ArrayBuffer, for tests and the interpreter. Grows by copying. */
export class PlainGuestMemory extends GuestMemory {
  constructor(guestEnd: number) {
    super();
    this.setBuffer(new ArrayBuffer(guestEnd - GUEST_BIAS));
  }

  growTo(guestEnd: number): boolean {
    if (guestEnd <= this.guestEnd) return true;
    const grown = new Uint8Array(guestEnd - GUEST_BIAS);
    grown.set(this.u8);
    this.setBuffer(grown.buffer);
    return true;
  }
}
