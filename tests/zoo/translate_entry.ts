/** The image of an entry, translated into a folder of its own, and what that gives for the table. */
import { cpSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { parseWarmFile, type WarmRequest } from "../../src/boot/warm.ts";
import { type TranslatedImage, translateImage } from "../../src/cli/translate_image.ts";
import { checkBudget } from "../../src/package/budget.ts";
import { decodeDataFile } from "../../src/package/data_file.ts";
import { SNAPSHOT_BLOBS } from "../../src/snapshot/snapshot.ts";
import type { Zoo } from "./entry.ts";
import type { EntryResult, Size } from "./results.ts";
import { STATEFUL } from "./settings.ts";

/** For machines that do other things besides: what fails here is the server, not the time that it took. */
const BOOT_TIMEOUT_MS = 1_800_000;

export interface EntryOptions {
  /** This image instead of the entry's, which is made. */
  image: string | undefined;
  /** A warm file, "none", or null for the entry's own. */
  warm: string | null;
  /** With wasm-opt. */
  optimise: boolean;
  /** Takes translations from earlier runs, and keeps its own. */
  cache: boolean;
}

/** The output folder in the folder of a run. */
export function outputIn(folder: string): string {
  return join(folder, "elsewhere", "app");
}

/** The image that the output in the folder was made from, if it was made for that. */
export function imageIn(folder: string): string {
  return join(folder, "native.tar");
}

/** Translates; the output needs nothing else then: not the place where it was made, not the image. */
export async function translateEntry(
  zoo: Zoo,
  entry: string,
  folder: string,
  { image, warm, optimise, cache }: EntryOptions,
): Promise<EntryResult> {
  const file = image ?? await zoo.build(entry, folder);
  const since = performance.now();
  const translated = await translateImage(file, {
    out: join(folder, "out"),
    optimise,
    bootTimeoutMs: BOOT_TIMEOUT_MS,
    warm: warmRequests(warm ?? zoo.warmFile(entry)),
    stateful: STATEFUL.has(entry),
    logMemory: true,
    cache,
    onProgress: (text) => console.error(text),
  });
  const seconds = (performance.now() - since) / 1000;
  cpSync(translated.out, outputIn(folder), { recursive: true });
  rmSync(translated.out, { recursive: true });
  if (image === undefined) renameSync(file, imageIn(folder));
  return {
    entry,
    description: zoo.description(entry),
    fast: !optimise,
    cache,
    stateful: STATEFUL.has(entry),
    loadAverage: NaN,
    seconds,
    stages: translated.app.seconds,
    ...sizesOf(translated),
    over: checkBudget(translated.budget).filter(({ fits }) => !fits).map(({ host, what, needs, limit }) =>
      `${host}, ${what}: ${(needs / 1e6).toFixed(1)} of ${(limit / 1e6).toFixed(1)} MB`
    ),
    hosts: [],
  };
}

function warmRequests(file: string | null): WarmRequest[] {
  return file === null || file === "none" ? [] : parseWarmFile(readFileSync(file, "utf8"), file);
}

function sizesOf({ app: { manifest, files } }: TranslatedImage): { wasm: Size; snapshot: Size; output: Size } {
  const all = Object.entries(manifest.sizes);
  const codeFiles = new Set(["base.wasm", ...manifest.modules.map(({ file }) => file)]);
  const code = all.filter(([name]) => codeFiles.has(name));
  const blobs = decodeDataFile(files.get(manifest.data)!, manifest.data);
  const snapshot = SNAPSHOT_BLOBS.map((name) => blobs.get(name)!);
  return {
    wasm: total(code.map(([, size]) => size)),
    snapshot: total(snapshot.map((bytes) => ({ raw: bytes.length, gzip: gzipSync(bytes, { level: 6 }).length }))),
    output: total(all.map(([, size]) => size)),
  };
}

function total(sizes: readonly Size[]): Size {
  return { raw: sizes.reduce((n, s) => n + s.raw, 0), gzip: sizes.reduce((n, s) => n + s.gzip, 0) };
}
