/** GCC's c-torture through Lighter. */
import { join } from "node:path";
import { UsageError } from "../../src/cli/usage.ts";
import { runTask, taskOptions } from "../support/task_options.ts";
import { BatchRunner } from "./batch_pool.ts";
import { buildPrograms, type BuiltProgram } from "./build.ts";
import { type Level, LEVELS, listTests, V3_LEVEL } from "./cases.ts";
import { inParallel } from "./pool.ts";
import { defaultCommand, runTranslated, type Verdict } from "./run.ts";
import { cacheFolder, fetchSources } from "./source.ts";

const USAGE = `deno task torture [options]

  --engine NAME    engine of exec to run on (aot, boot, jit, interpret); "native" runs the programs as they are
  --spawn          a process for each program (else the translator is loaded once for many)
  --command TEXT   command instead of exec; {program} and {rootfs} are replaced
  --opt O0,O2,O3   optimisation levels (all of these); O3v3 is O3 for x86-64-v3
  --filter REGEX   names to keep, as "builtins/abs-1"
  --sample N       N of the programs, always the same ones
  --jobs N         programs at a time (1)
  --timeout SECONDS   for each program (30)
  --json FILE      results
  --list-skipped   prints what is left out and why
  --build-only     builds and stops

Needs gcc and Debian's gcc-12-source (installed when missing). Builds are kept in $LIGHTER_CACHE or ~/.cache/lighter.`;

const { values: options } = taskOptions(USAGE, {
  options: {
    engine: { type: "string", default: "aot" },
    spawn: { type: "boolean", default: false },
    command: { type: "string" },
    opt: { type: "string", default: LEVELS.join(",") },
    filter: { type: "string", default: "" },
    sample: { type: "string" },
    jobs: { type: "string", default: "1" },
    timeout: { type: "string", default: "30" },
    json: { type: "string" },
    "list-skipped": { type: "boolean", default: false },
    "build-only": { type: "boolean", default: false },
  },
});

/** Evenly spread members of a list: the same ones on every run. */
function sampleOf<T>(items: readonly T[], count: number): T[] {
  if (count >= items.length) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.floor(i * items.length / count)]);
}

function wantedLevels(text: string): Level[] {
  return text.split(",").map((name) => {
    const all = [...LEVELS, V3_LEVEL] as const;
    const level = all.find((known) => known === name);
    if (level === undefined) throw new UsageError(`unknown level ${JSON.stringify(name)}: wanted ${all.join(", ")}`);
    return level;
  });
}

function summary(verdicts: readonly Verdict[]): string {
  const failed = verdicts.filter((verdict) => !verdict.passed).length;
  return `${verdicts.length - failed} passed, ${failed} failed`;
}

type Runner = (program: BuiltProgram) => Promise<Verdict>;

/** One runner a job, and what ends them. */
async function openRunners(jobs: number): Promise<{ runners: Runner[]; close(): Promise<void> }> {
  const timeoutMs = Number(options.timeout) * 1000;
  if (options.command === undefined && !options.spawn && options.engine !== "native") {
    const lanes = Array.from({ length: jobs }, () => new BatchRunner(options.engine, timeoutMs));
    return {
      runners: lanes.map((lane) => (program) => lane.run(program)),
      close: async () => {
        for (const lane of lanes) await lane.close();
      },
    };
  }
  const command = options.command?.split(" ") ?? defaultCommand(options.engine);
  const scratch = await Deno.makeTempDir({ prefix: "lighter-torture-" });
  const runner: Runner = (program) => runTranslated(program, command, scratch, timeoutMs);
  return { runners: new Array(jobs).fill(runner), close: () => Deno.remove(scratch, { recursive: true }) };
}

async function runAll(programs: readonly BuiltProgram[]): Promise<Verdict[]> {
  const jobs = Math.max(1, Number(options.jobs));
  const { runners, close } = await openRunners(jobs);
  const verdicts = await inParallel(programs, jobs, async (program, lane) => {
    const verdict = await runners[lane](program);
    if (!verdict.passed) console.log(`FAIL ${verdict.level} ${verdict.name}: ${verdict.reason}`);
    return verdict;
  });
  await close();
  return verdicts;
}

async function main(): Promise<number> {
  const cache = join(cacheFolder(), "torture");
  const pattern = new RegExp(options.filter);
  let tests = (await listTests(await fetchSources(cache))).filter((test) => pattern.test(test.name));
  const levels = wantedLevels(options.opt);
  // Sampled before building, so that a small sample is quick from a cold cache too.
  if (options.sample !== undefined) tests = sampleOf(tests, Math.ceil(Number(options.sample) / levels.length));
  const { programs, skipped } = await buildPrograms(tests, levels, cache, Math.max(2, Number(options.jobs)));
  console.log(`${programs.length} programs pass natively, ${skipped.size} left out`);
  if (options["list-skipped"]) { for (const [name, reason] of skipped) console.log(`left out: ${name}: ${reason}`); }
  if (options["build-only"]) return 0;

  const verdicts = await runAll(programs);
  if (options.json !== undefined) {
    const { engine, command } = options;
    const results = { engine, command, verdicts, skipped: [...skipped] };
    await Deno.writeTextFile(options.json, JSON.stringify(results, null, 1) + "\n");
  }
  console.log(summary(verdicts));
  return verdicts.every((verdict) => verdict.passed) ? 0 : 1;
}

await runTask(main);
