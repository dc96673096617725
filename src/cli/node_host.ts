import { performance } from "node:perf_hooks";
import process from "node:process";
import type { Host } from "../host/host.ts";

/** The host of commands: the process's own clock and random source; guest lines to standard error. */
export class NodeHost implements Host {
  monotonicNs(): number {
    return Math.round(performance.now() * 1e6);
  }

  realtimeMs(): number {
    return performance.timeOrigin + performance.now();
  }

  randomFill(bytes: Uint8Array<ArrayBuffer>): void {
    crypto.getRandomValues(bytes);
  }

  log(_stream: 0 | 1 | 2, line: string): void {
    process.stderr.write(`${line}\n`);
  }
}
