/**
 * Requests for one small file: the translated server on its hosts beside the native one, under wrk; what the hosts cost by
 * themselves; and what guest, kernel and bridge cost without a host.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Zoo } from "../tests/zoo/entry.ts";
import { freePort, type HostName, start, startHost } from "../tests/zoo/hosts.ts";
import { findNode } from "../tests/support/node_binary.ts";
import { type InProcessFigures, measureInProcess } from "./in_process.ts";
import { type Figures, type Load, measureServers } from "./load.ts";
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
import { startWorkerd } from "./workerd.ts";

export const usage = `deno task bench requests [options]
  --seconds N         of load a round (3)
  --rounds N          in which each server gets its turn; medians count (3)
  --warm N            requests to each before that, within 20 s (20000)
  --connections N     at a time (8)
${SERVING_USAGE}
                      --entry may be a list: nginx,lighttpd; --host may name workerd, which is Workers without wrangler`;

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
    warmMs: 20_000,
    connections: Number(values.connections),
  };
  const all: Record<string, { servers: Figures[]; inProcess: InProcessFigures }> = {};
  for (const entry of values.entry.split(",")) {
    const path = zoo.benchPath(entry);
    all[entry] = await withOutput({ zoo, entry, output: values.output }, async (folder) => {
      const hosts = values.host.split(",") as BenchHost[];
      const servers = await startServers(zoo, entry, folder, hosts, path);
      let figures;
      try {
        figures = await measureServers(servers, path, load);
      } finally {
        for (const server of servers.values()) await server.stop();
      }
      return { servers: figures, inProcess: await measureInProcess(folder, path) };
    });
    print(entry, all[entry].servers, all[entry].inProcess);
  }
  writeJson(values.json, all);
  return 0;
}

/** workerd: Workers without wrangler. */
type BenchHost = HostName | "workerd";

type Servers = Map<string, MeasuredServer>;

/** The native server, the hosts with the translated one, and the hosts with next to nothing. */
async function startServers(
  zoo: Zoo,
  entry: string,
  folder: string,
  hosts: readonly BenchHost[],
  path: string,
): Promise<Servers> {
  const servers: Servers = new Map();
  const native = await startNative(zoo, entry, { ownPort: true });
  if (native !== null) servers.set("native", native);
  let response = "";
  for (const name of hosts) {
    const host = name === "workerd" ? await startWorkerd(folder, path) : await startHost(name, folder, path);
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

/** Constant answers, through the same of the host's doors that the adapter uses. */
const FLOOR_FILES = { deno: "deno.js", "deno-server": "node.mjs", node: "node.mjs" };

async function startFloor(host: BenchHost, response: string): Promise<MeasuredServer | null> {
  if (host === "workers" || host === "workerd") return null;
  const file = fileURLToPath(new URL(`floor/${FLOOR_FILES[host]}`, import.meta.url));
  const port = await freePort(), env = { PORT: `${port}`, RESPONSE: response };
  const [command, args] = host === "node"
    ? [findNode() ?? "node", [file]]
    : host === "deno-server"
    ? [Deno.execPath(), ["run", "-A", "--no-check", file]]
    : [Deno.execPath(), ["serve", "-A", "--no-check", "--host", "127.0.0.1", "--port", `${port}`, file]];
  const server = await start(command, args, { folder: ".", env, port, path: "/" });
  return { ...server, use: () => useOfGroup(server.pid) };
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
  const { guestUs, bridgedUs, ownInstanceUs, guestMemoryBytes } = inProcess;
  console.log(
    `in process, CPU us/request: guest and kernel ${guestUs.toFixed(1)}, with the bridge ${bridgedUs.toFixed(1)}, ` +
      `with an instance of its own ${ownInstanceUs.toFixed(0)}; guest memory afterwards ${
        (guestMemoryBytes / 1e6).toFixed(1)
      } MB`,
  );
}
