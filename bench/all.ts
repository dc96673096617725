/** All benchmarks, and their figures beside what they are to be. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import * as apps from "./apps.ts";
import * as cpu from "./cpu.ts";
import { ratios, ratioText, type Results } from "./measure.ts";
import * as requests from "./requests.ts";
import * as size from "./size.ts";
import type { SizeFigures } from "./size.ts";
import { geometricMean, table } from "./statistics.ts";
import * as translate from "./translate.ts";
import type { TranslateFigures } from "./translate.ts";

export const usage = `deno task bench all [options]
  --quick             as for each of them
  --skip A,B          of cpu, apps, size, translate, requests
  --from DIR          figures that an earlier run left there, instead of measuring
  --to DIR            where the figures are kept`;

/** What requests.ts writes, as far as it is needed. */
type RequestFigures = Record<string, { servers: { server: string; requestsPerSecond: number }[] }>;

interface Figures {
  cpu?: Results;
  apps?: Results;
  size?: Record<string, SizeFigures>;
  translate?: TranslateFigures;
  requests?: RequestFigures;
}

/** A line of the table of targets. */
type Line = [what: string, target: string, measured: string];

/** Runs them; the exit code. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      skip: { type: "string", default: "" },
      from: { type: "string" },
      to: { type: "string" },
    },
  });
  const quick = values.quick ? ["--quick"] : [], load = values.quick ? ["--seconds", "2", "--rounds", "3"] : [];
  const benchmarks: Record<string, () => [{ main(args: string[]): Promise<number> }, string[]]> = {
    cpu: () => [cpu, quick],
    apps: () => [apps, quick],
    size: () => [size, []],
    translate: () => [translate, quick],
    requests: () => [requests, ["--entry", "nginx,lighttpd", ...load]],
  };
  const kept = values.from ?? values.to, folder = kept ?? mkdtempSync(join(tmpdir(), "lighter-bench-"));
  const figures: Record<string, unknown> = {};
  let code = 0;
  try {
    for (const [name, benchmark] of Object.entries(benchmarks)) {
      if (values.skip.split(",").includes(name)) continue;
      const json = join(folder, `${name}.json`);
      if (values.from === undefined) {
        const [{ main }, options] = benchmark();
        console.log(`\n== ${name}`);
        code ||= await main([...options, "--json", json]);
      }
      figures[name] = JSON.parse(readFileSync(json, "utf8"));
    }
  } finally {
    if (kept === undefined) rmSync(folder, { recursive: true, force: true });
  }
  console.log(`\n${table([["", "target", "measured"], ...targets(figures)])}`);
  return code;
}

/** The targets for which there are figures. */
function targets({ cpu, apps, size, translate, requests }: Figures): Line[] {
  const lines: Line[] = [];
  if (cpu !== undefined || apps !== undefined) lines.push(...speed({ ...cpu, ...apps }));
  if (requests !== undefined) {
    lines.push(...Object.entries(requests).flatMap(([entry, { servers }]) => rates(entry, servers)));
  }
  if (size !== undefined) {
    const all = Object.values(size).map((s) => s.gzipRatio);
    lines.push(["wasm over x86 text, compressed", "<= 2.5", ratioText(geometricMean(all))]);
  }
  if (translate !== undefined) lines.push(...translation(translate));
  return lines;
}

function speed(results: Results): Line[] {
  // The same program under another environment is no program more.
  const rows = Object.entries(results).filter(([name]) => name !== "openssl-v2");
  const lines: Line[] = [];
  for (const figure of ["warm", "cold"] as const) {
    const all = rows.map(([name, row]) => ({ name, ratio: ratios(row, "native", "aot")[figure] }));
    const [worst] = [...all].sort((a, b) => b.ratio - a.ratio);
    const target = figure === "warm" ? ["<= 1.5", "<= 2.5"] : ["<= 2.0", "-"];
    const what = `CPU over native, ${figure}`;
    lines.push([`${what}, ${all.length} programs`, target[0], ratioText(geometricMean(all.map((r) => r.ratio)))]);
    lines.push([`${what}, slowest`, target[1], `${ratioText(worst.ratio)} (${worst.name})`]);
  }
  if (rows.every(([, row]) => row.qemu !== undefined)) {
    const all = rows.map(([, row]) => ratios(row, "native", "qemu").warm);
    lines.push(["qemu-user over native", "-", ratioText(geometricMean(all))]);
  }
  return lines;
}

function rates(entry: string, servers: RequestFigures[string]["servers"]): Line[] {
  const [native, ...others] = servers;
  return others.filter(({ server }) => !server.includes(",")).map(({ server, requestsPerSecond }): Line => [
    `requests/s over native, ${entry}, ${server}`,
    ">= 0.5",
    native.server === "native" ? ratioText(requestsPerSecond / native.requestsPerSecond) : "-",
  ]);
}

function translation({ elfs, images }: TranslateFigures): Line[] {
  const rate = (optimise: boolean): string => {
    const of = elfs.filter((e) => e.optimise === optimise);
    if (of.length === 0) return "-";
    const largest = of.reduce((a, b) => a.x86Bytes > b.x86Bytes ? a : b);
    return `${(largest.x86Bytes / 1e6 / largest.cpuSeconds).toFixed(3)} (${basename(largest.path)})`;
  };
  const memory = Math.max(...elfs.map((e) => e.rssBytes)) / 1e9;
  const largest = Math.max(...elfs.map((e) => e.x86Bytes)) / 1e6;
  const lines: Line[] = [
    ["MB of x86 text a second a core", ">= 2 (--fast), 0.3 (full)", rate(false)],
    ["the same with --optimise", "-", rate(true)],
    [`GB of memory for ${largest.toFixed(0)} MB of text`, "<= 2", memory.toFixed(2)],
  ];
  for (const { path, wallSeconds, seconds } of images) {
    const name = basename(path, ".tar"), isPython = name.startsWith("python");
    lines.push([`seconds of translate, ${name}`, isPython ? "<= 60" : "<= 10", wallSeconds.toFixed(1)]);
    if (isPython) lines.push([`seconds of its boot`, "<= 5", (seconds.boot ?? NaN).toFixed(1)]);
  }
  return lines;
}
