/** What a translated image needs, held against the documented limits of each host. */

import { GROUP_FOLDER } from "./compressed_files.ts";

const MIB = 1024 * 1024;

export interface Sizes {
  raw: number;
  gzip: number;
}

/** Hosts with entries of their own. */
export type BudgetHost = "deno" | "workers" | "node";

export interface BudgetInput {
  /** Files of the output by name. */
  files: Map<string, Sizes>;
  /** Those that only one host deploys. */
  entries: ReadonlyMap<string, BudgetHost>;
  /** Content of the image's files: as it is, and what is compressed, stored and expanded. */
  rootfs: { chunkBytes: number; storedBytes: number; expandedBytes: number };
  /** Guest memory at start, bytes: its length, what is not zero, and what of that is in no file of the image. */
  guestBytes: number;
  residentBytes: number;
  pagesBytes: number;
  /** Code modules by their files. */
  modules: ReadonlyMap<string, BudgetModule>;
}

export interface BudgetModule {
  /** Requests like those of the training run it. */
  isRun: boolean;
  /** worker.js does not have it. */
  isLeftOut: boolean;
  /** Another one has the rest of the file's code: requests like those ran all of one, and nothing of the other. */
  isPart: boolean;
}

export interface BudgetLine {
  host: string;
  what: string;
  needs: number;
  limit: number;
  fits: boolean;
}

/** Liftoff code takes about this many times the wasm bytes once it has run (measured, docs/DESIGN notes). */
const LIFTOFF_FACTOR = 4;
/** Part of a whole file's code that a typical run touches; the rest stays uncompiled. */
const TOUCHED_SHARE = 0.3;

/** A Worker's static assets: not among its modules, and in memory only once they are wanted. */
const isAsset = (name: string) => name.startsWith(`${GROUP_FOLDER}/`);

/**
 * Compares needs and limits. Workers: 64 MiB of modules uncompressed, 128 MB an isolate; Deno Deploy: 1 GB and 512 MB. Memory is
 * that of a guest that opens and runs what the training did.
 */
export function checkBudget(input: BudgetInput): BudgetLine[] {
  const { entries, modules, residentBytes } = input;
  const bytesOf = (names: (name: string) => boolean) =>
    [...input.files].reduce((n, [name, f]) => names(name) ? n + f.raw : n, 0);
  const deployed = (by: BudgetHost) => (name: string) =>
    !isAsset(name) && (entries.get(name) ?? by) === by && !(by === "workers" && modules.get(name)?.isLeftOut);
  const workers = bytesOf(deployed("workers")), deno = bytesOf(deployed("deno"));
  const isIdle = (name: string) => modules.get(name)?.isRun === false;
  const runOf = (isPart: boolean) =>
    bytesOf((name) => modules.get(name)?.isRun === true && modules.get(name)?.isPart === isPart);
  const memory = residentBytes + Math.round((runOf(true) + runOf(false) * TOUCHED_SHARE) * LIFTOFF_FACTOR);
  const line = (host: string, what: string, needs: number, limit: number): BudgetLine => ({
    host,
    what,
    needs,
    limit,
    fits: needs <= limit,
  });
  return [
    line("Workers", "modules, uncompressed", workers, 64 * MIB),
    line("Workers", "memory of an isolate (estimate)", memory + workers, 128_000_000),
    line("Deno Deploy", "deployment", deno + bytesOf(isAsset), 1_000_000_000),
    line("Deno Deploy", "memory (estimate)", memory + deno - bytesOf(isIdle), 512_000_000),
  ];
}

/**
 * Files of modules that are to be left out of worker.js for it to fit, of those that no request of the training runs: the largest,
 * as few as can be, and of files that are run at all only when that is not enough. None if it does not fit without them either.
 */
export function modulesToLeaveOut(input: BudgetInput): string[] {
  const sizeOf = (name: string) => input.files.get(name)?.raw ?? 0;
  const idle = [...input.modules].filter(([, { isRun }]) => !isRun).map(([name]) => name);
  const isPart = (name: string) => +input.modules.get(name)!.isPart;
  idle.sort((a, b) => isPart(a) - isPart(b) || sizeOf(b) - sizeOf(a));
  const modules = new Map(input.modules), leftOut: string[] = [];
  for (;;) {
    const lines = checkBudget({ ...input, modules });
    if (lines.every(({ host, fits }) => host !== "Workers" || fits)) return leftOut;
    const next = idle[leftOut.length];
    if (next === undefined) return [];
    leftOut.push(next);
    modules.set(next, { ...modules.get(next)!, isLeftOut: true });
  }
}

/** The report that translate prints. */
export function formatBudget(input: BudgetInput): string {
  const rows = new Map<string, Sizes & { count: number }>();
  for (const [name, { raw, gzip }] of input.files) {
    // Files of a folder have one line.
    const row = name.slice(0, name.indexOf("/") + 1) || name, known = rows.get(row) ?? { raw: 0, gzip: 0, count: 0 };
    rows.set(row, { raw: known.raw + raw, gzip: known.gzip + gzip, count: known.count + 1 });
  }
  const lines = [...rows].map(([row, { raw, gzip, count }]) => {
    const name = row.endsWith("/") ? `${row} (${count})` : row;
    return `  ${name.padEnd(24)} ${megabytes(raw).padStart(9)} MB ${megabytes(gzip).padStart(9)} MB gzip`;
  });
  lines.push(
    `  ${"guest memory".padEnd(24)} ${megabytes(input.guestBytes).padStart(9)} MB ${
      megabytes(input.residentBytes).padStart(9)
    } MB not zero, ${megabytes(input.pagesBytes)} MB of it in no file`,
  );
  const { chunkBytes, storedBytes, expandedBytes } = input.rootfs;
  const compressed = expandedBytes === 0
    ? ""
    : `, ${megabytes(expandedBytes)} MB not wanted at once compressed to ${megabytes(storedBytes)}`;
  lines.push(`  ${"files of the image".padEnd(24)} ${megabytes(chunkBytes).padStart(9)} MB as they are${compressed}`);
  for (const b of checkBudget(input)) {
    const verdict = b.fits ? "fits" : `TOO LARGE by ${megabytes(b.needs - b.limit)} MB`;
    lines.push(
      `  ${`${b.host}: ${b.what}`.padEnd(46)} ${megabytes(b.needs).padStart(8)} of ${
        megabytes(b.limit)
      } MB, ${verdict}`,
    );
  }
  return lines.join("\n");
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e5 ? 3 : 1);
}
