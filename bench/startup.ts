/** From the start of the host's process to the first byte of the first answer. */
import { parseArgs } from "node:util";
import { Zoo } from "../tests/zoo/entry.ts";
import { freePort, type HostName, type RunningHost, start, startHost } from "../tests/zoo/hosts.ts";
import { SERVING_OPTIONS, SERVING_USAGE, useOfGroup, withOutput, writeJson } from "./serving.ts";
import { median, table } from "./statistics.ts";

export const usage = `deno task bench startup [options]
  --repeat N          starts of each (5); the median counts
${SERVING_USAGE}`;

interface Figures {
  server: string;
  firstByteMs: number;
  /** Used by then. */
  cpuMs: number;
  rssBytes: number;
}

/** Runs the benchmark; the exit code. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { ...SERVING_OPTIONS, repeat: { type: "string", default: "5" } } });
  const { entry, output } = values, zoo = new Zoo(values.zoo), path = zoo.benchPath(entry);
  const all = await withOutput({ zoo, entry, output }, async (folder) => {
    const starts: Record<string, () => Promise<RunningHost>> = {};
    for (const name of values.host.split(",") as HostName[]) starts[name] = () => startHost(name, folder, path);
    // What the host costs without us: the least that any translated server can take.
    if ("deno" in starts) starts["deno, empty handler"] = startEmptyDeno;
    const runs = new Map<string, Figures[]>(Object.keys(starts).map((name) => [name, []]));
    for (let i = 0; i < Number(values.repeat); i++) {
      for (const [server, begin] of Object.entries(starts)) {
        const host = await begin();
        const { cpuMs, rssBytes } = useOfGroup(host.pid);
        runs.get(server)!.push({ server, firstByteMs: host.firstByteMs, cpuMs, rssBytes });
        await host.stop();
      }
    }
    return [...runs].map(([server, figures]): Figures => ({
      server,
      firstByteMs: median(figures.map((f) => f.firstByteMs)),
      cpuMs: median(figures.map((f) => f.cpuMs)),
      rssBytes: median(figures.map((f) => f.rssBytes)),
    }));
  });
  console.log(table([
    ["server", "first byte ms", "CPU ms", "RSS MB"],
    ...all.map((f) => [f.server, f.firstByteMs.toFixed(0), f.cpuMs.toFixed(0), (f.rssBytes / 1e6).toFixed(0)]),
  ]));
  writeJson(values.json, all);
  return 0;
}

async function startEmptyDeno(): Promise<RunningHost> {
  const folder = await Deno.makeTempDir({ prefix: "lighter-empty-" });
  await Deno.writeTextFile(`${folder}/empty.js`, `export default { fetch: () => new Response("") };`);
  const port = await freePort();
  const args = ["serve", "--cached-only", "--host", "127.0.0.1", "--port", `${port}`, "empty.js"];
  const host = await start(Deno.execPath(), args, { folder, env: {}, port, path: "/" });
  await Deno.remove(folder, { recursive: true });
  return host;
}
