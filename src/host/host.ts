/** What the kernel and the server ask of the host they run on. Implemented by adapters; fake.ts for tests. */
export interface Host {
  /** Nanoseconds since some start, never going back, as a double (exact below 2^53). */
  monotonicNs(): number;
  /** Milliseconds since the Unix epoch, with fraction. */
  realtimeMs(): number;
  /** Fills with cryptographically strong random bytes. */
  randomFill(bytes: Uint8Array<ArrayBuffer>): void;
  /** A line of guest output (1 = stdout, 2 = stderr) or of the runtime's own reports (0). */
  log(stream: 0 | 1 | 2, line: string): void;
  /**
   * Whole lines of guest output as they were written, with their ends; a view: copy what is to be kept. For hosts that take bytes
   * for less than text; the others get each line by log().
   */
  writeLines?(stream: 1 | 2, lines: Uint8Array): void;
}
