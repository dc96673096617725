/**
 * A real server, end to end.
 *
 * Makes the image of a zoo entry, translates it, copies the output elsewhere, deletes image and original, starts each real host
 * on the copy and sends the zoo's probes. Exit code 0 if every probe passes, but for what a host does to all handlers
 * (limits.ts).
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type MeasuredServer, startNative } from "../../bench/serving.ts";
import { UsageError } from "../../src/cli/usage.ts";
import { runTask, taskOptions } from "../support/task_options.ts";
import { describeResult } from "./describe.ts";
import { Zoo } from "./entry.ts";
import { HOST_NAMES, type HostName, type RunningHost } from "./hosts.ts";
import { loadHost } from "./load.ts";
import { probeHost } from "./probe_host.ts";
import type { EntryResult, HostReport } from "./results.ts";
import { imageIn, outputIn, translateEntry } from "./translate_entry.ts";

const USAGE = `deno task zoo ENTRY [options]

ENTRY is one of the zoo's, or of tests/zoo/entries.

  --record       run an entry of tests/zoo/entries natively and write its golden.json, nothing else; needs root
  --host LIST    of deno, deno-server, node, workers (all but deno-server); "" for none
  --zoo DIR      where the zoo is ($LIGHTER_ZOO, or ../shared/zoo)
  --image FILE   this image instead of building one; it is left alone
  --warm FILE    training requests, as for translate, instead of the entry's: warm/ENTRY.txt here, or warm.txt in the
                 folder of an entry of our own; "none" for no such requests
  --optimise     translate with wasm-opt
  --fast         translate without it (the default)
  --no-cache     translate everything, whatever earlier runs have kept
  --load SECONDS then put load on each host and on the native server, in turns so long, with wrk; needs root
  --keep         do not delete the output
  --again FOLDER of an earlier run with --keep: its output on the hosts named, without translating
  --json FILE    write the result as JSON, too; tests/zoo/results/ENTRY.json is what docs/ZOO.md is made from`;

const { values: options, positionals } = taskOptions(USAGE, {
  allowPositionals: true,
  options: {
    host: { type: "string", default: "deno,node,workers" },
    zoo: { type: "string", default: Zoo.defaultDirectory() },
    image: { type: "string" },
    warm: { type: "string" },
    load: { type: "string" },
    optimise: { type: "boolean", default: false },
    fast: { type: "boolean", default: false },
    record: { type: "boolean", default: false },
    "no-cache": { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
    again: { type: "string" },
    json: { type: "string" },
  },
});

function wantedHosts(list: string): HostName[] {
  return list.split(",").filter((name) => name !== "").map((name) => {
    const host = HOST_NAMES.find((known) => known === name);
    if (host === undefined) {
      throw new UsageError(`unknown host ${JSON.stringify(name)}: wanted ${HOST_NAMES.join(", ")}`);
    }
    return host;
  });
}

/** Puts load on a host, if that is wanted. */
async function addLoad(server: RunningHost, native: MeasuredServer | null, path: string, report: HostReport) {
  if (options.load === undefined) return;
  try {
    Object.assign(report, await loadHost(server, native, path, Number(options.load)));
  } catch (error) {
    report.loadError = (error as Error).message;
  }
}

async function main(): Promise<number> {
  const [entry] = positionals;
  if (entry === undefined || positionals.length > 1) throw new UsageError("wanted one entry");
  const hosts = wantedHosts(options.host), zoo = new Zoo(options.zoo);
  if (options.record) {
    console.log(await zoo.record(entry));
    return 0;
  }
  const folder = options.again ?? mkdtempSync(join(tmpdir(), `lighter-zoo-${entry}-`));
  const keep = options.keep || options.again !== undefined, resultFile = join(folder, "result.json");
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
  try {
    const { image, warm = null, optimise } = options;
    const result: EntryResult = options.again === undefined
      ? await translateEntry(zoo, entry, folder, { image, warm, optimise, cache: !options["no-cache"] })
      : JSON.parse(readFileSync(resultFile, "utf8"));
    const native = options.load === undefined || hosts.length === 0
      ? null
      : await startNative(zoo, entry, { ownNetwork: true, image: image ?? imageIn(folder) });
    try {
      const path = zoo.benchPath(entry);
      const then = (server: RunningHost, report: HostReport) => addLoad(server, native, path, report);
      for (const host of hosts) {
        const report = await probeHost({ zoo, entry, host, folder: outputIn(folder), then });
        result.hosts = [...result.hosts.filter((other) => other.host !== host), report];
      }
    } finally {
      await native?.stop();
    }
    result.loadAverage = loadavg()[1];
    const json = `${JSON.stringify(result, null, 1)}\n`;
    if (keep) writeFileSync(resultFile, json);
    if (options.json !== undefined) writeFileSync(options.json, json);
    console.log(describeResult(result));
    if (keep) console.log(`output and logs in ${folder}`);
    return result.hosts.every((r) => r.failed.length === 0 && r.error === undefined) ? 0 : 1;
  } finally {
    if (!keep) rmSync(folder, { recursive: true, force: true });
  }
}

await runTask(main);
