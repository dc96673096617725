/** Requests for one small file: the translated server on its hosts beside the native one, under wrk. */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { Zoo } from "../tests/zoo/entry.ts";
import { type HostName, startHost } from "../tests/zoo/hosts.ts";
import {
  type MeasuredServer,
  SERVING_OPTIONS,
  SERVING_USAGE,
  startNative,
  useOfGroup,
  withOutput,
  writeJson,
} from "./serving.ts";
import { table } from "./statistics.ts";

export const usage = `deno task bench requests [options]
  --seconds N         of load, after as much of warming up (5)
  --connections N     at a time (8)
${SERVING_USAGE}`;

interface Figures {
  server: string;
  requestsPerSecond: number;
  /** CPU time of the server's processes over the requests; says more than the rate on a busy machine. */
  cpuMsPerRequest: number;
  p50Ms: number;
  p99Ms: number;
  /** Resident memory after warming up, and after the load. */
  rssBeforeBytes: number;
  rssAfterBytes: number;
  requests: number;
}

/** Runs the benchmark; the exit code. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      ...SERVING_OPTIONS,
      seconds: { type: "string", default: "5" },
      connections: { type: "string", default: "8" },
    },
  });
  const { entry, output } = values, zoo = new Zoo(values.zoo);
  const load: Load = { seconds: Number(values.seconds), connections: Number(values.connections) };
  const path = zoo.benchPath(entry), all: Figures[] = [];
  const native = await startNative(zoo, entry);
  // Children that nobody waits for, as busybox's, are in nobody's CPU time: no such figure for the native server.
  if (native !== null) all.push({ ...await measure("native", native, path, load), cpuMsPerRequest: NaN });
  await withOutput({ zoo, entry, output }, async (folder) => {
    for (const name of values.host.split(",") as HostName[]) {
      const host = await startHost(name, folder, path);
      all.push(await measure(name, { ...host, use: () => useOfGroup(host.pid) }, path, load));
    }
  });
  const base = all[0];
  console.log(table([
    [
      "server",
      "requests/s",
      "to first",
      "CPU ms/request",
      "p50 ms",
      "p99 ms",
      "RSS MB",
      "after",
      "requests",
    ],
    ...all.map((f) => [
      f.server,
      f.requestsPerSecond.toFixed(0),
      (f.requestsPerSecond / base.requestsPerSecond).toFixed(2),
      Number.isNaN(f.cpuMsPerRequest) ? "-" : f.cpuMsPerRequest.toFixed(2),
      f.p50Ms.toFixed(1),
      f.p99Ms.toFixed(1),
      (f.rssBeforeBytes / 1e6).toFixed(0),
      (f.rssAfterBytes / 1e6).toFixed(0),
      `${f.requests}`,
    ]),
  ]));
  writeJson(values.json, all);
  return 0;
}

interface Load {
  seconds: number;
  connections: number;
}

async function measure(name: string, server: MeasuredServer, path: string, load: Load): Promise<Figures> {
  try {
    wrk(server.url + path, load);
    const before = server.use();
    const run = wrk(server.url + path, load);
    const after = server.use();
    return {
      server: name,
      ...run,
      cpuMsPerRequest: (after.cpuMs - before.cpuMs) / run.requests,
      rssBeforeBytes: before.rssBytes,
      rssAfterBytes: after.rssBytes,
    };
  } finally {
    await server.stop();
  }
}

function wrk(url: string, { seconds, connections }: Load) {
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--latency", "--timeout", "20s", url];
  const { stdout, stderr, error } = spawnSync("wrk", args, { encoding: "utf8" });
  if (error !== undefined) throw new Error("this benchmark needs wrk (apt-get install wrk)");
  const number = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1] ?? NaN);
  const percentile = (percent: number) => {
    const [, value, unit] = new RegExp(`${percent}%\\s+([\\d.]+)(us|ms|s)`).exec(stdout) ?? [];
    return Number(value) * { us: 0.001, ms: 1, s: 1000 }[unit as "us" | "ms" | "s"];
  };
  if (/Non-2xx/.test(stdout)) throw new Error(`not all answers were good: ${stdout}${stderr}`);
  return {
    requestsPerSecond: number(/Requests\/sec:\s+([\d.]+)/),
    requests: number(/(\d+) requests in/),
    p50Ms: percentile(50),
    p99Ms: percentile(99),
  };
}
