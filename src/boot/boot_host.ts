import type { Host } from "../host/host.ts";

/** What one look at the clock takes, in nanoseconds of boot time. */
const READING_NS = 1000;

/** Wall clock of every boot: an image boots to the same bytes at any time. The clocks jump forward when it is restored. */
export const BOOT_EPOCH_MS: number = Date.UTC(2024, 0, 1);
/** What the random numbers of every boot come from. */
export const BOOT_SEED = 0x6c696768;

/**
 * The host of a boot: the same image boots to the same bytes every time, so time passes only when somebody looks at it or waits
 * for it, and random numbers come from a seed. (After a restore both are the real host's.)
 */
export class BootHost implements Host {
  #ns = 0;
  #random: number;

  /** `epochMs`: wall clock at the start. `onLog` gets guest output and reports. */
  constructor(readonly epochMs: number, seed: number, readonly onLog: (stream: 0 | 1 | 2, line: string) => void) {
    this.#random = seed | 1;
  }

  monotonicNs(): number {
    return this.#ns += READING_NS;
  }

  realtimeMs(): number {
    return this.epochMs + this.monotonicNs() / 1e6;
  }

  /** Lets time pass until a deadline that the guest waits for. */
  advanceTo(ns: number): void {
    this.#ns = Math.max(this.#ns, ns);
  }

  // xorshift32: repeatable, and only ever seen by a guest while it boots.
  randomFill(bytes: Uint8Array<ArrayBuffer>): void {
    let x = this.#random;
    for (let i = 0; i < bytes.length; i++) {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      bytes[i] = x >>> 8;
    }
    this.#random = x;
  }

  log(stream: 0 | 1 | 2, line: string): void {
    this.onLog(stream, line);
  }
}
