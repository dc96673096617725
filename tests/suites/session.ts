/**
 * Runs a test program to its end, however often it dies or hangs on the way: what it had begun then has failed, and it is
 * started again for what is left.
 */

/** How a test ended. "crash": the program died in it; "hang": nothing was heard for too long. */
export type Outcome = "pass" | "fail" | "skip" | "crash" | "hang";

/** A test's end, with the text that explains a failure. */
export interface TestResult {
  outcome: Outcome;
  detail: string;
}

/** What a line of a test program's output says. */
export type TestEvent =
  /** The test begins, or goes on. */
  | { kind: "start"; test: string }
  | { kind: "end"; test: string; outcome: Outcome; detail: string }
  /** The test lets others go first. */
  | { kind: "pause"; test: string }
  /** The program has come to its end: what it has not told of, there is not. */
  | { kind: "done" };

/** A child process to start. */
export interface Launch {
  command: string[];
  env: Record<string, string>;
  cwd: string;
}

/** A test program, as a session sees it. */
export interface TestProgram {
  /** How to start it so that it leaves out the tests that are done; undefined if there is nothing left to run. */
  launch(done: readonly string[]): Promise<Launch | undefined>;
  /** Reads its output, line by line, standard output and error together. A new reader for each start. */
  reader(): (line: string) => TestEvent | undefined;
}

/** Limits of a session, in milliseconds. */
export interface SessionLimits {
  /** Time without a line from the program after which it hangs. */
  silenceMs: number;
  /** Time for the whole session; what has not been run then is missing in the results. */
  totalMs: number;
}

/** Results by test. A key of "" is the program's own failure, outside of any test. */
export type SessionResults = Map<string, TestResult>;

/** Lines kept to explain a crash. */
const TAIL_LINES = 12;
/** Time for a program to exit after its last test. */
const EXIT_MS = 10_000;
/** Starts that may end without a new result before the session gives up. */
const FUTILE_STARTS = 2;

/** Runs the program, again and again, until it has come to its end. */
export async function runSession(program: TestProgram, limits: SessionLimits): Promise<SessionResults> {
  const results: SessionResults = new Map();
  const end = performance.now() + limits.totalMs;
  for (let futile = 0; futile < FUTILE_STARTS && performance.now() < end;) {
    const known = results.size;
    const launch = await program.launch([...results.keys()]);
    if (launch === undefined || await runOnce(program, launch, results, limits, end)) break;
    futile = results.size > known ? 0 : futile + 1;
  }
  return results;
}

/** One start of the program; whether it came to its end. */
async function runOnce(
  program: TestProgram,
  launch: Launch,
  results: SessionResults,
  limits: SessionLimits,
  end: number,
): Promise<boolean> {
  const read = program.reader();
  const running = new Set<string>();
  const tail: string[] = [];
  const known = results.size;
  let isDone = false;
  const child = new ChildLines(launch, limits.silenceMs, end);
  for await (const line of child.lines()) {
    const event = read(line);
    if (event?.kind === "start") {
      running.delete(event.test);
      running.add(event.test);
    }
    if (event?.kind === "pause") running.delete(event.test);
    else if (event?.kind === "end") {
      running.delete(event.test);
      results.set(event.test, { outcome: event.outcome, detail: event.detail });
    } else if (event?.kind === "done") isDone = true;
    if (event === undefined && tail.push(line) > TAIL_LINES) tail.shift();
    if (isDone) break;
  }
  const how = await child.end(isDone ? EXIT_MS : limits.silenceMs);
  if (isDone) return true;
  const outcome = how === "silent" || how === "out of time" ? "hang" : "crash";
  const detail = `${how}\n${tail.join("\n")}`;
  // The one that was heard of last; others may have waited for it.
  const last = [...running].at(-1);
  if (last !== undefined) results.set(last, { outcome, detail });
  // A test that ended the program by its failure has been told of.
  if (results.size === known) results.set("", { outcome, detail });
  return false;
}

/** A child's output as lines, until it ends or is given up. */
class ChildLines {
  private readonly child: Deno.ChildProcess;
  private given = "";

  constructor(launch: Launch, private readonly silenceMs: number, private readonly endMs: number) {
    // A session of its own, so that what it leaves behind ends with it; one pipe keeps the order of its two outputs.
    this.child = new Deno.Command("setsid", {
      args: ["sh", "-c", 'exec "$@" 2>&1', "sh", ...launch.command],
      clearEnv: true,
      env: launch.env,
      cwd: launch.cwd,
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
  }

  async *lines(): AsyncGenerator<string> {
    const reader = this.child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let pending = "";
    for (;;) {
      const chunk = await this.within(reader.read());
      if (chunk === undefined || chunk.done) break;
      const parts = (pending + chunk.value).split("\n");
      pending = parts.pop()!;
      yield* parts;
    }
    if (pending !== "") yield pending;
    this.kill();
    await reader.cancel().catch(() => {});
  }

  /** Ends the child and all that it started; says how it ended. */
  async end(graceMs: number): Promise<string> {
    const status = await this.within(this.child.status, graceMs);
    this.kill();
    if (status === undefined) await this.child.status;
    if (this.given !== "") return this.given;
    return status?.signal ?? `exit code ${status?.code}`;
  }

  private async within<T>(result: Promise<T>, limitMs = this.silenceMs): Promise<T | undefined> {
    const left = this.endMs - performance.now();
    const ms = Math.max(1, Math.min(limitMs, left));
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => {
        this.given ||= left <= limitMs ? "out of time" : "silent";
        resolve(undefined);
      }, ms);
    });
    try {
      return await Promise.race([result, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  private kill(): void {
    try {
      Deno.kill(-this.child.pid, "SIGKILL");
    } catch { /* all of it has ended */ }
  }
}
