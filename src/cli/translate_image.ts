/** An image file or folder into an output folder: what `translate` does, without its command line. */
import { basename, resolve } from "node:path";
import type { WarmRequest } from "../boot/warm.ts";
import { buildApp, type BuildOptions, type BuiltApp } from "../build.ts";
import type { CpuLevel } from "../machine/cpu_level.ts";
import { type BudgetInput, modulesToLeaveOut, type Sizes } from "../package/budget.ts";
import {
  bundleEntry,
  DENO_SERVER_FILE,
  denoServer,
  stopBundler,
  type Target,
  targetOfFile,
  TARGETS,
  wranglerConfig,
} from "./bundle.ts";
import { GROUP_FOLDER } from "../package/compressed_files.ts";
import type { Manifest } from "../package/manifest.ts";
import type { Translation } from "../translate/translate.ts";
import { GzipSizes } from "./gzip_sizes.ts";
import { openImagePath } from "./image_source.ts";
import { CachedTranslator } from "./translation_cache.ts";
import { TranslatorPool } from "./translator_pool.ts";
import { refuseUnusable, writeFolder } from "./output_folder.ts";
import { optimiseTranslation } from "./wasm_opt.ts";
import { deflater } from "./deflate.ts";

export interface TranslateImageOptions {
  out: string;
  targets?: readonly Target[];
  warm?: readonly WarmRequest[];
  /** Environment variables (NAME=VALUE) besides the image's own, and arguments instead of its command's. */
  env?: readonly string[];
  args?: readonly string[];
  /** Guest port that gets the requests. */
  port?: number;
  /** Whether the code goes through wasm-opt (default: false). */
  optimise?: boolean;
  bootTimeoutMs?: number;
  /** Whether translations are kept for the next time, and taken from there (default: true). */
  cache?: boolean;
  /** The processor that the image's programs are shown. */
  cpuLevel?: CpuLevel;
  /** Workers: one guest for all requests, in a Durable Object, instead of one a request. */
  stateful?: boolean;
  /** The hosts are to log how much memory the guest has. */
  logMemory?: boolean;
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
  refuseUnusable(out);
  const targets = options.targets ?? TARGETS;
  const opened = await openImagePath(path);
  const pool = new TranslatorPool();
  let app: BuiltApp;
  const stages = new StageReporter(options.onProgress);
  try {
    const build: BuildOptions = {
      translator: options.cache === false ? pool : new CachedTranslator(pool),
      warm: options.warm ?? [],
      onStage: (name) => {
        stages.enter(name);
        if (name !== "") options.onStage?.(name);
      },
      optimise: options.optimise ? optimiseAll : null,
      compress: deflater({ small: options.optimise ?? false }),
    };
    if (options.cpuLevel !== undefined) build.cpuLevel = options.cpuLevel;
    if (options.env !== undefined) build.env = options.env;
    if (options.args !== undefined) build.args = options.args;
    if (options.port !== undefined) build.port = options.port;
    if (options.bootTimeoutMs !== undefined) build.limits = { computeMs: options.bootTimeoutMs };
    if (options.onOutput !== undefined) build.onOutput = options.onOutput;
    if (options.onSyscall !== undefined) build.onSyscall = options.onSyscall;
    app = await buildApp(opened.image, build);
    stages.end();
  } finally {
    await pool.close();
    await opened.close();
  }
  if (options.logMemory) app.manifest.logMemory = true;
  const files = new Map<string, Uint8Array<ArrayBuffer>>(app.files);
  const gzip = new GzipSizes(), text = new TextEncoder();
  const measure = async ([name, bytes]: [string, Uint8Array]): Promise<[string, Sizes]> => {
    return [name, { raw: bytes.length, gzip: await gzip.sizeOf(bytes) }];
  };
  let sizes: Map<string, Sizes>, budget: BudgetInput;
  try {
    // While the bundler works.
    const measured = [...files].map(measure);
    const bundle = async (target: Target): Promise<[string, Uint8Array<ArrayBuffer>][]> =>
      [...await bundleEntry(target, app.manifest)].map(([name, lines]) => [name, text.encode(lines)]);
    for (const target of targets) for (const [name, bytes] of await bundle(target)) files.set(name, bytes);
    if (targets.includes("deno")) files.set(DENO_SERVER_FILE, text.encode(denoServer()));
    const others = [...files].filter(([name]) => !app.files.has(name)).map(measure);
    sizes = new Map(await Promise.all([...measured, ...others]));
    budget = budgetOf(app.manifest, sizes);
    const leftOut = targets.includes("workers") ? modulesToLeaveOut(budget) : [];
    if (leftOut.length > 0) {
      app.manifest.leftOut = app.manifest.modules.filter((m) => leftOut.includes(m.file)).map((m) => m.name);
      for (const file of await bundle("workers")) {
        files.set(...file);
        sizes.set(...await measure(file));
      }
      budget = budgetOf(app.manifest, sizes);
    }
  } finally {
    await Promise.all([stopBundler(), gzip.close()]);
  }
  if (targets.includes("workers")) {
    const config = wranglerConfig(workerName(path), { stateful: options.stateful ?? false });
    files.set("wrangler.toml", text.encode(config));
  }
  app.manifest.sizes = Object.fromEntries(sizes);
  files.set("lighter.json", text.encode(`${JSON.stringify(app.manifest, null, 1)}\n`));
  // The folder is there without files, too: wrangler.toml names it.
  writeFolder(out, files, [GROUP_FOLDER]);
  return { out, app, budget };
}

/** What the hosts' limits are held against. */
function budgetOf({ rootfs, memory, modules, leftOut }: Manifest, files: Map<string, Sizes>): BudgetInput {
  return {
    files,
    entries: new Map([...files.keys()].flatMap((name) => {
      const target = targetOfFile(name);
      return target === null ? [] : [[name, target] as const];
    })),
    rootfs,
    ...memory,
    modules: new Map(modules.map(({ file, name, inode, isRun }) => {
      const isPart = modules.some((m) => m.inode === inode && m.name !== name);
      return [file, { isRun, isPart, isLeftOut: leftOut.includes(name) }];
    })),
  };
}

async function optimiseAll(translations: readonly Translation[]): Promise<Translation[]> {
  const optimised: Translation[] = [];
  for (const t of translations) optimised.push(await optimiseTranslation(t));
  return optimised;
}

/** A Worker's name: lower case letters, digits and dashes. */
function workerName(path: string): string {
  const name = basename(path).replace(/\.(tar|tgz|gz|zst)\b.*$/, "").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(
    /^-|-$/g,
    "",
  );
  return name === "" ? "translated-image" : name.slice(0, 54);
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
