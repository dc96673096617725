/**
 * Holds translated servers of a zoo (a folder of container images with the recorded answers of the real servers) against
 * those answers: builds the image, translates it, throws the image away, serves a copy of the output, sends the probes.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { main as lighter } from "../../src/cli/main.ts";
import { HOST_GAPS } from "../known_failures/zoo.ts";
import { type HostName, HOSTS, serveTranslated } from "../support/translated_server.ts";

const HELP = `Usage: deno task zoo ENTRY... [options]

  --host LIST   of deno,node,workers (default: all three)
  --zoo DIR     the zoo (default: $LIGHTER_ZOO, or ../shared/zoo)
  --warm FILE   training requests for the translation
  --only IDS    these probes only

Building an image needs root and a Debian machine.`;

const { values, positionals: entries } = parseArgs({
  allowPositionals: true,
  options: {
    host: { type: "string", default: HOSTS.join(",") },
    zoo: {
      type: "string",
      default: process.env.LIGHTER_ZOO ?? fileURLToPath(new URL("../../../shared/zoo", import.meta.url)),
    },
    warm: { type: "string" },
    only: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
});
const hosts = values.host.split(",") as HostName[];
const unknown = hosts.find((host) => !HOSTS.includes(host));
if (values.help || entries.length === 0 || unknown !== undefined) {
  console.error(unknown === undefined ? HELP : `zoo: no host ${JSON.stringify(unknown)}\n\n${HELP}`);
  process.exit(values.help ? 0 : 2);
}
if (!existsSync(join(values.zoo, "zoo"))) {
  console.error(`zoo: there is none in ${values.zoo}`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), "lighter-zoo-"));
let failures = 0;
try {
  for (const entry of entries) {
    const output = await translated(entry);
    for (const host of hosts) {
      if (output === null || !await probe(entry, host, output)) failures++;
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const runs = entries.length * hosts.length;
console.log(`zoo: ${runs - failures} runs passed, ${failures} failed`);
process.exit(failures === 0 ? 0 : 1);

/** The output folder of an entry, with nothing left of the image; null if it could not be made. */
async function translated(entry: string): Promise<string | null> {
  if (zoo("build", entry, "--out", folder) !== 0) return null;
  const image = join(folder, `${entry}.tar`), out = join(folder, `${entry}-out`), copy = join(folder, entry);
  const warm = values.warm === undefined ? [] : ["--warm", values.warm];
  if (await lighter(["translate", image, "--out", out, ...warm]) !== 0) return null;
  cpSync(out, copy, { recursive: true });
  rmSync(out, { recursive: true });
  rmSync(image);
  return copy;
}

async function probe(entry: string, host: HostName, output: string): Promise<boolean> {
  console.log(`\n${entry} on ${host}`);
  const { bench } = JSON.parse(readFileSync(join(values.zoo, entry, "probes.json"), "utf8"));
  try {
    const server = await serveTranslated(host, output, bench);
    try {
      return judge(host, runProbes(entry, server.url));
    } finally {
      await server.stop();
    }
  } catch (e) {
    console.error(`zoo: ${(e as Error).message}`);
    return false;
  }
}

interface ProbeResult {
  id: string;
  ok: boolean;
  ms: number;
  differences: string[];
}

function runProbes(entry: string, url: string): ProbeResult[] {
  const only = values.only === undefined ? [] : ["--only", values.only];
  const args = ["probe", entry, url, "--via-fetch", "--json", ...only];
  const { stdout } = spawnSync(join(values.zoo, "zoo"), args, {
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  return JSON.parse(stdout).probes;
}

/** Shows what the probes saw; false if one failed that is not known to fail on this host. */
function judge(host: HostName, probes: ProbeResult[]): boolean {
  const counts = { passed: 0, known: 0, failed: 0 };
  for (const { id, ok, ms, differences } of probes) {
    const gap = HOST_GAPS.find((g) =>
      g.host === host && g.probe.test(id) && differences.every((d) => g.difference.test(d))
    );
    const verdict = ok ? "passed" : gap !== undefined ? "known" : "failed";
    counts[verdict]++;
    console.log(`  ${verdict.padEnd(6)} ${id} (${ms} ms)${verdict === "known" ? `: ${gap!.reason}` : ""}`);
    if (verdict === "failed") { for (const difference of differences) console.log(`         ${difference}`); }
  }
  console.log(`  ${counts.passed} probes passed, ${counts.known} known host differences, ${counts.failed} failed`);
  return counts.failed === 0 && counts.passed > 0;
}

function zoo(...args: string[]): number {
  return spawnSync(join(values.zoo, "zoo"), args, { stdio: "inherit" }).status ?? 1;
}
