/**
 * GCC's c-torture through Lighter: `deno task torture [options]`.
 *
 *     --engine NAME    engine of `exec` to run on (aot, jit, interpret); "native" runs the programs as they are
 *     --command TEXT   command instead of `exec`; {program} and {rootfs} are replaced
 *     --opt O0,O2,O3   optimisation levels (all)
 *     --filter REGEX   names to keep, as "builtins/abs-1"
 *     --sample N       N of the programs, always the same ones
 *     --jobs N         programs at a time (1)
 *     --timeout SECONDS   for each program (30)
 *     --json FILE      results
 *     --list-skipped   prints what is left out and why
 *     --build-only     builds and stops
 *
 * Needs gcc and Debian's gcc-12-source (installed when missing). Builds are kept in $LIGHTER_CACHE or ~/.cache/lighter.
 */
import { parseArgs } from "node:util";
import { join } from "node:path";
import { buildPrograms } from "./build.ts";
import { type Level, LEVELS, listTests } from "./cases.ts";
import { inParallel } from "./pool.ts";
import { defaultCommand, runTranslated, type Verdict } from "./run.ts";
import { cacheFolder, fetchSources } from "./source.ts";

const { values: options } = parseArgs({
  args: Deno.args,
  options: {
    engine: { type: "string", default: "aot" },
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
    const level = LEVELS.find((known) => known === name);
    if (level === undefined) throw new Error(`unknown level ${JSON.stringify(name)}: wanted ${LEVELS.join(", ")}`);
    return level;
  });
}

function summary(verdicts: readonly Verdict[]): string {
  const failed = verdicts.filter((verdict) => !verdict.passed).length;
  return `${verdicts.length - failed} passed, ${failed} failed`;
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

  const command = options.command?.split(" ") ?? defaultCommand(options.engine);
  const scratch = await Deno.makeTempDir({ prefix: "lighter-torture-" });
  const verdicts = await inParallel(programs, Number(options.jobs), async (program) => {
    const verdict = await runTranslated(program, command, scratch, Number(options.timeout) * 1000);
    if (!verdict.passed) console.log(`FAIL ${verdict.level} ${verdict.name}: ${verdict.reason}`);
    return verdict;
  });
  await Deno.remove(scratch, { recursive: true });
  if (options.json !== undefined) {
    await Deno.writeTextFile(
      options.json,
      JSON.stringify({ command, verdicts, skipped: [...skipped] }, null, 1) + "\n",
    );
  }
  console.log(summary(verdicts));
  return verdicts.every((verdict) => verdict.passed) ? 0 : 1;
}

Deno.exit(await main());
