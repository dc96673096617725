/**
 * A real server, end to end: `deno task zoo ENTRY [options]`.
 *
 * Makes the image of a zoo entry, translates it, copies the output elsewhere, deletes image and original, starts each real host
 * on the copy and sends the zoo's probes. Exit code 0 if every probe passes, but for what a host does to all handlers
 * (limits.ts).
 *
 * ENTRY is one of the zoo's, or of `tests/zoo/entries`.
 *
 *     --record      run an entry of tests/zoo/entries natively and write its golden.json, nothing else; needs root
 *     --host LIST   of deno,node,workers (all)
 *     --zoo DIR     where the zoo is ($LIGHTER_ZOO, or ../shared/zoo)
 *     --image FILE  this image instead of building one; it is left alone
 *     --warm FILE   training requests, as for translate, instead of the entry's: warm/ENTRY.txt here, or warm.txt in the
 *                   folder of an entry of our own; "none" for no such requests
 *     --fast        translate without the optimiser
 *     --keep        do not delete the output
 *     --json        results as JSON
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { parseWarmFile, type WarmRequest } from "../../src/boot/warm.ts";
import { type TranslatedImage, translateImage } from "../../src/cli/translate_image.ts";
import { table } from "../../bench/statistics.ts";
import { type ProbeResult, Zoo } from "./entry.ts";
import { HOST_NAMES, type HostName, startHost } from "./hosts.ts";
import { HOST_LIMITS } from "./limits.ts";

/** For machines that do other things besides: what fails here is the server, not the time that it took. */
const BOOT_TIMEOUT_MS = 1_800_000;

/** What one host made of the probes. */
interface HostReport {
  host: HostName;
  passed: number;
  /** Failed, and explained by a limit of the host. */
  limited: { id: string; reason: string }[];
  failed: { id: string; differences: string[] }[];
  firstByteMs: number;
  /** Regions that were not translated ahead. */
  misses: number;
  /** Share of the guest's time that was spent outside code translated ahead, and how much that was. */
  outside: { share: number; ms: number };
  error?: string;
}

const { values: options, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: {
    host: { type: "string", default: HOST_NAMES.join(",") },
    zoo: { type: "string", default: Zoo.defaultDirectory() },
    image: { type: "string" },
    warm: { type: "string" },
    fast: { type: "boolean", default: false },
    record: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

function wantedHosts(list: string): HostName[] {
  return list.split(",").map((name) => {
    const host = HOST_NAMES.find((known) => known === name);
    if (host === undefined) throw new Error(`unknown host ${JSON.stringify(name)}: wanted ${HOST_NAMES.join(", ")}`);
    return host;
  });
}

async function runHost(zoo: Zoo, entry: string, host: HostName, folder: string): Promise<HostReport> {
  const report: HostReport = { host, passed: 0, limited: [], failed: [], firstByteMs: NaN, misses: 0, outside: NONE };
  const path = zoo.benchPath(entry);
  const server = await startHost(host, folder, path);
  try {
    report.firstByteMs = server.firstByteMs;
    for (const result of await zoo.probe(entry, server.url)) judge(report, result);
    // Misses are said once a second at most, and when the guest has run.
    await new Promise((go) => setTimeout(go, 1100));
    await fetch(server.url + path).then((r) => r.arrayBuffer());
    report.misses = missesIn(server.output());
    report.outside = outsideIn(server.output());
  } catch (error) {
    report.error = error instanceof Error ? error.message : String(error);
  } finally {
    await server.stop();
    writeFileSync(join(folder, "..", `${host}.log`), server.output());
  }
  return report;
}

function warmRequests(file: string | null): WarmRequest[] {
  return file === null || file === "none" ? [] : parseWarmFile(readFileSync(file, "utf8"), file);
}

function judge(report: HostReport, result: ProbeResult): void {
  const { probe: { id }, differences } = result;
  const limit = result.ok ? undefined : HOST_LIMITS.find((l) => l.hosts.includes(report.host) && l.explains(result));
  if (result.ok) report.passed++;
  else if (limit !== undefined) report.limited.push({ id, reason: limit.reason });
  else report.failed.push({ id, differences });
}

function missesIn(log: string): number {
  return [...log.matchAll(/(\d+) regions of \S.* were not translated ahead/g)].reduce(
    (n, [, count]) => n + Number(count),
    0,
  );
}

const NONE = { share: 0, ms: 0 };

/** The last word on time; a host that has never needed other code says nothing. */
function outsideIn(log: string): { share: number; ms: number } {
  const said = [...log.matchAll(/([\d.]+) of [\d.]+ ms that the guest ran \(([\d.]+) %\)/g)].at(-1);
  return said === undefined ? NONE : { share: Number(said[2]) / 100, ms: Number(said[1]) };
}

function describe(entry: string, { app }: TranslatedImage, seconds: number, hosts: readonly HostReport[]): string {
  const lines: string[] = [];
  for (const { host, failed, limited, error } of hosts) {
    if (error !== undefined) lines.push(`${host}: ${error}`);
    for (const { id, differences } of failed) {
      lines.push(`${host}: ${id} FAILED`, ...differences.slice(0, 12).map((d) => `    ${d}`));
    }
    for (const reason of new Set(limited.map((l) => l.reason))) {
      const ids = limited.filter((l) => l.reason === reason).map((l) => l.id);
      lines.push(`${host}: ${ids.join(", ")}: limit of the host: ${reason}`);
    }
  }
  const sizes = Object.values(app.manifest.sizes);
  const sum = (key: "raw" | "gzip") => (sizes.reduce((n, s) => n + s[key], 0) / 1e6).toFixed(1);
  const stages = Object.entries(app.seconds).map(([name, s]) => `${name} ${s.toFixed(1)}`).join(", ");
  const rows = hosts.map((h) => [
    h.host,
    `${h.passed}/${h.passed + h.limited.length + h.failed.length}`,
    `${h.limited.length}`,
    `${h.failed.length}`,
    `${Math.round(h.firstByteMs)}`,
    `${h.misses}`,
    `${(100 * h.outside.share).toFixed(1)} % (${h.outside.ms} ms)`,
  ]);
  lines.push(
    `${entry}: translated in ${seconds.toFixed(1)} s (${stages}); output ${sum("raw")} MB, gzip ${sum("gzip")} MB`,
    table([["host", "passed", "host limits", "failed", "first byte ms", "misses", "outside"], ...rows]),
  );
  return lines.join("\n");
}

async function main(): Promise<number> {
  const [entry] = positionals;
  if (entry === undefined || positionals.length > 1) {
    console.error(
      "usage: deno task zoo ENTRY [--record] [--host deno,node,workers] [--zoo DIR] [--image FILE] [--warm FILE] [--fast] " +
        "[--keep] [--json]",
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
      onProgress: (text) => console.error(text),
    });
    const seconds = (performance.now() - since) / 1000;
    // The output needs nothing else: not its place, not the image.
    const copy = join(folder, "elsewhere", "app");
    cpSync(translated.out, copy, { recursive: true });
    rmSync(translated.out, { recursive: true });
    if (options.image === undefined) rmSync(image);
    const reports: HostReport[] = [];
    for (const host of hosts) reports.push(await runHost(zoo, entry, host, copy));
    if (options.json) {
      const { manifest, seconds: stages } = translated.app;
      console.log(JSON.stringify({ entry, seconds, stages, sizes: manifest.sizes, hosts: reports }, null, 1));
    } else {
      console.log(describe(entry, translated, seconds, reports));
      if (options.keep) console.log(`output and logs in ${folder}`);
    }
    return reports.every((r) => r.failed.length === 0 && r.error === undefined) ? 0 : 1;
  } finally {
    if (!options.keep) rmSync(folder, { recursive: true, force: true });
  }
}

process.exit(await main());
