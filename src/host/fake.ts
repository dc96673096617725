import type { Host } from "./host.ts";

/** A host for tests: time moves when told to (or by a step a reading), random bytes repeat, log lines are kept. */
export class FakeHost implements Host {
  nowNs: number;
  /** What each reading of the monotonic clock adds. */
  stepNs = 0;
  /** Log lines as [stream, line]. */
  readonly lines: [stream: 0 | 1 | 2, line: string][] = [];
  private seed = 1;

  constructor(nowNs = 1e9, private readonly epochMs: number = Date.UTC(2026, 0, 1)) {
    this.nowNs = nowNs;
  }

  monotonicNs(): number {
    this.nowNs += this.stepNs;
    return this.nowNs;
  }

  realtimeMs(): number {
    return this.epochMs + this.nowNs / 1e6;
  }

  advanceNs(ns: number): void {
    this.nowNs += ns;
  }

  /** A linear congruential generator: the same bytes in every run. */
  randomFill(bytes: Uint8Array<ArrayBuffer>): void {
    for (let i = 0; i < bytes.length; i++) {
      this.seed = (Math.imul(this.seed, 1103515245) + 12345) & 0x7fffffff;
      bytes[i] = this.seed >>> 16;
    }
  }

  log(stream: 0 | 1 | 2, line: string): void {
    this.lines.push([stream, line]);
  }

  /** Lines of one stream. */
  output(stream: 0 | 1 | 2): string[] {
    return this.lines.filter(([s]) => s === stream).map(([, line]) => line);
  }
}
