/** `translate`: a container image into a folder that Deno, Workers and Node serve as it is. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { parseWarmFile, type WarmRequest } from "../boot/warm.ts";
import { buildApp, type BuildOptions, type BuiltApp } from "../build.ts";
import { badInput } from "../errors.ts";
import { type CpuLevel, DEFAULT_CPU_LEVEL } from "../machine/cpu_level.ts";
import { type BudgetInput, checkBudget, formatBudget, type Sizes } from "../package/budget.ts";
import { bundleEntry, ENTRY_FILES, stopBundler, type Target, TARGETS, wranglerConfig } from "./bundle.ts";
import { parseCpuLevel } from "./cpu_option.ts";
import { openImagePath } from "./image_source.ts";
import type { Manifest } from "../package/manifest.ts";
import { V3_FEATURES } from "../x86/features.ts";
import { UsageError } from "./usage.ts";
import { optimiseTranslation } from "./wasm_opt.ts";

const HELP = `Usage: deno task translate IMAGE [options]

Translates the server of a container image. IMAGE is a docker-save tar, or an OCI image layout (tar or directory); layers and
the archive itself may be plain, gzip or zstd.

  --out DIR        output folder (default: out); an earlier translation there is replaced
  --target LIST    hosts to make entries for, of deno,workers,node (default: all three)
  --port N         the server's port that gets the requests (default: the first one that the image exposes and the server
                   listens on, or else the first that it listens on for others than itself)
  --warm FILE      requests to answer before the server is frozen: a path, METHOD PATH, or a JSON object
                   {"method","path","headers","body"} a line
  --cpu LEVEL      the processor the image's programs are shown: x86-64-v2 (default) or x86-64-v3
  --fast           never run the optimiser (wasm-opt): quicker to translate, 6 to 8 % larger code
  --optimise       run it on large programs too, at some 20 to 60 kB of x86 a second; by default only those whose module is
                   below 2 MB are optimised
  --boot-timeout S give up when the server has computed this long without listening (default 120)
  --json           print the manifest instead of the report
  --verbose        show the server's output while it boots
  --trace          write every system call of the boot, the warm-up and the training to standard error
  --help           this text

The folder needs nothing else: \`deno serve DIR/deno.js\`, \`node DIR/node.mjs\`, \`cd DIR && wrangler dev\`.`;

const OPTIONS = {
  out: { type: "string", default: "out" },
  target: { type: "string", default: TARGETS.join(",") },
  port: { type: "string" },
  warm: { type: "string" },
  cpu: { type: "string", default: DEFAULT_CPU_LEVEL },
  fast: { type: "boolean", default: false },
  optimise: { type: "boolean", default: false },
  "boot-timeout": { type: "string", default: "120" },
  json: { type: "boolean", default: false },
  verbose: { type: "boolean", default: false },
  trace: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

export async function translateCommand(args: string[]): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (e) {
    throw new UsageError((e as Error).message.split("\n")[0]);
  }
  const { values, positionals } = parsed;
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (values.fast && values.optimise) throw new UsageError("--fast and --optimise exclude each other");
  if (positionals.length !== 1) {
    throw new UsageError(positionals.length === 0 ? "no image given" : "more than one image given");
  }
  const seconds = Number(values["boot-timeout"]);
  if (!(seconds > 0)) throw new UsageError(`--boot-timeout ${values["boot-timeout"]}: want a number of seconds`);
  const result = await translateImage(positionals[0], {
    out: values.out,
    targets: parseTargets(values.target),
    warm: values.warm === undefined ? [] : readWarmFile(values.warm),
    ...(values.port === undefined ? {} : { port: parsePort(values.port) }),
    optimise: values.fast ? "never" : values.optimise ? "always" : "small",
    bootTimeoutMs: seconds * 1000,
    cpuLevel: parseCpuLevel(values.cpu),
    onProgress: progressLine,
    ...(values.trace ? { onSyscall: (line: string) => console.error(line), onStage: stageLine } : {}),
    ...(values.verbose ? { onOutput: (line: string) => console.error(`| ${line}`) } : {}),
  });
  console.log(values.json ? JSON.stringify(result.app.manifest, null, 1) : report(result));
  return 0;
}

export interface TranslateImageOptions {
  out: string;
  targets?: readonly Target[];
  warm?: readonly WarmRequest[];
  /** Guest port that gets the requests. */
  port?: number;
  /** Which programs go through wasm-opt; small ones by default. */
  optimise?: "never" | "small" | "always";
  bootTimeoutMs?: number;
  /** The processor that the image's programs are shown. */
  cpuLevel?: CpuLevel;
  /** Told of stations that take longer than a second. */
  onProgress?: (text: string) => void;
  onOutput?: (line: string) => void;
  /** Told when a station begins, and of the system calls of those that run the guest. */
  onStage?: (name: string) => void;
  onSyscall?: (line: string) => void;
}

export interface TranslatedImage {
  /** The output folder. */
  out: string;
  app: BuiltApp;
  budget: BudgetInput;
}

/** Translates an image file or folder and writes the output folder, whole or not at all. */
export async function translateImage(path: string, options: TranslateImageOptions): Promise<TranslatedImage> {
  const out = resolve(options.out);
  refuseForeign(out);
  const targets = options.targets ?? TARGETS;
  const opened = await openImagePath(path);
  let app: BuiltApp;
  const stages = new StageReporter(options.onProgress);
  try {
    const build: BuildOptions = {
      warm: options.warm ?? [],
      onStage: (name) => {
        stages.enter(name);
        if (name !== "") options.onStage?.(name);
      },
      optimise: optimiserFor(options.optimise ?? "small"),
    };
    if (options.cpuLevel !== undefined) build.cpuLevel = options.cpuLevel;
    if (options.port !== undefined) build.port = options.port;
    if (options.bootTimeoutMs !== undefined) build.limits = { computeMs: options.bootTimeoutMs };
    if (options.onOutput !== undefined) build.onOutput = options.onOutput;
    if (options.onSyscall !== undefined) build.onSyscall = options.onSyscall;
    app = await buildApp(opened.image, build);
    stages.end();
  } finally {
    await opened.close();
  }
  const files = new Map<string, Uint8Array<ArrayBuffer>>(app.files);
  const text = new TextEncoder();
  try {
    for (const target of targets) files.set(ENTRY_FILES[target], text.encode(await bundleEntry(target, app.manifest)));
  } finally {
    await stopBundler();
  }
  const sizes = new Map<string, Sizes>();
  for (const [name, bytes] of files) sizes.set(name, { raw: bytes.length, gzip: gzipSync(bytes, { level: 6 }).length });
  if (targets.includes("workers")) files.set("wrangler.toml", text.encode(wranglerConfig(workerName(path))));
  app.manifest.sizes = Object.fromEntries(sizes);
  files.set("lighter.json", text.encode(`${JSON.stringify(app.manifest, null, 1)}\n`));
  writeFolder(out, files);
  const budget: BudgetInput = {
    files: sizes,
    guestBytes: app.manifest.memory.guestBytes,
    residentBytes: app.manifest.memory.residentBytes,
    pagesBytes: app.manifest.memory.pagesBytes,
    wasmBytes: app.translations.reduce((n, t) => n + t.wasm.length, 0),
  };
  return { out, app, budget };
}

/** wasm-opt takes seconds for a module of this size, minutes for one of ten times it, and saves 6 to 8 %. */
const SMALL_WASM_BYTES = 2_000_000;

function optimiserFor(which: "never" | "small" | "always"): Exclude<BuildOptions["optimise"], undefined> {
  if (which === "never") return null;
  return (t) => which === "always" || t.wasm.length <= SMALL_WASM_BYTES ? optimiseTranslation(t) : Promise.resolve(t);
}

/** An existing folder is replaced only if we made it. */
function refuseForeign(out: string): void {
  if (!existsSync(out)) return;
  let names: string[];
  try {
    names = readdirSync(out);
  } catch {
    throw badInput("output path is there and is no folder", { file: out });
  }
  if (names.length > 0 && !names.includes("lighter.json")) {
    throw badInput("output folder holds something else than a translated image; it is left alone", { file: out });
  }
}

/** Writes beside, then renames: a reader sees the old folder or the new one. */
function writeFolder(out: string, files: ReadonlyMap<string, Uint8Array>): void {
  const fresh = join(dirname(out), `.${basename(out)}.${process.pid}.new`);
  try {
    mkdirSync(fresh, { recursive: true });
    for (const [name, bytes] of files) writeFileSync(join(fresh, name), bytes);
    rmSync(out, { recursive: true, force: true });
    renameSync(fresh, out);
  } catch (e) {
    rmSync(fresh, { recursive: true, force: true });
    throw badInput(`cannot write the output folder: ${(e as Error).message}`, { file: out }, { cause: e });
  }
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new UsageError(`--port ${text}: want a number to 65535`);
  }
  return port;
}

function parseTargets(list: string): Target[] {
  const names = list.split(",").map((n) => n.trim()).filter((n) => n !== "");
  for (const name of names) {
    if (!TARGETS.includes(name as Target)) {
      throw new UsageError(`unknown target ${JSON.stringify(name)}: want ${TARGETS.join(", ")}`);
    }
  }
  if (names.length === 0) throw new UsageError("--target names no host");
  return names as Target[];
}

function readWarmFile(path: string): WarmRequest[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (e) {
    throw badInput(`cannot read the warm file: ${(e as Error).message}`, { file: path });
  }
  return parseWarmFile(text, path);
}

/** A Worker's name: lower case letters, digits and dashes. */
function workerName(path: string): string {
  const name = basename(path).replace(/\.(tar|tgz|gz|zst)\b.*$/, "").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(
    /^-|-$/g,
    "",
  );
  return name === "" ? "translated-image" : name.slice(0, 54);
}

/** Says between lines of a trace where the line is now. */
function stageLine(name: string): void {
  console.error(`--- ${name}`);
}

function progressLine(text: string): void {
  console.error(text);
}

/** Names a station once it has taken a second, and how long it took. */
class StageReporter {
  #name = "";
  #since = 0;

  constructor(readonly onProgress: ((text: string) => void) | undefined) {}

  enter(name: string): void {
    this.end();
    this.#name = name;
    this.#since = performance.now();
  }

  end(): void {
    const seconds = (performance.now() - this.#since) / 1000;
    if (this.#name !== "" && seconds > 1) this.onProgress?.(`${this.#name}: ${seconds.toFixed(1)} s`);
    this.#name = "";
  }
}

function report({ out, app, budget }: TranslatedImage): string {
  const { manifest } = app;
  const lines = [
    `${manifest.process.argv.join(" ")}, listening on ${
      manifest.listeners.map((l) => `${l.ip}:${l.port}`).join(", ")
    }; requests go to port ${manifest.port}`,
  ];
  for (const m of manifest.modules) {
    lines.push(`${m.path}: ${m.entries} regions, ${kilobytes(m.x86Bytes)} of x86 to ${kilobytes(m.wasmBytes)} of wasm`);
  }
  const { instructions, syscalls } = manifest.unsupported;
  lines.push(...describeUnsupported(instructions, manifest.cpu));
  for (const s of syscalls) lines.push(`system call ${s.name} is not implemented (asked for ${s.count} times)`);
  lines.push(formatBudget(budget));
  if (checkBudget(budget).some((b) => !b.fits)) lines.push("Some hosts' limits are exceeded; see above.");
  lines.push("", `Output in ${out}`, `  deno serve ${join(out, "deno.js")}`);
  return lines.join("\n");
}

type UnsupportedRow = Manifest["unsupported"]["instructions"][number];

/** Those that programs use only after asking CPUID, by feature; the others by name. */
function describeUnsupported(rows: readonly UnsupportedRow[], cpu: string): string[] {
  const sum = (of: readonly UnsupportedRow[], key: "feature" | "mnemonic"): string => {
    const counts = new Map<string, number>();
    for (const row of of) counts.set(row[key], (counts.get(row[key]) ?? 0) + row.count);
    return [...counts].sort((a, b) => b[1] - a[1]).map(([name, count]) => `${name} (${count})`).join(", ");
  };
  const isOptional = ({ feature }: UnsupportedRow) =>
    V3_FEATURES.has(feature) || feature === "avx512" || feature === "rtm";
  const optional = rows.filter(isOptional), others = rows.filter((row) => !isOptional(row));
  const lines: string[] = [];
  if (optional.length > 0) {
    lines.push(
      `instructions that a processor of level ${cpu} does not have, for programs that ask: ${sum(optional, "feature")}`,
    );
  }
  if (others.length > 0) lines.push(`instructions that would raise SIGILL: ${sum(others, "mnemonic")}`);
  return lines;
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1000)} kB`;
}
