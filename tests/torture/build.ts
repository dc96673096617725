/** Builds the tests and finds out which of them pass natively. What was done is kept in the cache. */
import { dirname, join } from "node:path";
import { createHash } from "node:crypto";
import { type Level, levelOptions, type TortureTest } from "./cases.ts";
import { inParallel, runProgram } from "./pool.ts";
import { exists } from "./source.ts";

/** A test at one optimisation level. */
export interface Program {
  name: string;
  level: Level;
  path: string;
}

/** A program that passes natively, with the SHA-256 of what it prints then, or VARIES. */
export type BuiltProgram = Program & { stdout: string };

/** In place of a digest: two native runs print different things (addresses of the stack, say). Only the exit code counts. */
export const VARIES = "varies";

/** What is known of a program: built and passing natively, or why not. */
interface BuildRecord {
  command: string;
  /** "ok", or the reason for leaving it out. */
  status: string;
  /** SHA-256 of its native standard output, or VARIES. */
  stdout: string;
  /** Native runs that were compared. */
  runs?: number;
}

export interface BuildReport {
  programs: BuiltProgram[];
  /** Reasons, by "O2 name". */
  skipped: Map<string, string>;
}

const NATIVE_TIMEOUT_MS = 10_000;
/** Records are written this often, so that an interrupted build goes on where it was. */
const SAVE_EVERY = 200;

/** Builds what is not built yet. */
export async function buildPrograms(
  tests: readonly TortureTest[],
  levels: readonly Level[],
  cache: string,
  jobs: number,
): Promise<BuildReport> {
  const recordsPath = join(cache, "built.json");
  const records: Record<string, BuildRecord> = await exists(recordsPath)
    ? JSON.parse(await Deno.readTextFile(recordsPath))
    : {};
  const save = () => Deno.writeTextFile(recordsPath, JSON.stringify(records));
  const wanted = levels.flatMap((level) => tests.map((test) => ({ test, level })));
  let built = 0;
  await inParallel(wanted, jobs, async ({ test, level }) => {
    const key = `${level} ${test.name}`;
    const path = join(cache, "bin", level, test.name);
    const command = compileCommand(test, level, path);
    const known = records[key];
    const isCurrent = known?.command === command.join(" ") && (known.status !== "ok" || await exists(path));
    if (isCurrent && (known.status !== "ok" || known.runs === NATIVE_RUNS)) return;
    if (isCurrent) {
      records[key] = { command: known.command, ...await runNatively(path) };
      return void ++built;
    }
    records[key] = test.skipped === undefined
      ? await buildOne(command, path)
      : { command: command.join(" "), status: test.skipped, stdout: "" };
    if (++built % SAVE_EVERY === 0) {
      console.error(`built ${built}`);
      await save();
    }
  });
  if (built > 0) await save();
  return reportOf(wanted, records, cache);
}

function compileCommand(test: TortureTest, level: Level, path: string): string[] {
  return ["gcc", ...levelOptions(level), "-static", "-w", "-pipe", ...test.options, "-o", path, ...test.sources, "-lm"];
}

async function buildOne(command: string[], path: string): Promise<BuildRecord> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const compiled = await runProgram(command, 60_000);
  if (compiled.exitCode !== 0) {
    return { command: command.join(" "), status: `does not compile: ${lastLine(compiled.stderr)}`, stdout: "" };
  }
  return { command: command.join(" "), ...await runNatively(path) };
}

const NATIVE_RUNS = 2;

/** Whether a program passes natively, and what it prints. */
async function runNatively(path: string): Promise<Omit<BuildRecord, "command">> {
  const digests = new Set<string>();
  for (let i = 0; i < NATIVE_RUNS; i++) {
    // Tests that write files do it in their working directory.
    const scratch = await Deno.makeTempDir({ prefix: "lighter-torture-" });
    const native = await runProgram([path], NATIVE_TIMEOUT_MS, scratch);
    await Deno.remove(scratch, { recursive: true });
    if (native.timedOut) return { status: "does not end natively", stdout: "" };
    if (native.exitCode !== 0) return { status: `fails natively: exit code ${native.exitCode}`, stdout: "" };
    digests.add(sha256(native.stdout));
  }
  return { status: "ok", stdout: digests.size === 1 ? [...digests][0] : VARIES, runs: NATIVE_RUNS };
}

function reportOf(
  wanted: readonly { test: TortureTest; level: Level }[],
  records: Record<string, BuildRecord>,
  cache: string,
): BuildReport {
  const report: BuildReport = { programs: [], skipped: new Map() };
  for (const { test, level } of wanted) {
    const { status, stdout } = records[`${level} ${test.name}`];
    if (status !== "ok") report.skipped.set(`${level} ${test.name}`, status);
    else report.programs.push({ name: test.name, level, path: join(cache, "bin", level, test.name), stdout });
  }
  return report;
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}
