/**
 * Requests for one small file: the translated server on its hosts beside the native one, under wrk; what the hosts cost by
 * themselves; and what guest, kernel and bridge cost without a host.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { Zoo } from "../tests/zoo/entry.ts";
import { freePort, type HostName, start, startHost } from "../tests/zoo/hosts.ts";
import { findNode } from "../tests/support/node_binary.ts";
import { type InProcessFigures, measureInProcess } from "./in_process.ts";
import {
  type MeasuredServer,
  SERVING_OPTIONS,
  SERVING_USAGE,
  startNative,
  useOfGroup,
  withOutput,
  writeJson,
} from "./serving.ts";
import { median, table } from "./statistics.ts";

export const usage = `deno task bench requests [options]
  --seconds N         of load a round (3)
  --rounds N          in which each server gets its turn; medians count (3)
  --warm N            requests to each before that, within 20 s (20000)
  --connections N     at a time (8)
${SERVING_USAGE}
                      --entry may be a list: nginx,lighttpd`;

interface Load {
  seconds: number;
  rounds: number;
  warm: number;
  connections: number;
}

interface Figures {
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

/** Runs the benchmark; the exit code. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      ...SERVING_OPTIONS,
      seconds: { type: "string", default: "3" },
      rounds: { type: "string", default: "3" },
      warm: { type: "string", default: "20000" },
      connections: { type: "string", default: "8" },
    },
  });
  const zoo = new Zoo(values.zoo);
  const load: Load = {
    seconds: Number(values.seconds),
    rounds: Number(values.rounds),
    warm: Number(values.warm),
    connections: Number(values.connections),
  };
  const all: Record<string, { servers: Figures[]; inProcess: InProcessFigures }> = {};
  for (const entry of values.entry.split(",")) {
    const path = zoo.benchPath(entry);
    all[entry] = await withOutput({ zoo, entry, output: values.output }, async (folder) => {
      const hosts = values.host.split(",") as HostName[];
      const servers = await measureServers(await startServers(zoo, entry, folder, hosts, path), path, load);
      return { servers, inProcess: await measureInProcess(folder, path) };
    });
    print(entry, all[entry].servers, all[entry].inProcess);
  }
  writeJson(values.json, all);
  return 0;
}

type Servers = Map<string, MeasuredServer>;

/** The native server, the hosts with the translated one, and the hosts with next to nothing. */
async function startServers(
  zoo: Zoo,
  entry: string,
  folder: string,
  hosts: readonly HostName[],
  path: string,
): Promise<Servers> {
  const servers: Servers = new Map();
  const native = await startNative(zoo, entry, { ownPort: true });
  if (native !== null) servers.set("native", native);
  let response = "";
  for (const name of hosts) {
    const host = await startHost(name, folder, path);
    servers.set(name, { ...host, use: () => useOfGroup(host.pid) });
    response ||= await responseOf(native?.url ?? host.url, path);
  }
  for (const name of hosts) {
    const floor = await startFloor(name, response);
    if (floor !== null) servers.set(`${name}, empty handler`, floor);
  }
  return servers;
}

/** Fields and body of the answer, for whoever is to give the same. */
async function responseOf(url: string, path: string): Promise<string> {
  const answer = await fetch(url + path, { headers: { "accept-encoding": "identity" } });
  const fields = [...answer.headers].filter(([name]) => name !== "connection" && name !== "keep-alive");
  return JSON.stringify({ fields, body: await answer.text() });
}

async function startFloor(host: HostName, response: string): Promise<MeasuredServer | null> {
  if (host === "workers") return null;
  const file = fileURLToPath(new URL(host === "node" ? "floor/node.mjs" : "floor/deno.js", import.meta.url));
  const port = await freePort(), env = { PORT: `${port}`, RESPONSE: response };
  const [command, args] = host === "node"
    ? [findNode() ?? "node", [file]]
    : [Deno.execPath(), ["serve", "-A", "--no-check", "--host", "127.0.0.1", "--port", `${port}`, file]];
  const server = await start(command, args, { folder: ".", env, port, path: "/" });
  return { ...server, use: () => useOfGroup(server.pid) };
}

/** Round by round, so that a machine that others use treats all alike. */
async function measureServers(servers: Servers, path: string, load: Load): Promise<Figures[]> {
  const runs = new Map<string, Figures[]>();
  try {
    for (const [name, server] of servers) {
      await warmUp(server.url + path, load);
      runs.set(name, []);
    }
    for (let round = 0; round < load.rounds; round++) {
      for (const [name, server] of servers) runs.get(name)!.push(await measure(name, server, path, load));
    }
  } finally {
    for (const server of servers.values()) await server.stop();
  }
  return [...runs.values()].map(middle);
}

/** By requests, not by time: what is compiled depends on how often it ran. */
async function warmUp(url: string, load: Load): Promise<void> {
  const end = performance.now() + 20_000;
  for (let n = 0; n < load.warm && performance.now() < end;) n += (await wrk(url, { ...load, seconds: 2 })).requests;
}

async function measure(
  server: string,
  { url, use }: MeasuredServer,
  path: string,
  load: Load,
): Promise<Figures> {
  const before = use();
  const run = await wrk(url + path, load);
  const after = use();
  return {
    server,
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
async function wrk(url: string, { seconds, connections }: Load) {
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--latency", "--timeout", "20s", url];
  const { stdout, stderr } = await promisify(execFile)("wrk", args).catch((error) => {
    throw new Error("this benchmark needs wrk (apt-get install wrk)", { cause: error });
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

function print(entry: string, servers: readonly Figures[], inProcess: InProcessFigures): void {
  const base = servers[0];
  console.log(`\n${entry}`);
  console.log(table([
    ["server", "requests/s", "to first", "CPU us/request", "p50 ms", "p99 ms", "RSS MB", "after", "requests"],
    ...servers.map((f) => [
      f.server,
      f.requestsPerSecond.toFixed(0),
      (f.requestsPerSecond / base.requestsPerSecond).toFixed(2),
      f.cpuUsPerRequest.toFixed(1),
      f.p50Ms.toFixed(2),
      f.p99Ms.toFixed(2),
      (f.rssBeforeBytes / 1e6).toFixed(0),
      (f.rssAfterBytes / 1e6).toFixed(0),
      `${f.requests}`,
    ]),
  ]));
  const { guestUs, bridgedUs, guestMemoryBytes } = inProcess;
  console.log(
    `in process, CPU us/request: guest and kernel ${guestUs.toFixed(1)}, with the bridge ${bridgedUs.toFixed(1)}; ` +
      `guest memory afterwards ${(guestMemoryBytes / 1e6).toFixed(1)} MB`,
  );
}
