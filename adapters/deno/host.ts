import { lineBatch } from "../line_batch.ts";
import { webHost } from "../web_host.ts";
import type { Host } from "../../src/host/host.ts";

const output = lineBatch({
  write: (text) => console.log(text),
  soon: (callback) => void setTimeout(callback, 0),
  after: (ms, callback) => void setTimeout(callback, ms),
  now: () => performance.now(),
});
// deno serve ends by a signal, of which nobody is told; a program of one's own that ends is.
addEventListener("unload", output.flush);

export const denoHost: Host = {
  ...webHost,
  // With a fraction, unlike Date.now().
  realtimeMs: () => performance.timeOrigin + performance.now(),
  log: (stream, line) => stream === 1 ? output.add(line) : webHost.log(stream, line),
};
