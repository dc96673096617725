/** Small programs, one kind of work each: native, qemu-user and Lighter. A run of a program is some ten rounds, about a second. */
import { parseArgs } from "node:util";
import { buildPrograms } from "./build.ts";
import { chosenVariants, hasFailures, MEASURE_OPTIONS, MEASURE_USAGE, measureAll, report } from "./measure.ts";
import type { Program } from "./variants.ts";

export const usage = `deno task bench cpu [options]
${MEASURE_USAGE}`;

/** Rounds of 50 to 120 ms each. */
const ROUNDS = 10;

/** All of bench/programs, built. */
export async function cpuPrograms(): Promise<Program[]> {
  return (await buildPrograms()).map(({ name, path }) => ({ name, argv: [path, `${ROUNDS}`], env: [] }));
}

/** Runs the benchmark; the exit code. */
export async function main(args: string[]): Promise<number> {
  const { values: options } = parseArgs({ args, options: MEASURE_OPTIONS });
  const results = await measureAll(await cpuPrograms(), options);
  console.log(report(results, chosenVariants(options)));
  if (options.json !== undefined) await Deno.writeTextFile(options.json, JSON.stringify(results, null, 1) + "\n");
  return hasFailures(results) ? 1 : 0;
}
