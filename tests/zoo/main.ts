/**
 * A real server, end to end: `deno task zoo ENTRY [options]`.
 *
 * Makes the image of a zoo entry, translates it, copies the output elsewhere, deletes image and original, starts each real host
 * on the copy and sends the zoo's probes. Exit code 0 if every probe passes, but for what a host does to all handlers
 * (limits.ts).
 *
 * ENTRY is one of the zoo's, or of `tests/zoo/entries`.
 *
 *     --record       run an entry of tests/zoo/entries natively and write its golden.json, nothing else; needs root
 *     --host LIST    of deno,node,workers (all)
 *     --zoo DIR      where the zoo is ($LIGHTER_ZOO, or ../shared/zoo)
 *     --image FILE   this image instead of building one; it is left alone
 *     --warm FILE    training requests, as for translate, instead of the entry's: warm/ENTRY.txt here, or warm.txt in the
 *                    folder of an entry of our own; "none" for no such requests
 *     --fast         translate without the optimiser
 *     --load SECONDS then put load on each host and on the native server, in turns so long, with wrk; needs root
 *     --keep         do not delete the output
 *     --json FILE    write the result as JSON, too; `tests/zoo/results/ENTRY.json` is what docs/ZOO.md is made from
 */
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { type MeasuredServer, startNative } from "../../bench/serving.ts";
import { parseWarmFile, type WarmRequest } from "../../src/boot/warm.ts";
import { type TranslatedImage, translateImage } from "../../src/cli/translate_image.ts";
import { checkBudget } from "../../src/package/budget.ts";
import { decodeDataFile } from "../../src/package/data_file.ts";
import { SNAPSHOT_BLOBS } from "../../src/snapshot/snapshot.ts";
import { describeResult } from "./describe.ts";
import { Zoo } from "./entry.ts";
import { HOST_NAMES, type HostName, type RunningHost } from "./hosts.ts";
import { loadHost } from "./load.ts";
import { probeHost } from "./probe_host.ts";
import type { EntryResult, HostReport, Size } from "./results.ts";
import { STATEFUL } from "./settings.ts";

/** For machines that do other things besides: what fails here is the server, not the time that it took. */
const BOOT_TIMEOUT_MS = 1_800_000;

const { values: options, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: {
    host: { type: "string", default: HOST_NAMES.join(",") },
    zoo: { type: "string", default: Zoo.defaultDirectory() },
    image: { type: "string" },
    warm: { type: "string" },
    load: { type: "string" },
    fast: { type: "boolean", default: false },
    record: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
    json: { type: "string" },
  },
});

function wantedHosts(list: string): HostName[] {
  return list.split(",").map((name) => {
    const host = HOST_NAMES.find((known) => known === name);
    if (host === undefined) throw new Error(`unknown host ${JSON.stringify(name)}: wanted ${HOST_NAMES.join(", ")}`);
    return host;
  });
}

function warmRequests(file: string | null): WarmRequest[] {
  return file === null || file === "none" ? [] : parseWarmFile(readFileSync(file, "utf8"), file);
}

/** Sizes and times of a translation; hosts are yet to come. */
function resultOf(zoo: Zoo, entry: string, { app, budget }: TranslatedImage, seconds: number): EntryResult {
  const { manifest } = app;
  const files = Object.entries(manifest.sizes),
    code = files.filter(([name]) => /\.wasm$/.test(name) && name !== manifest.data);
  const total = (of: readonly (readonly [string, Size])[]): Size => ({
    raw: of.reduce((n, [, s]) => n + s.raw, 0),
    gzip: of.reduce((n, [, s]) => n + s.gzip, 0),
  });
  const blobs = decodeDataFile(app.files.get(manifest.data)!, manifest.data);
  const snapshot = SNAPSHOT_BLOBS.map((name) => blobs.get(name)!);
  return {
    entry,
    description: zoo.description(entry),
    fast: options.fast,
    stateful: STATEFUL.has(entry),
    loadAverage: NaN,
    seconds,
    stages: app.seconds,
    wasm: total(code),
    snapshot: total(snapshot.map((b) => ["", { raw: b.length, gzip: gzipSync(b, { level: 6 }).length }])),
    output: total(files),
    over: checkBudget(budget).filter(({ fits }) => !fits).map(({ host, what, needs, limit }) =>
      `${host}, ${what}: ${(needs / 1e6).toFixed(1)} of ${(limit / 1e6).toFixed(1)} MB`
    ),
    hosts: [],
  };
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
  if (entry === undefined || positionals.length > 1) {
    console.error(
      "usage: deno task zoo ENTRY [--record] [--host deno,node,workers] [--zoo DIR] [--image FILE] [--warm FILE] [--fast] " +
        "[--load SECONDS] [--keep] [--json FILE]",
    );
    return 2;
  }
  const hosts = wantedHosts(options.host), zoo = new Zoo(options.zoo);
  if (options.record) {
    console.log(await zoo.record(entry));
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), `lighter-zoo-${entry}-`));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
  try {
    const image = options.image ?? await zoo.build(entry, folder);
    const since = performance.now();
    const translated = await translateImage(image, {
      out: join(folder, "out"),
      optimise: options.fast ? "never" : "small",
      bootTimeoutMs: BOOT_TIMEOUT_MS,
      warm: warmRequests(options.warm ?? zoo.warmFile(entry)),
      stateful: STATEFUL.has(entry),
      logMemory: true,
      onProgress: (text) => console.error(text),
    });
    const result = resultOf(zoo, entry, translated, (performance.now() - since) / 1000);
    // The output needs nothing else: not its place, not the image.
    const copy = join(folder, "elsewhere", "app"), kept = join(folder, "native.tar");
    cpSync(translated.out, copy, { recursive: true });
    rmSync(translated.out, { recursive: true });
    if (options.image === undefined) renameSync(image, kept);
    const native = options.load === undefined
      ? null
      : await startNative(zoo, entry, { ownNetwork: true, image: options.image ?? kept });
    try {
      const then = (server: RunningHost, report: HostReport) => addLoad(server, native, zoo.benchPath(entry), report);
      for (const host of hosts) result.hosts.push(await probeHost({ zoo, entry, host, folder: copy, then }));
    } finally {
      await native?.stop();
    }
    result.loadAverage = loadavg()[1];
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(result, null, 1)}\n`);
    console.log(describeResult(result));
    if (options.keep) console.log(`output and logs in ${folder}`);
    return result.hosts.every((r) => r.failed.length === 0 && r.error === undefined) ? 0 : 1;
  } finally {
    if (!options.keep) rmSync(folder, { recursive: true, force: true });
  }
}

process.exit(await main());
