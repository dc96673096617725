import { lineBatch } from "../line_batch.ts";
import { webHost } from "../web_host.ts";
import type { Host } from "../../src/host/host.ts";

const decoder = new TextDecoder();

/** For console, which ends lines itself. */
function textOf(lines: Uint8Array): string {
  return decoder.decode(lines.subarray(0, lines.length - 1));
}

const output = lineBatch({
  write: (lines) => console.log(textOf(lines)),
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
  log: (stream, line) => stream === 1 ? output.addText(line) : webHost.log(stream, line),
  writeLines: (stream, lines) => stream === 1 ? output.add(lines) : console.error(textOf(lines)),
};
