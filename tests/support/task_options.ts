/** Command lines of the tasks in tests: `--help` prints a task's usage, wrong use is said in one line and ends with exit code 2. */
import process from "node:process";
import type { parseArgs, ParseArgsConfig } from "node:util";
import { parseCommandLine, UsageError } from "../../src/cli/usage.ts";

/** As parseArgs, of the command line. */
export function taskOptions<const T extends ParseArgsConfig>(
  usage: string,
  config: T,
): ReturnType<typeof parseArgs<T>> {
  if (process.argv.includes("--help")) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseCommandLine(config);
  } catch (error) {
    return endFor(error);
  }
}

/** Runs a task and ends the process with the exit code that it gives. */
export async function runTask(task: () => Promise<number>): Promise<never> {
  try {
    return process.exit(await task());
  } catch (error) {
    return endFor(error);
  }
}

function endFor(error: unknown): never {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message} (see --help)`);
  process.exit(2);
}
