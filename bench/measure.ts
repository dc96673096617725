/** CPU time of programs under several variants, interleaved in one run, as ratios to the first variant. */
import { geometricMean, median, table } from "./statistics.ts";
import { prepareVariants, type Program, type Run, runOnce, type Variant, VARIANTS, variantsNamed } from "./variants.ts";

/** Options of the benchmarks that measure programs. */
export const MEASURE_OPTIONS = {
  quick: { type: "boolean", default: false },
  runs: { type: "string" },
  repeat: { type: "string" },
  only: { type: "string", default: "" },
  variants: { type: "string" },
  timeout: { type: "string", default: "300" },
  json: { type: "string" },
} as const;

export const MEASURE_USAGE = `  --quick             3 runs, one repetition, without qemu (else 6 runs, 3 repetitions)
  --runs N            runs of a program in one process
  --repeat N          repetitions of all that
  --only A,B          programs
  --variants A,B      of ${VARIANTS.map((variant) => variant.name).join(", ")}
  --timeout SECONDS   for one process (300)
  --json FILE         all figures`;

export interface MeasureOptions {
  quick: boolean;
  runs?: string;
  repeat?: string;
  only: string;
  variants?: string;
  timeout: string;
}

/** Figures of one program under one variant, medians over the repetitions; nanoseconds of CPU time. */
export interface Figures {
  /** The first run in a process, and of it the thread that runs the guest. */
  coldNs: number;
  coldMainNs: number;
  /** The later half of the runs. */
  warmNs: number;
  wallNs: number;
  /** Of Lighter's variants: process start to first guest, loading of modules in it, regions not translated ahead, resident bytes. */
  startupNs?: number;
  loadNs?: number;
  misses?: number;
  rssBytes?: number;
  failure?: string;
}

/** By program, then by variant. */
export type Results = Record<string, Record<string, Figures>>;

/** What is kept of figures as a baseline: ratios to the first variant. */
export interface Ratios {
  cold: number;
  warm: number;
}

/** The programs that the options choose, under the variants that they choose. */
export async function measureAll(programs: readonly Program[], options: MeasureOptions): Promise<Results> {
  const only = options.only.split(",").filter(Boolean);
  const runs = Number(options.runs ?? (options.quick ? 3 : 6)),
    repeat = Number(options.repeat ?? (options.quick ? 1 : 3));
  const variants = chosenVariants(options);
  await prepareVariants();
  const results: Results = {};
  for (const program of programs) {
    if (only.length > 0 && !only.includes(program.name)) continue;
    const row = await measure(program, variants, { runs, repeat, timeoutMs: Number(options.timeout) * 1000 });
    results[program.name] = row;
    console.error(`${program.name}: ${variants.map((v) => `${v.name} ${describe(row[v.name])}`).join(", ")}`);
  }
  return results;
}

/** As named, or all but, when it is to be quick, qemu. */
export function chosenVariants({ variants, quick }: Pick<MeasureOptions, "variants" | "quick">): Variant[] {
  return variantsNamed(variants?.split(",") ?? VARIANTS.map((v) => v.name).filter((name) => !quick || name !== "qemu"));
}

/**
 * All variants in turn, the order reversed each time, and the first one again in the middle, so that drift of the machine hits
 * all alike.
 */
async function measure(
  program: Program,
  variants: readonly Variant[],
  { runs: count, repeat, timeoutMs }: { runs: number; repeat: number; timeoutMs: number },
): Promise<Record<string, Figures>> {
  const runs = new Map<Variant, Run[]>(variants.map((variant) => [variant, []]));
  for (const variant of variants) {
    try {
      variant.prepare?.(program);
    } catch (e) {
      runs.get(variant)!.push({ runs: [], failure: (e as Error).message });
    }
  }
  for (let i = 0; i < repeat; i++) {
    const order = i % 2 ? [...variants].reverse() : [...variants];
    if (order.length > 2) order.splice(order.length - 1, 0, variants[0]);
    for (const variant of order) {
      const done = runs.get(variant)!;
      if (done.some((run) => run.failure !== undefined)) continue;
      done.push(await runOnce(variant, program, variant.isAlwaysCold ? Math.ceil(count / 2) : count, timeoutMs));
    }
  }
  // The checksum is the native run's where there is one.
  const checksum = runs.get(variants[0])?.[0].runs[0]?.checksum ?? "";
  return Object.fromEntries(
    variants.map((variant) => [variant.name, figuresOf(variant, runs.get(variant)!, checksum)]),
  );
}

function figuresOf(variant: Variant, processes: readonly Run[], checksum: string): Figures {
  const failure = processes.find((p) => p.failure !== undefined)?.failure ??
    (processes.some((p) => p.runs.some((run) => run.checksum !== checksum)) ? "prints something else" : undefined);
  const later = processes.flatMap(({ runs }) => variant.isAlwaysCold ? runs : runs.slice(Math.ceil(runs.length / 2)));
  const first = processes.flatMap(({ runs }) => variant.isAlwaysCold ? runs : runs.slice(0, 1));
  const [{ startupNs, loadNs, misses, rssBytes }] = processes;
  return {
    coldNs: median(first.map((run) => run.cpuNs)),
    coldMainNs: median(first.map((run) => run.mainNs)),
    warmNs: median(later.map((run) => run.cpuNs)),
    wallNs: median(first.map((run) => run.wallNs)),
    ...(startupNs === undefined ? {} : { startupNs, loadNs, misses, rssBytes } as Partial<Figures>),
    ...(failure === undefined ? {} : { failure }),
  };
}

function describe({ coldNs, warmNs, failure }: Figures): string {
  return failure ?? `${(coldNs / 1e6).toFixed(0)} / ${(warmNs / 1e6).toFixed(0)} ms`;
}

/** Ratios of a variant's row to the first variant's; NaN of what failed. */
export function ratios(row: Record<string, Figures>, base: string, variant: string): Ratios {
  const reference = row[base], figures = row[variant];
  if (figures.failure !== undefined) return { cold: NaN, warm: NaN };
  return { cold: figures.coldNs / reference.coldNs, warm: figures.warmNs / reference.warmNs };
}

/** A table of ratios, cold and warm, with their geometric means, and what cold runs and starts of Lighter consist of. */
export function report(results: Results, variants: readonly Variant[]): string {
  const [base, ...others] = variants, rows = Object.entries(results);
  const isOurs = (variant: Variant) => !variant.isAlwaysCold;
  const header = ["program", `${base.name} ms`];
  for (const { name, ...v } of others) header.push(...v.isAlwaysCold ? [name] : [`${name} cold`, `${name} warm`]);
  const columns = others.flatMap((variant) => {
    const each = rows.map(([, row]) => ratios(row, base.name, variant.name));
    return isOurs(variant) ? [each.map((r) => r.cold), each.map((r) => r.warm)] : [each.map((r) => r.warm)];
  });
  const lines = rows.map(([name, row], i) => [
    name,
    (row[base.name].warmNs / 1e6).toFixed(0),
    ...columns.map((column) => ratioText(column[i])),
  ]);
  const means = ["geometric mean", "", ...columns.map((column) => ratioText(geometricMean(column)))];
  const ours = others.filter(isOurs);
  const parts = [
    [
      "CPU ms",
      ...ours.flatMap(({ name }) => [`${name} start`, "modules", "cold", "main thread", "warm", "misses", "MB"]),
    ],
    ...rows.map(([name, row]) => [name, ...ours.flatMap((v) => partsOf(row[v.name]))]),
  ];
  return `${table([header, ...lines, means])}${ours.length > 0 ? `\n\n${table(parts)}` : ""}`;
}

function partsOf({ startupNs, loadNs, coldNs, coldMainNs, warmNs, misses, rssBytes }: Figures): string[] {
  const times = [startupNs, loadNs, coldNs, coldMainNs, warmNs].map((ns) =>
    ns === undefined ? "-" : (ns / 1e6).toFixed(0)
  );
  return [...times, `${misses ?? "-"}`, rssBytes === undefined ? "-" : (rssBytes / 1e6).toFixed(0)];
}

/** Two digits behind the point; "-" of what is no number. */
export function ratioText(ratio: number): string {
  return Number.isFinite(ratio) ? ratio.toFixed(2) : "-";
}

/** Whether a run of any program failed. */
export function hasFailures(results: Results): boolean {
  return Object.values(results).some((row) => Object.values(row).some(({ failure }) => failure !== undefined));
}
