/**
 * CPU-bound programs: native, qemu-user and Lighter, interleaved. Each program runs identical rounds; the first is the
 * cold time, the median of the later ones the warm time.
 */
import { parseArgs } from "node:util";
import { buildPrograms } from "./build.ts";
import { geometricMean, median, table } from "./statistics.ts";
import { type Run, runOnce, type Variant, VARIANTS, variantsNamed } from "./variants.ts";

export const usage = `deno task bench cpu [options]
  --quick             3 rounds, one repetition (else 10 rounds, 3 repetitions)
  --rounds N          rounds of a run
  --repeat N          repetitions of each run
  --only A,B          programs to run
  --variants A,B      of ${VARIANTS.map((variant) => variant.name).join(", ")}
  --timeout SECONDS   for one run (300)
  --json FILE         all figures`;

/** Figures of one program under one variant, medians over the repetitions. */
export interface Figures {
  coldNs: number;
  warmNs: number;
  /** Whole process, start-up and translation included. */
  wallMs: number;
  failure?: string;
}

export type Results = Record<string, Record<string, Figures>>;

/** Runs the benchmark; the exit code. */
export async function main(args: string[]): Promise<number> {
  const { values: options } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      repeat: { type: "string" },
      only: { type: "string", default: "" },
      variants: { type: "string", default: VARIANTS.map((variant) => variant.name).join(",") },
      timeout: { type: "string", default: "300" },
      json: { type: "string" },
    },
  });
  const rounds = Number(options.rounds ?? (options.quick ? 3 : 10));
  const repeat = Number(options.repeat ?? (options.quick ? 1 : 3));
  const only = options.only.split(",").filter(Boolean);
  const programs = (await buildPrograms()).filter(({ name }) => only.length === 0 || only.includes(name));
  const variants = variantsNamed(options.variants.split(","));
  const results: Results = {};
  for (const { name, path } of programs) {
    results[name] = await measure({ path, args: [String(rounds)] }, variants, repeat, Number(options.timeout) * 1000);
    console.error(`${name}: ${variants.map((v) => `${v.name} ${describe(results[name][v.name])}`).join(", ")}`);
  }
  console.log(report(results, variants));
  if (options.json !== undefined) {
    await Deno.writeTextFile(options.json, JSON.stringify({ rounds, repeat, results }, null, 1) + "\n");
  }
  return Object.values(results).every((row) => Object.values(row).every((figures) => figures.failure === undefined))
    ? 0
    : 1;
}

/** All variants in turn, the order reversed each time, so that drift of the machine hits all alike. */
export async function measure(
  { path, args }: { path: string; args: readonly string[] },
  variants: readonly Variant[],
  repeat: number,
  timeoutMs: number,
): Promise<Record<string, Figures>> {
  const runs = new Map<Variant, Run[]>(variants.map((variant) => [variant, []]));
  for (let i = 0; i < repeat; i++) {
    const order = i % 2 ? [...variants].reverse() : variants;
    for (const variant of order) runs.get(variant)!.push(await runOnce(variant, path, args, timeoutMs));
  }
  // The checksum is the native run's where there is one.
  const checksum = runs.get(variants[0])?.[0].stdout ?? "";
  return Object.fromEntries(variants.map((variant) => [variant.name, figuresOf(runs.get(variant)!, checksum)]));
}

function figuresOf(runs: readonly Run[], checksum: string): Figures {
  const failure = runs.find((run) => run.failure !== undefined)?.failure ??
    (runs.some((run) => run.stdout !== checksum) ? "prints another checksum" : undefined);
  return {
    coldNs: median(runs.map((run) => run.rounds[0] ?? NaN)),
    warmNs: median(runs.flatMap((run) => run.rounds.slice(1))),
    wallMs: median(runs.map((run) => run.wallMs)),
    ...(failure === undefined ? {} : { failure }),
  };
}

function describe({ coldNs, warmNs, failure }: Figures): string {
  return failure ?? `${(coldNs / 1e6).toFixed(1)} / ${(warmNs / 1e6).toFixed(1)} ms`;
}

/** Ratios to the first variant, cold and warm. */
export function report(results: Results, variants: readonly Variant[]): string {
  const [base, ...others] = variants;
  const header = ["program", `${base.name} ms`, ...others.flatMap((v) => [`${v.name} cold`, `${v.name} warm`])];
  const columns: number[][] = others.flatMap(() => [[], []]);
  const rows = Object.entries(results).map(([name, row]) => {
    const reference = row[base.name];
    const ratios = others.flatMap((variant) => {
      const { coldNs, warmNs, failure } = row[variant.name];
      return failure === undefined ? [coldNs / reference.coldNs, warmNs / reference.warmNs] : [NaN, NaN];
    });
    ratios.forEach((ratio, i) => columns[i].push(ratio));
    return [name, (reference.warmNs / 1e6).toFixed(1), ...ratios.map(ratioText)];
  });
  const means = ["geometric mean", "", ...columns.map((column) => ratioText(geometricMean(column)))];
  return table([header, ...rows, means]);
}

function ratioText(ratio: number): string {
  return Number.isFinite(ratio) ? ratio.toFixed(2) : "-";
}
