import { parseArgs, type ParseArgsConfig } from "node:util";

/** Wrong use of a command: the message says what, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** parseArgs, with a UsageError for what it does not take. */
export function parseCommandLine<const T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (e) {
    // What Node adds on arguments that begin with "-" is about other programs.
    throw new UsageError((e as Error).message.split(/\n|\. To specify/)[0]);
  }
}

/** The one image that a command is about. */
export function oneImage(positionals: readonly string[]): string {
  if (positionals.length === 1) return positionals[0];
  throw new UsageError(positionals.length === 0 ? "no image given" : "more than one image given");
}

/** Milliseconds from the value of --boot-timeout, in seconds. */
export function parseBootTimeout(text: string): number {
  const seconds = Number(text);
  if (!(seconds > 0)) throw new UsageError(`--boot-timeout ${text}: want a number of seconds`);
  return seconds * 1000;
}

/** The values of --env. */
export function parseEnvironment(values: readonly string[]): readonly string[] {
  for (const value of values) if (!/^[^=]+=/.test(value)) throw new UsageError(`--env ${value}: want NAME=VALUE`);
  return values;
}
