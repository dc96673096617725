import process from "node:process";
import { lineBatch } from "../line_batch.ts";
import { webHost } from "../web_host.ts";
import type { Host } from "../../src/host/host.ts";

const output = lineBatch({
  write: (lines) => void process.stdout.write(lines),
  soon: setImmediate,
  after: (ms, callback) => void setTimeout(callback, ms),
  now: () => performance.now(),
});
process.on("exit", output.flush);

export const nodeHost: Host = {
  ...webHost,
  realtimeMs: () => performance.timeOrigin + performance.now(),
  log: (stream, line) => stream === 1 ? output.addText(line) : webHost.log(stream, line),
  writeLines: (stream, lines) => stream === 1 ? output.add(lines) : void process.stderr.write(lines.slice()),
};
