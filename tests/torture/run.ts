/** Runs one program of the suite through a command and judges it against its native run. */
import { basename, dirname, join } from "node:path";
import { type BuiltProgram, lastLine, sha256, VARIES } from "./build.ts";
import { cpuLevelOf } from "./cases.ts";
import { runProgram } from "./pool.ts";

/** The outcome of one program. */
export interface Verdict {
  name: string;
  level: string;
  passed: boolean;
  /** Why it failed; empty when it passed. */
  reason: string;
  ms: number;
}

const CLI = new URL("../../src/cli/main.ts", import.meta.url).pathname;

/** Command template of an engine; {rootfs} is the folder of the program, {program} its path in there, {cpu} what it is shown. */
export function defaultCommand(engine: string): string[] {
  if (engine === "native") return ["{rootfs}{program}"];
  return ["deno", "run", "-A", CLI, "exec", "--engine", engine, "--cpu", "{cpu}", "--rootfs", "{rootfs}", "{program}"];
}

/** Runs a program in a root file system of its own. */
export async function runTranslated(
  program: BuiltProgram,
  command: readonly string[],
  scratch: string,
  timeoutMs: number,
): Promise<Verdict> {
  const rootfs = await Deno.makeTempDir({ dir: scratch });
  const inside = `/${basename(program.path)}`;
  await Deno.link(program.path, join(rootfs, inside)).catch(() => Deno.copyFile(program.path, join(rootfs, inside)));
  const cpu = cpuLevelOf(program.level);
  const filled = command.map((part) =>
    part.replace("{rootfs}", rootfs).replace("{program}", inside).replace("{cpu}", cpu)
  );
  const finished = await runProgram(filled, timeoutMs, dirname(rootfs));
  await Deno.remove(rootfs, { recursive: true });
  const reason = failureOf(finished, program.stdout);
  return { name: program.name, level: program.level, passed: reason === "", reason, ms: Math.round(finished.ms) };
}

function failureOf(finished: Awaited<ReturnType<typeof runProgram>>, nativeStdout: string): string {
  if (finished.timedOut) return "timed out";
  if (finished.exitCode !== 0) {
    const how = finished.signal ?? `exit code ${finished.exitCode}`;
    return [how, lastLine(finished.stderr)].filter(Boolean).join(": ");
  }
  return nativeStdout === VARIES || sha256(finished.stdout) === nativeStdout
    ? ""
    : "prints something else than natively";
}
