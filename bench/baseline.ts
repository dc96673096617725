/**
 * The committed baseline: ratios by benchmark, program and variant. `--check` measures anew and fails where a ratio is more
 * than 15 % worse, `--record` writes it. Speed is compared with that of the same processor (baseline_file.ts) and measured again
 * before it counts as worse: others may share the machine.
 */
import { parseArgs } from "node:util";
import { appPrograms } from "./apps.ts";
import { processorName, readBaseline, recordBaseline } from "./baseline_file.ts";
import { cpuPrograms } from "./cpu.ts";
import { chosenVariants, MEASURE_OPTIONS, measureAll, type MeasureOptions, ratios, type Results } from "./measure.ts";
import { type Baseline, best, type Change, changes } from "./ratio_changes.ts";
import { measureSizes } from "./size.ts";
import { table } from "./statistics.ts";
import type { Program } from "./variants.ts";

export const usage =
  `deno task bench --check [options]    compares with the baseline; exit code 1 if something got worse
deno task bench --record [options]   writes this processor's; with --only what is in it of other programs stays
  --baseline FILE     (bench/baseline.json)
  --only A,B          programs of the benchmarks cpu and apps
  --runs, --repeat, --variants, --timeout as for these; quick by default`;

/** How often what seems worse is measured again; the best counts. */
const RETRIES = 2;

/** Runs the check or the recording; the exit code. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      ...MEASURE_OPTIONS,
      quick: { type: "boolean", default: true },
      check: { type: "boolean", default: false },
      record: { type: "boolean", default: false },
      baseline: { type: "string", default: new URL("baseline.json", import.meta.url).pathname },
    },
  });
  const processor = processorName();
  if (values.record) {
    const measured = await measureRatios(values, null);
    const failed = notMeasured(measured);
    if (failed.length > 0) return complain(`cannot be recorded, they do not run: ${failed.join(", ")}`);
    recordBaseline(values.baseline, processor, measured, values.only !== "");
    return 0;
  }
  const { ratios: known, processor: recordedOn } = readBaseline(values.baseline, processor);
  if (recordedOn === null) return complain(`${values.baseline} has no ratios: record some first`);
  if (recordedOn !== processor) {
    console.error(`no speeds of this processor (${processor}) in the baseline: compared with those of ${recordedOn}`);
  }
  let measured = await measureRatios(values, null), { worse } = changes(known, measured);
  for (let i = 0; i < RETRIES && worse.some(({ benchmark }) => benchmark !== "size"); i++) {
    const again = new Set(worse.map(({ program }) => program));
    console.error(`again: ${[...again].join(", ")}`);
    measured = best(measured, await measureRatios({ ...values, only: [...again].join(",") }, worse));
    ({ worse } = changes(known, measured));
  }
  const { better } = changes(known, measured);
  if (better.length > 0) console.log(`better than the baseline, which might be recorded again:\n${tableOf(better)}\n`);
  if (worse.length === 0) {
    console.log("nothing is worse than the baseline by more than 15 %");
    return 0;
  }
  console.log(`worse than the baseline by more than 15 %:\n${tableOf(worse)}`);
  return 1;
}

/** All of cpu, apps and size, or what is in doubt. */
async function measureRatios(options: MeasureOptions, doubts: readonly Change[] | null): Promise<Baseline> {
  const measured: Baseline = {};
  const benchmarks: Record<string, () => Promise<Program[]>> = { cpu: cpuPrograms, apps: appPrograms };
  for (const [benchmark, programsOf] of Object.entries(benchmarks)) {
    if (doubts !== null && !doubts.some((change) => change.benchmark === benchmark)) continue;
    measured[benchmark] = ratiosOf(await measureAll(await programsOf(), options), options);
  }
  if (doubts !== null) return measured;
  const sizes = await measureSizes(options.only.split(",").filter(Boolean));
  measured.size = Object.fromEntries(
    Object.entries(sizes).map(([program, { gzipRatio }]) => [program, { aot: { gzip: round(gzipRatio) } }]),
  );
  return measured;
}

function ratiosOf(results: Results, options: MeasureOptions): Baseline[string] {
  const [base, ...others] = chosenVariants(options);
  return Object.fromEntries(
    Object.entries(results).map(([program, row]) => [
      program,
      Object.fromEntries(others.map(({ name }) => {
        const { cold, warm } = ratios(row, base.name, name);
        return [name, { cold: round(cold), warm: round(warm) }];
      })),
    ]),
  );
}

const round = (ratio: number) => Math.round(ratio * 1000) / 1000;

function notMeasured(measured: Baseline): string[] {
  return Object.values(measured).flatMap((programs) =>
    Object.entries(programs)
      .filter(([, row]) => Object.values(row).some((figures) => Object.values(figures).some(Number.isNaN)))
      .map(([program]) => program)
  );
}

function tableOf(list: readonly Change[]): string {
  return table([
    ["benchmark", "program", "variant", "figure", "was", "is"],
    ...list.map((c) => [c.benchmark, c.program, c.variant, c.figure, c.was.toFixed(2), c.is.toFixed(2)]),
  ]);
}

function complain(text: string): number {
  console.error(text);
  return 2;
}
