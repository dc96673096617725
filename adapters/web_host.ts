import type { Host } from "../src/host/host.ts";

/** getRandomValues takes no more at once. */
const RANDOM_MAX = 65536;

/** A Host made of what all our hosts have alike: performance, Date, crypto and console. */
export const webHost: Host = {
  monotonicNs: () => performance.now() * 1e6,
  realtimeMs: () => Date.now(),
  randomFill(bytes) {
    for (let at = 0; at < bytes.length; at += RANDOM_MAX) {
      crypto.getRandomValues(bytes.subarray(at, Math.min(at + RANDOM_MAX, bytes.length)));
    }
  },
  log(stream, line) {
    if (stream === 1) console.log(line);
    else console.error(stream === 0 ? `lighter: ${line}` : line);
  },
};
