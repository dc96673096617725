/** Servers under the load of wrk, in turns. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { MeasuredServer } from "./serving.ts";
import { median } from "./statistics.ts";

/** How much. */
export interface Load {
  /** A round. */
  seconds: number;
  rounds: number;
  /** Requests to each server before what counts, as far as they fit in `warmMs`. */
  warm: number;
  warmMs: number;
  /** At a time. */
  connections: number;
}

/** What one server made of it: medians of the rounds. */
export interface Figures {
  server: string;
  requestsPerSecond: number;
  /** CPU time of the server's processes over the requests; says more than the rate on a busy machine. */
  cpuUsPerRequest: number;
  p50Ms: number;
  p99Ms: number;
  /** Resident memory after warming up, and after the load. */
  rssBeforeBytes: number;
  rssAfterBytes: number;
  requests: number;
}

/** Round by round, so that a machine that others use treats all alike. */
export async function measureServers(
  servers: ReadonlyMap<string, Omit<MeasuredServer, "stop">>,
  path: string,
  load: Load,
): Promise<Figures[]> {
  const runs = new Map<string, Figures[]>();
  for (const [name, server] of servers) {
    await warmUp(server, path, load);
    runs.set(name, []);
  }
  for (let round = 0; round < load.rounds; round++) {
    for (const [name, server] of servers) runs.get(name)!.push(await measure(name, server, path, load));
  }
  return [...runs.values()].map(middle);
}

/** By requests, not by time: what is compiled depends on how often it ran. */
async function warmUp(server: Omit<MeasuredServer, "stop">, path: string, load: Load): Promise<void> {
  const end = performance.now() + load.warmMs;
  for (let n = 0; n < load.warm && performance.now() < end;) {
    n += (await wrk(server, path, { ...load, seconds: 1 })).requests;
  }
}

async function measure(
  name: string,
  server: Omit<MeasuredServer, "stop">,
  path: string,
  load: Load,
): Promise<Figures> {
  const before = server.use();
  const run = await wrk(server, path, load);
  const after = server.use();
  return {
    server: name,
    ...run,
    cpuUsPerRequest: (after.cpuMs - before.cpuMs) * 1000 / run.requests,
    rssBeforeBytes: before.rssBytes,
    rssAfterBytes: after.rssBytes,
  };
}

function middle(runs: readonly Figures[]): Figures {
  const of = (key: Exclude<keyof Figures, "server">) => median(runs.map((run) => run[key]));
  return {
    server: runs[0].server,
    requestsPerSecond: of("requestsPerSecond"),
    cpuUsPerRequest: of("cpuUsPerRequest"),
    p50Ms: of("p50Ms"),
    p99Ms: of("p99Ms"),
    rssBeforeBytes: runs[0].rssBeforeBytes,
    rssAfterBytes: runs.at(-1)!.rssAfterBytes,
    requests: runs.reduce((n, run) => n + run.requests, 0),
  };
}

/** Not waited for in one piece: what the servers log has to be read meanwhile, or they stop. */
async function wrk(
  { url, enter = [] }: Pick<MeasuredServer, "url" | "enter">,
  path: string,
  { seconds, connections }: Load,
) {
  const client = ["wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "--latency", "--timeout", "20s", url + path];
  const [command, ...args] = [...enter, ...client];
  const { stdout, stderr } = await promisify(execFile)(command, args).catch((error) => {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const problem = isMissing
      ? "this benchmark needs wrk (apt-get install wrk)"
      : `wrk failed: ${error.message.trim()}`;
    throw new Error(problem, { cause: error });
  });
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
