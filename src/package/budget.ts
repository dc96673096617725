/** What a translated image needs, held against the documented limits of each host. */

const MIB = 1024 * 1024;

export interface Sizes {
  raw: number;
  gzip: number;
}

export interface BudgetInput {
  /** Deployed files by name. */
  files: Map<string, Sizes>;
  /** Guest memory at start, bytes: its length, what is not zero, and what of that is in no file of the image. */
  guestBytes: number;
  residentBytes: number;
  pagesBytes: number;
  wasmBytes: number;
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
/** Part of the code that a typical run touches; the rest stays uncompiled. */
const TOUCHED_SHARE = 0.3;

/** Compares needs and limits. Workers: 64 MiB of modules uncompressed, 128 MB an isolate; Deno Deploy: 1 GB and 512 MB. */
export function checkBudget(input: BudgetInput): BudgetLine[] {
  const deployed = [...input.files.values()].reduce((n, f) => n + f.raw, 0);
  const memory = input.residentBytes + deployed + Math.round(input.wasmBytes * LIFTOFF_FACTOR * TOUCHED_SHARE);
  const line = (host: string, what: string, needs: number, limit: number): BudgetLine => ({
    host,
    what,
    needs,
    limit,
    fits: needs <= limit,
  });
  return [
    line("Workers", "modules, uncompressed", deployed, 64 * MIB),
    line("Workers", "memory of an isolate (estimate)", memory, 128_000_000),
    line("Deno Deploy", "deployment", deployed, 1_000_000_000),
    line("Deno Deploy", "memory (estimate)", memory, 512_000_000),
  ];
}

/** The report that translate prints. */
export function formatBudget(input: BudgetInput): string {
  const lines = [...input.files].map(([name, s]) =>
    `  ${name.padEnd(24)} ${megabytes(s.raw).padStart(9)} MB ${megabytes(s.gzip).padStart(9)} MB gzip`
  );
  lines.push(
    `  ${"guest memory".padEnd(24)} ${megabytes(input.guestBytes).padStart(9)} MB ${
      megabytes(input.residentBytes).padStart(9)
    } MB not zero, ${megabytes(input.pagesBytes)} MB of it in no file`,
  );
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
