/** Running many child processes, a few at a time, each with a time limit. */

/** What a child process left behind. */
export interface Finished {
  exitCode: number;
  signal: string | null;
  stdout: Uint8Array;
  stderr: string;
  timedOut: boolean;
  ms: number;
}

/** Applies `work` to every item, `jobs` at a time, in order of start. `work` is told which job it is. */
export async function inParallel<T, R>(
  items: readonly T[],
  jobs: number,
  work: (item: T, job: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  const lane = async (job: number) => {
    while (next < items.length) {
      const i = next++;
      results[i] = await work(items[i], job);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, jobs) }, (_, job) => lane(job)));
  return results;
}

/** Runs a program to its end or kills it after `timeoutMs`. */
export async function runProgram(command: readonly string[], timeoutMs: number, cwd?: string): Promise<Finished> {
  const start = performance.now();
  const child = new Deno.Command(command[0], {
    args: command.slice(1),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...(cwd === undefined ? {} : { cwd }),
  }).spawn();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    try {
      child.kill("SIGKILL");
    } catch { /* it ended meanwhile */ }
  }, timeoutMs);
  const { code, signal, stdout, stderr } = await child.output();
  clearTimeout(timer);
  return {
    exitCode: code,
    signal,
    stdout,
    stderr: new TextDecoder().decode(stderr),
    timedOut,
    ms: performance.now() - start,
  };
}
