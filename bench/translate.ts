/**
 * The translator: how fast it takes x86 code in, how much larger the wasm is, how much memory that needs; and whole images,
 * with the seconds that their servers need to boot. Each in a process of its own.
 */
import { existsSync, globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { Zoo } from "../tests/zoo/entry.ts";
import { median, table } from "./statistics.ts";
import type { Cost, ElfCost, ImageCost } from "./translate_child.ts";

export const usage = `deno task bench translate [options] [ELF...]
  --quick             one translation of each (else 3; the median counts)
  --images A,B        entries of the zoo (nginx,python-http); "" for none
  --zoo DIR           where the zoo is ($LIGHTER_ZOO, or ../shared/zoo)
  --json FILE         all figures
ELF files by default: GCC's C compiler (about 20 MB of text), and gzip, which goes through wasm-opt as well (--optimise).`;

/** An ELF file, as translate has it or with --optimise; or an image. */
interface Job {
  kind: "elf" | "image";
  optimise: boolean;
  path: string;
}

/** All figures. */
export interface TranslateFigures {
  elfs: (Job & ElfCost)[];
  images: (Job & ImageCost)[];
}

/** Runs the benchmark; the exit code. */
export async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      images: { type: "string", default: "nginx,python-http" },
      zoo: { type: "string", default: Zoo.defaultDirectory() },
      json: { type: "string" },
    },
  });
  const elfs: Job[] = positionals.length > 0
    ? positionals.map((path) => ({ kind: "elf", optimise: false, path }))
    : defaultElfs();
  const figures: TranslateFigures = { elfs: [], images: [] };
  for (const job of elfs) figures.elfs.push({ ...job, ...await middle<ElfCost>(job, values.quick) });
  console.log(elfTable(figures.elfs));
  const folder = mkdtempSync(join(tmpdir(), "lighter-bench-"));
  try {
    for (const entry of values.images.split(",").filter(Boolean)) {
      const path = await imageOf(values.zoo, entry, folder);
      if (path === null) {
        console.error(`no image of ${entry}, and no zoo in ${values.zoo} to build it from: left out`);
        continue;
      }
      const job: Job = { kind: "image", optimise: false, path };
      figures.images.push({ ...job, ...await middle<ImageCost>(job, values.quick) });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (figures.images.length > 0) console.log(`\n${imageTable(figures.images)}`);
  if (values.json !== undefined) await Deno.writeTextFile(values.json, JSON.stringify(figures, null, 1) + "\n");
  return 0;
}

function defaultElfs(): Job[] {
  const compilers = globSync("/usr/lib*/gcc/x86_64-linux-gnu/*/cc1");
  if (compilers.length === 0) console.error("no cc1 of GCC: apt-get install gcc");
  const large = compilers.slice(0, 1).map((path): Job => ({ kind: "elf", optimise: false, path }));
  return [
    ...large,
    ...[false, true].map((optimise): Job => ({ kind: "elf", optimise, path: "/usr/bin/gzip" })),
  ];
}

/** The zoo's own image if it is there, else built into the folder; null without a zoo. */
async function imageOf(zoo: string, entry: string, folder: string): Promise<string | null> {
  const built = join(Deno.env.get("HOME") ?? ".", ".cache/zoo/images", `${entry}.tar`);
  if (existsSync(built)) return built;
  return existsSync(join(zoo, "zoo")) ? await new Zoo(zoo).build(entry, folder) : null;
}

/** The run of a job whose time is the median. */
async function middle<T extends Cost>(job: Job, isQuick: boolean): Promise<T> {
  const runs: T[] = [];
  for (let i = 0; i < (isQuick ? 1 : 3); i++) runs.push(await runChild(job) as T);
  const time = median(runs.map((run) => run.cpuSeconds));
  return runs.find((run) => run.cpuSeconds === time)!;
}

async function runChild({ kind, optimise, path }: Job): Promise<Cost> {
  const script = new URL("translate_child.ts", import.meta.url).pathname;
  const args = ["run", "-A", "--no-check", script, kind, `${optimise}`, path];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  if (!success) throw new Error(`${path} cannot be translated: ${new TextDecoder().decode(stderr).slice(-2000)}`);
  return JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!);
}

const mega = (bytes: number) => (bytes / 1e6).toFixed(2);

function elfTable(rows: TranslateFigures["elfs"]): string {
  return table([
    [
      "program",
      "wasm-opt",
      "regions",
      "x86 MB",
      "text MB",
      "wasm MB",
      "wasm/x86",
      "gzip/gzip",
      "CPU s",
      "MB/s a core",
      "RSS MB",
    ],
    ...rows.map((r) => [
      basename(r.path),
      r.optimise ? "yes" : "no",
      `${r.regions}`,
      ...[r.x86Bytes, r.textBytes, r.wasmBytes].map(mega),
      (r.wasmBytes / r.x86Bytes).toFixed(2),
      r.gzipRatio.toFixed(2),
      r.cpuSeconds.toFixed(1),
      (r.x86Bytes / 1e6 / r.cpuSeconds).toFixed(3),
      (r.rssBytes / 1e6).toFixed(0),
    ]),
  ]);
}

function imageTable(rows: TranslateFigures["images"]): string {
  return table([
    ["image", "seconds", "CPU s", "boot s", "training s", "translate s", "x86 MB", "wasm MB", "RSS MB"],
    ...rows.map((r) => [
      basename(r.path, ".tar"),
      r.wallSeconds.toFixed(1),
      r.cpuSeconds.toFixed(1),
      ...["boot", "training", "translate"].map((station) => (r.seconds[station] ?? 0).toFixed(1)),
      ...[r.x86Bytes, r.wasmBytes].map(mega),
      (r.rssBytes / 1e6).toFixed(0),
    ]),
  ]);
}
