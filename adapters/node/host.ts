import process from "node:process";
import { lineBatch } from "../line_batch.ts";
import { webHost } from "../web_host.ts";
import type { Host } from "../../src/host/host.ts";

const output = lineBatch({
  write: (text) => void process.stdout.write(`${text}\n`),
  soon: setImmediate,
  after: (ms, callback) => void setTimeout(callback, ms),
  now: () => performance.now(),
});
process.on("exit", output.flush);

export const nodeHost: Host = {
  ...webHost,
  realtimeMs: () => performance.timeOrigin + performance.now(),
  log: (stream, line) => stream === 1 ? output.add(line) : webHost.log(stream, line),
};
